"""An event as another log recorded it: what an export says of it, checked before a log takes it back."""

from typing import NamedTuple
from uuid import UUID

from eventfold.errors import EventfoldError, PayloadInvalid, RowInvalid
from eventfold.events.envelope import NewEvent
from eventfold.events.names import check_event_type
from eventfold.store.names import category_of


class Recorded(NamedTuple):
    """An event as another log recorded it, or what is wrong with its line.

    Attributes:
        line: of the file, from 1.
        stream: its stream.
        version: its number in the stream.
        event: the event, with the time at which it was recorded.
        error: what is wrong with it; the rest is empty then.
    """

    line: int
    stream: str = ""
    version: int = 0
    event: NewEvent | None = None
    error: EventfoldError | None = None


def recorded(
    line: int,
    event_id: UUID,
    stream: str,
    version: int,
    event_type: str,
    schema_version: int,
    data: str,
    metadata: str,
    occurred_us: int | None,
    recorded_us: int,
) -> Recorded:
    """The event of a row, its names checked; data and metadata are taken as another log holds them.

    A log may hold what no append takes any more. It comes back as it is, for a backup that is refused is lost.

    Raises:
        EventfoldError: it is no event that a log could have recorded.
    """
    category_of(stream)
    check_event_type(event_type)
    if version < 1:
        raise RowInvalid(f"The version {version} of {stream} does not count from 1.", line=line)
    event = NewEvent(event_id, event_type, schema_version, data, metadata, occurred_us, recorded_us, data)
    return Recorded(line, stream, version, event)


def refuse_upcast(line: int, version: object) -> None:
    """Refuses what is no copy of a log."""
    raise PayloadInvalid(
        f"The event was upcast from schema version {version} when it was exported, so that the log would not be equal."
        " Export with --stored, or import the file with --documents.",
        line=line,
    )
