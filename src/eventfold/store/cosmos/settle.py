"""What a refused batch was: a repeat of an append that is stored, a conflict, or something nobody can explain."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from eventfold.errors import EventIdReused, PartialDuplicate, WrongExpectedVersion
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.store.port import Expected


def repeated(stream: str, events: Sequence[NewEvent], stored: Sequence[RecordedEvent]) -> int | None:
    """The version after the last of these events, where all of them are stored as they are; None where none is.

    Args:
        stream: the stream.
        events: what was to be appended.
        stored: those of the stream's events that have one of the ids.

    Raises:
        EventIdReused: an id stands for other content.
        PartialDuplicate: some are stored, some are not, or not as one append.
    """
    found = {event.id_bytes: event for event in stored}
    if not found:
        return None
    for event in events:
        known = found.get(event.id.bytes)
        if known is not None and not same_content(event, known):
            raise EventIdReused(
                f"The event id {event.id} is stored already, with other content; every new event needs a new id.",
                event_id=event.id,
                stream=stream,
            )
    versions = [found[event.id.bytes].version for event in events if event.id.bytes in found]
    if len(versions) < len(events) or any(b != a + 1 for a, b in pairwise(versions)):
        raise PartialDuplicate(
            f"{len(versions)} of these {len(events)} events are stored in {stream} already, but not as one append;"
            " repeat an append only as it was.",
            stream=stream,
            known=len(versions),
            given=len(events),
        )
    return versions[-1]


def same_content(event: NewEvent, stored: RecordedEvent) -> bool:
    """Whether type, schema version and data agree; metadata and times do not count."""
    if (event.type, event.schema_version) != (stored.type, stored.schema_version):
        return False
    return event.data == stored.data or msgspec.json.decode(event.data) == msgspec.json.decode(stored.data)


def wrong_version(stream: str, expected: Expected, actual: int) -> WrongExpectedVersion:
    """The conflict, in a sentence."""
    asked = expected if isinstance(expected, int) else expected.value
    return WrongExpectedVersion(
        f"The stream {stream} is at version {actual}, not {asked}: read it again and decide anew.",
        stream=stream,
        expected=asked,
        actual=actual,
    )
