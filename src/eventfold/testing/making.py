"""Small makers of events for the suites."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed


def make(
    number: int = 0,
    *,
    event_id: UUID | None = None,
    event_type: str = "Noted",
    schema_version: int = 1,
    data: object = None,
    metadata: str = "{}",
    occurred_us: int | None = None,
    recorded_us: int | None = None,
) -> NewEvent:
    """One event whose data say its number, unless they are given; with a recorded time it is one that is restored."""
    text = msgspec.json.encode({"n": number} if data is None else data).decode()
    checked = None if recorded_us is None else text  # as a restore gives it
    chosen = new_id() if event_id is None else event_id
    return NewEvent(chosen, event_type, schema_version, text, metadata, occurred_us, recorded_us, checked)


def make_many(count: int, **same: str) -> list[NewEvent]:
    """Events numbered from 0."""
    return [make(n, event_type=same.get("event_type", "Noted")) for n in range(count)]


def numbers(events: Iterable[RecordedEvent]) -> list[int]:
    """The numbers in the data of events made here."""
    return [event.data_map()["n"] for event in events]


def read_all(feed: Feed, after: Cursor | None = None, *, limit: int = 1000) -> list[RecordedEvent]:
    """Everything after a cursor, page by page."""
    cursor = after or feed.start()
    found: list[RecordedEvent] = []
    while True:
        page = feed.read(cursor, limit)
        found.extend(page.events)
        cursor = page.cursor
        if page.caught_up:
            return found


def same_events(stored: Sequence[RecordedEvent], given: Sequence[NewEvent]) -> bool:
    """Whether these events were stored as they were given."""
    return [(e.id, e.type, e.schema_version, e.data, e.metadata, e.occurred_or_none_us) for e in stored] == [
        (e.id, e.type, e.schema_version, e.data, e.metadata, e.occurred_us) for e in given
    ]
