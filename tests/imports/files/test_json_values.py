"""A document is read value by value as it would be read whole, whatever its borders and however long its values."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold.imports.files import jsonvalues, rows
from eventfold.imports.files.jsonvalues import JsonValues, NotJson

scalars = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12) | st.floats(-1e6, 1e6)
)
anything = st.recursive(
    scalars, lambda of: st.lists(of, max_size=4) | st.dictionaries(st.text(max_size=6), of, max_size=4)
)
documents = st.dictionaries(st.text(max_size=5), st.lists(anything, max_size=5) | anything, max_size=5)


class Pieces(io.BytesIO):
    """Gives a few bytes at a time."""

    piece = 1

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.piece)


def values(text: bytes, piece: int) -> JsonValues:
    content = Pieces(text)
    content.piece = piece
    return JsonValues(content)  # type: ignore[arg-type]


def read(found: JsonValues) -> dict[str, object]:
    made: dict[str, object] = {}
    for key in found.members():
        name = json.loads(key)
        if found.peek() == b"[":
            made[name] = [json.loads(found.value() or b"") for _ in found.elements()]
        else:
            made[name] = json.loads(found.value() or b"")
    found.end()
    return made


@given(documents, st.integers(1, 9), st.booleans(), st.sampled_from([None, 1]))
def test_the_values_of_a_document_are_those_of_the_whole(
    document: dict[str, object], piece: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert read(values(text, piece)) == json.loads(text)


@given(documents, st.integers(1, 9), st.data())
def test_a_document_that_is_cut_is_noticed(
    document: dict[str, object], piece: int, data: st.DataObject
) -> None:
    text = json.dumps(document).encode()
    kept = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises((NotJson, json.JSONDecodeError)):
        read(values(text[:kept], piece))


@pytest.mark.parametrize(
    "text", ["", "1", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":[1,]}', '{"a":[1 2]}', "{} {}"]
)
def test_what_is_no_document_is_said(text: str) -> None:
    with pytest.raises(NotJson):
        read(values(text.encode(), 3))


@pytest.mark.parametrize(
    "long",
    [
        '"' + "x" * 5_000 + '"',
        '"' + '\\"' * 2_000 + '"',
        "[" + "1," * 3_000 + "1]",
        '{"a":{"b":"' + "y" * 5_000 + '","c":[1,2]}}',
        "9" * 5_000,
    ],
)
@pytest.mark.parametrize("piece", [7, 500, 100_000])
def test_a_value_that_is_too_long_is_passed_over_to_its_end(
    monkeypatch: pytest.MonkeyPatch, long: str, piece: int
) -> None:
    monkeypatch.setattr(rows, "LONGEST_LINE", 1_000)
    found = values(f'{{"a": ["before", {long}, "after"], "b": 2}}'.encode(), piece)
    keys = found.members()
    assert next(keys) == b'"a"'
    assert [found.value() for _ in found.elements()] == [b'"before"', None, b'"after"']
    assert next(keys) == b'"b"'
    assert found.value() == b"2"
    assert jsonvalues.CHUNK > 1_000
