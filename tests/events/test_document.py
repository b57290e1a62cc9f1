"""The document of one event is the line that an export writes of it, and is read as what it was written of."""

import json
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eventfold import limits
from eventfold.events.document import document_of, id_text, time_text, time_us
from eventfold.events.envelope import RecordedEvent
from eventfold.events.storable import is_value
from eventfold.exports.lines import documents
from tests.bus.messages.making import EVENTS, ONE
from tests.irregular import IRREGULAR_DATA


def exported(event: RecordedEvent) -> str:
    columns = {
        "id": pa.array([event.id_bytes], pa.binary(16)),
        "upgraded_from": pa.array([None], pa.int64()),
        "occurred_or_none_us": pa.array([event.occurred_or_none_us], pa.int64()),
        **{
            name: pa.array([getattr(event, name)])
            for name in ("stream", "type", "version", "recorded_us", "data", "metadata", "schema_version")
        },
    }
    (line,) = documents(pa.RecordBatch.from_pydict(columns)).to_pylist()
    assert isinstance(line, str)
    return line


@given(EVENTS)
def test_it_is_the_line_of_an_export(event: RecordedEvent) -> None:
    assert document_of(event) + "\n" == exported(event)


@pytest.mark.parametrize("name", IRREGULAR_DATA)
def test_it_is_so_of_what_no_append_takes_any_more(name: str) -> None:
    for event in (
        structs.replace(ONE, data=IRREGULAR_DATA[name]),
        structs.replace(ONE, metadata=IRREGULAR_DATA[name]),
    ):
        assert document_of(event) + "\n" == exported(event)


@given(st.integers(limits.TIME_MIN_US, limits.TIME_MAX_US))
def test_a_time_comes_back_to_the_microsecond(us: int) -> None:
    assert time_us(time_text(us)) == us


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000000",
        "20260101T000000.000000Z",
    ],
)
def test_a_time_that_is_written_otherwise_is_none(text: str) -> None:
    assert time_us(text) is None


@pytest.mark.parametrize("levels", [limits.JSON_DEPTH, limits.JSON_DEPTH + 1])
@pytest.mark.parametrize("text", ["[", '{"":', '[{"":', '{"":['])
def test_text_as_short_as_can_be_is_a_value_up_to_as_many_levels_as_readers_go(
    text: str, levels: int
) -> None:
    opening = text.count("[") + text.count("{")
    start = text * (levels // opening) + ("[" if levels % opening else "")
    inner = start.removesuffix('{"":') + "{" if start.endswith('{"":') else start
    ends = {"[": "]", "{": "}"}
    whole = inner + "".join(ends[c] for c in reversed(inner) if c in ends)
    assert len(json.loads(whole)) <= 1
    assert is_value(whole) == (levels <= limits.JSON_DEPTH)


@given(st.binary(min_size=16, max_size=16))
def test_the_text_of_an_id_is_that_of_its_uuid(event_id: bytes) -> None:
    assert id_text(event_id) == str(UUID(bytes=event_id))
