"""What waits for a handler in the log: the first event after its checkpoint whose outcome is not known."""

import time
from collections.abc import Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects, Lease
from eventfold.feed.port import Feed
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import Deadline, Progress, short_of_stream
from eventfold.handlers.tending.noting import noted
from eventfold.handlers.working.effect import short
from eventfold.store.port import Store

_PAGE = 1_000
_PAGES = 20
"""That are looked through for the first event that waits, at most."""


def merged(leases: Sequence[Lease]) -> Cursor | None:
    """The checkpoints of all partitions as one cursor; None without any."""
    marks = {name: mark for lease in leases for name, mark in lease.cursor.marks.items()}
    return Cursor(leases[0].cursor.log, marks) if leases else None


def first_waiting(
    feed: Feed, cursor: Cursor, handler: Handler, effects: Effects, *, stream: str | None = None
) -> tuple[RecordedEvent | None, bool]:
    """The first event that waits, and whether there is none where none was found.

    Args:
        feed: of the log.
        cursor: the checkpoint.
        handler: whose it is.
        effects: where it is kept what was done beyond the checkpoint.
        stream: only events of this one.
    """
    beyond = Beyond(effects, handler.name)
    for _ in range(_PAGES):
        page = feed.read(cursor, _PAGE, types=handler.types, categories=handler.categories)
        waiting = [
            event
            for event in page.events
            if not beyond.knows(event) and stream in {None, event.stream} and _wanted(handler, event)
        ]
        if waiting:
            return min(waiting, key=lambda event: event.recorded_us), True
        if page.caught_up:
            return None, True
        cursor = page.cursor
    return None, False


def version_waiting(store: Store, handler: Handler, stream: str) -> int | None:
    """The version of the first event of a stream that waits for a handler or is due; None where none is found."""
    effects = store.effects()
    if handler.when is not None:
        now = time.time_ns() // 1000
        deadlines = map(Deadline.of, noted(effects, handler.name, Deadline.kind))
        return next((one.version for one in deadlines if one.stream == stream and one.due_us <= now), None)
    cursor = merged(effects.all(handler.name))
    if cursor is None:
        return None
    first, _ = first_waiting(store.feed(), cursor, handler, effects, stream=stream)
    return None if first is None else first.version


class Beyond:
    """What was done beyond the checkpoint; asked about events in the order of the feed.

    Args:
        effects: where that is kept.
        handler: the name of the handler.
    """

    def __init__(self, effects: Effects, handler: str) -> None:
        kept = {note.key: Progress.of(note) for note in noted(effects, handler, Progress.kind)}
        self._count = sum(one.count for one in kept.values())
        self._streams: dict[str, int] = {}
        for one in kept.values():
            for stream, version in one.streams.items():
                self._streams[stream] = max(version, self._streams.get(stream, 0))
        self._through = {partition: one.through for partition, one in kept.items() if one.through}
        self._open = frozenset(found for one in kept.values() for found in one.open)

    @property
    def count(self) -> int:
        """How many events are known by themselves to be done."""
        return self._count

    def knows(self, event: RecordedEvent) -> bool:
        """Whether its outcome is known."""
        found = short(event.id_bytes)
        through = self._through.get(event.partition)
        if through == found:
            del self._through[event.partition]
        done = event.version <= self._streams.get(short_of_stream(event.stream), 0)
        return done or (through is not None and found not in self._open)


def _wanted(handler: Handler, event: RecordedEvent) -> bool:
    return handler.imported or "importedFrom" not in event.metadata_map()
