"""Places on the ring: computed here, compared with the SDK's own."""

from typing import Any

from azure.cosmos import PartitionKey
from hypothesis import given
from hypothesis import strategies as st

from eventfold.testing.cosmos.storage.keys import divided, key_text, middle, paths, place

scalars = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)  # no -0.0, which is 0
    | st.text()
    | st.integers(-(2**53), 2**53)
)


@given(scalars)
def test_a_key_stands_where_the_sdk_says(value: Any) -> None:
    assert place([value]) == PartitionKey("/a")._get_effective_partition_key_string([value])


@given(st.lists(scalars, min_size=3, max_size=3))
def test_a_hierarchical_key_stands_where_the_sdk_says(values: list[Any]) -> None:
    key = PartitionKey(["/a", "/b", "/c"], kind="MultiHash")
    assert place(values, hierarchical=True) == key._get_effective_partition_key_string(values)


@given(st.integers(1, 40), st.text())
def test_every_key_lies_in_exactly_one_part(count: int, value: str) -> None:
    parts = divided(count)
    assert len(parts) == count
    assert sum(low <= place([value]) < high for low, high in parts) == 1
    low, high = parts[-1]
    assert low < middle(low, high) < high


def test_numbers_are_one_key_however_they_are_written_and_true_is_none() -> None:
    assert key_text([1]) == key_text([1.0]) != key_text([True])


def test_paths_may_be_quoted() -> None:
    assert paths("/a/\"b/c\"/'d'/*") == ["a", "b/c", "d", "*"]
