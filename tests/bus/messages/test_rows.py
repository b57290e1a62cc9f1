"""Rows become the messages that their events become, to the last byte."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold.bus.marks import NOWHERE, Marks, Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message
from eventfold.bus.messages.rows import row_messages
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.rows import RowPage
from tests.bus.messages.making import BINARY, COUNT, EVENTS, LOG, ONE, STRUCTURED
from tests.irregular import IRREGULAR_DATA

IRREGULAR = st.sampled_from([text for text in IRREGULAR_DATA.values() if len(text) < 100] + [" {}", "{} "])


def page_of(events: list[RecordedEvent]) -> RowPage:
    """A page as a store gives it: its names are numbers."""
    streams = sorted({event.stream for event in events})
    types = sorted({event.type for event in events})
    rows = [
        (
            event.position,
            streams.index(event.stream),
            event.version,
            types.index(event.type),
            event.schema_version,
            event.id_bytes,
            event.recorded_us,
            event.occurred_or_none_us,
            event.data,
            event.metadata,
        )
        for event in events
    ]
    return RowPage(rows, dict(enumerate(streams)), dict(enumerate(types)), "0", Cursor(LOG, {}), True)


def by_events(encoder: MessageEncoder, events: list[RecordedEvent]) -> list[Message]:
    """One by one."""
    last = [NOWHERE] * COUNT
    found = []
    for event in events:
        partition = encoder.partition(event.stream)
        found.append(encoder.event(event, last[partition]))
        last[partition] = Place(event.position, event.version)
    return found


@st.composite
def pages(draw: st.DrawFn) -> list[RecordedEvent]:
    """Events of few streams, types and times, so that neighbours share them."""
    some = draw(st.lists(EVENTS, min_size=1, max_size=4))
    found = []
    for position in range(1, draw(st.integers(1, 8)) + 1):
        event, like = draw(st.sampled_from(some)), draw(st.sampled_from(some))
        more = {"data": draw(IRREGULAR)} if draw(st.integers(0, 7)) == 0 else {}
        more |= {"metadata": draw(IRREGULAR)} if draw(st.integers(0, 7)) == 0 else {}
        found.append(
            structs.replace(
                event,
                position=position,
                stream=like.stream,
                schema_version=like.schema_version,
                recorded_us=like.recorded_us,
                partition="0",
                **more,
            )
        )
    return found


@settings(deadline=None, max_examples=50)
@given(pages())
@example([structs.replace(ONE, position=n, partition="0") for n in (1, 2)])
def test_rows_become_the_messages_of_their_events(events: list[RecordedEvent]) -> None:
    page = page_of(events)
    assert [page.event(row) for row in page.rows] == events
    for encoder in (BINARY, STRUCTURED):
        sent = [Marks() for _ in range(COUNT)]
        assert list(row_messages(encoder, page, sent)) == by_events(encoder, events)
        for event in events:
            assert sent[encoder.partition(event.stream)].own("0") >= Place(event.position, event.version)


@pytest.mark.parametrize("name", IRREGULAR_DATA)
def test_what_no_append_takes_any_more_goes_the_same_way(name: str) -> None:
    one = structs.replace(ONE, partition="0", position=1)
    other = structs.replace(one, position=2)
    for event in (
        structs.replace(one, data=IRREGULAR_DATA[name]),
        structs.replace(one, metadata=IRREGULAR_DATA[name]),
    ):
        events = [event, other]
        assert list(row_messages(BINARY, page_of(events), [Marks() for _ in range(COUNT)])) == by_events(
            BINARY, events
        )
