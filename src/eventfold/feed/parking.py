"""Parking: an event that cannot be handled waits, with all later events of its stream; other streams go on.

One mechanism for everything that follows a feed: tables park what cannot be folded.
"""

import time
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import structs

from eventfold.errors import EventfoldError, FoldFailed
from eventfold.events.envelope import RecordedEvent
from eventfold.store.port import Store

ATTEMPTS = 3
"""How often an event is tried before its stream is parked: it may fail for a passing reason."""


class ParkedStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream whose events wait, because one of them could not be handled.

    Attributes:
        stream: the stream.
        version: of the event that failed.
        position: of that event, in its partition.
        partition: the partition it came from.
        event_id: of that event.
        type: its stored name.
        code: of the error.
        message: of the error.
        attempts: how often it was tried.
        last_version: of the newest event that waits behind it.
        parked_us: when it was parked, microseconds since 1970.
    """

    stream: str
    version: int
    position: int
    partition: str
    event_id: str
    type: str
    code: str
    message: str
    attempts: int
    last_version: int
    parked_us: int


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a person decided to leave out, and why."""

    stream: str
    version: int
    reason: str
    actor: str
    skipped_us: int


def skips_of(skips: Iterable[Skip]) -> frozenset[tuple[str, int]]:
    """Decisions to leave events out, in the form in which a fold looks them up."""
    return frozenset((skip.stream, skip.version) for skip in skips)


def park(event: RecordedEvent, error: BaseException, attempts: int = ATTEMPTS) -> ParkedStream:
    """The record of a stream whose event failed."""
    return ParkedStream(
        stream=event.stream,
        version=event.version,
        position=event.position,
        partition=event.partition,
        event_id=str(event.id),
        type=event.type,
        code=error.code if isinstance(error, EventfoldError) else FoldFailed.code,
        message=str(error),
        attempts=attempts,
        last_version=event.version,
        parked_us=time.time_ns() // 1000,
    )


def named(parked: Mapping[str, ParkedStream], store: Store) -> Iterator[ParkedStream]:
    """The parked streams of a fold by columns with what that does not read of their events."""
    ordered = store.feed().capabilities.total_order
    for one in parked.values():
        for event in store.read(one.stream, after=one.version - 1, limit=1):
            found = structs.replace(one, event_id=str(event.id))
            yield structs.replace(found, position=event.position) if ordered else found
