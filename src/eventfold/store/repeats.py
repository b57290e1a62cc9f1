"""What a refused append was: a repeat of one that is stored, or a conflict. The same words on every store."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec

from eventfold.errors import EventIdReused, PartialDuplicate, WrongExpectedVersion
from eventfold.events.envelope import NewEvent
from eventfold.store.port import Expected

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


class Known(NamedTuple):
    """What is stored under an event id."""

    stream: str
    version: int
    type: str
    schema_version: int
    data: str


def repeated(stream: str, events: Sequence[NewEvent], found: Mapping[bytes, Known]) -> int | None:
    """The version after the last of these events, where all of them are stored as they are; None where none is.

    Args:
        stream: the stream.
        events: what was to be appended.
        found: those of the ids (16 bytes) that are stored.

    Raises:
        EventIdReused: an id stands for other content, or in another stream.
        PartialDuplicate: some are stored, some are not, or not as one append.
    """
    if not found:
        return None
    for event in events:
        known = found.get(event.id.bytes)
        if known is not None and (known.stream != stream or not same_content(event, known)):
            where = "with other content" if known.stream == stream else f"in the stream {known.stream}"
            raise EventIdReused(
                f"The event id {event.id} is stored already, {where}; every new event needs a new id.",
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


def same_content(event: NewEvent, known: Known) -> bool:
    """Whether type, schema version and data agree; metadata and times do not count."""
    if (event.type, event.schema_version) != (known.type, known.schema_version):
        return False
    return event.data == known.data or canonical(event.data) == canonical(known.data)


def canonical(data: str) -> bytes:
    """The JSON with its keys sorted, to be compared as text: 1, 1.0 and true are equal in Python.

    What a log holds that is no JSON, or too deep, is compared as it stands.
    """
    try:
        return _encode(_decode(data))
    except (msgspec.MsgspecError, RecursionError, ArithmeticError):
        return data.encode()


def wrong_version(stream: str, expected: Expected, actual: int) -> WrongExpectedVersion:
    """The conflict, in a sentence."""
    asked = expected if isinstance(expected, int) else expected.value
    return WrongExpectedVersion(
        f"The stream {stream} is at version {actual}, not {asked}: read it again and decide anew.",
        stream=stream,
        expected=asked,
        actual=actual,
    )
