"""What a topic has no longer, or never had, is read from its log, until all that comes after it stands in the topic."""

import threading
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import NamedTuple

from eventfold.bus.feed.cursors import own_cursor
from eventfold.bus.feed.place import Standing, to_token
from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.port import Bounds, Received, Topic
from eventfold.errors import FormatUnknown, Refused
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.lineage import overlap
from eventfold.feed.port import Feed, Page

_AT_ONCE = 5_000


class Beginning(NamedTuple):
    """Where a topic begins.

    Attributes:
        offsets: by partition of the topic, the first message that it has.
        needed: partition of the log -> the position that a reader must have passed to lack nothing there.
    """

    offsets: tuple[int, ...]
    needed: Mapping[str, int]

    def is_behind(self, cursor: Cursor) -> bool:
        """Whether something between a place in the log and the topic is missing there."""
        return any(
            mark.position < position and overlap(known, name)
            for name, position in self.needed.items()
            for known, mark in cursor.marks.items()
        )


class Forgotten:
    """Reads for who stands before the beginning of a topic; safe to share between threads.

    Args:
        topic: that is followed.
        count: its partitions.
        identity: of the topic.
        source: the log's own feed.
        lock: held while the topic is asked.
    """

    def __init__(self, topic: Topic, count: int, identity: str, source: Feed, lock: threading.RLock) -> None:
        self._topic = topic
        self._count = count
        self._identity = identity
        self._source = source
        self._lock = lock
        self._beginning: Beginning | None = None

    def page(
        self,
        after: Cursor,
        limit: int,
        partitions: Collection[str] | None,
        categories: Collection[str] | None,
        types: Collection[str] | None,
        *,
        is_told: bool = False,
    ) -> Page | None:
        """The next events, from the log; None where the topic has all that comes after a place.

        The page behind which the topic has the rest says from where it is read there.

        Args:
            is_told: the topic has said that it lacks something; else it is asked only where it has forgotten messages.
            after, limit, partitions, categories, types: as for `Feed.read`.
        """
        beginning = self._before(after, is_told=is_told)
        if beginning is None:
            return None
        own = own_cursor(after)
        if own is None:
            return self._found(after, partitions, categories, types)
        if len(after.marks) == 1:  # no further than it must: the relay may not have come to what is behind
            ((name, mark),) = after.marks.items()
            limit = min(limit, max(1, beginning.needed.get(name, mark.position) - mark.position))
        page = self._source.read(own, limit, partitions=partitions, categories=categories, types=types)
        if beginning.is_behind(page.cursor):
            return page
        marks = {
            name: Mark(mark.position, mark.event, self._token(beginning, mark))
            for name, mark in page.cursor.marks.items()
        }
        return Page(page.events, Cursor(after.log, marks), caught_up=False)

    def wait(self, cursor: Cursor, timeout: float) -> bool | None:
        """Whether something stands behind a place in the log; None where the topic is to be asked."""
        if self._before(cursor) is None:
            return None
        own = own_cursor(cursor)
        return own is None or self._source.wait(own, timeout)

    def _found(
        self,
        after: Cursor,
        partitions: Collection[str] | None,
        categories: Collection[str] | None,
        types: Collection[str] | None,
    ) -> Page | None:
        """The page behind a place that the log's own feed has no token of: found by reading from the beginning.

        So it is only where the log has several partitions, and a reader stands between two batches of the relay. None
        where the log ends before that place.
        """
        cursor = Cursor(after.log, {n: _own(n, mark) for n, mark in after.marks.items()})
        events: list[RecordedEvent] = []
        while behind := {n for n, mark in cursor.marks.items() if mark.position < _passed(after, n)}:
            wanted = behind if partitions is None else behind & set(partitions)
            if not wanted:
                break
            page = self._source.read(cursor, _AT_ONCE, partitions=wanted, categories=categories, types=types)
            events += [event for event in page.events if event.position > _passed(after, event.partition)]
            if page.caught_up and page.cursor == cursor:
                return None
            cursor = page.cursor
        stay = {} if partitions is None else {n: m for n, m in after.marks.items() if n not in partitions}
        return Page(events, Cursor(after.log, {**cursor.marks, **stay}), caught_up=False)

    def _before(self, cursor: Cursor, *, is_told: bool = False) -> Beginning | None:
        """Where the topic begins, if that is behind a place in the log."""
        with self._lock:
            known = self._beginning
            if known is None or is_told or not known.is_behind(cursor):  # it may have forgotten more since
                known = self._beginning = self._look(is_told=is_told)
        return known if known.is_behind(cursor) else None

    def _look(self, *, is_told: bool) -> Beginning:
        bounds = {partition: self._topic.bounds(partition) for partition in range(self._count)}
        cut = {partition for partition, part in bounds.items() if part.low}
        looked_at = {n: part for n, part in bounds.items() if n in cut or (is_told and part.end)}
        needed, silent = self._needed(looked_at)
        if silent & cut:  # nobody can say what stood there
            for name, mark in self._source.end().marks.items():
                needed[name] = max(needed.get(name, 0), mark.position)
        return Beginning(tuple(bounds[partition].low for partition in range(self._count)), needed)

    def _needed(self, parts: Mapping[int, Bounds]) -> tuple[dict[str, int], set[int]]:
        """What the first messages say of what stood before them; and the partitions without a record of progress.

        The record of progress behind the first events speaks for those partitions of the log that none of them is of.
        """
        needed: dict[str, int] = {}
        seen: dict[int, set[str]] = {partition: set() for partition in parts}
        with closing(self._topic.scan(parts)) as messages:
            for message in messages:
                if not seen:
                    break
                if message.partition not in seen:
                    continue
                places, is_all = _before(message, self._source.log_id)
                names = seen[message.partition]
                for name in places.keys() - names:
                    needed[name] = max(needed.get(name, 0), places[name].position)
                names |= places.keys()
                if is_all:
                    del seen[message.partition]
        return needed, set(seen)

    def _token(self, beginning: Beginning, mark: Mark) -> str:
        return to_token(Standing(self._identity, beginning.offsets, mark.token))


def _own(name: str, mark: Mark) -> Mark:
    """As the log's own feed has it; the beginning where that is not known."""
    own = own_cursor(Cursor("", {name: mark}))
    return Mark() if own is None else own.marks[name]


def _passed(after: Cursor, name: str) -> int:
    """Up to where a partition of the log was read, by its own name or that of what it came from."""
    return max((mark.position for known, mark in after.marks.items() if overlap(known, name)), default=0)


def _before(message: Received, log: str) -> tuple[Mapping[str, Place], bool]:
    """What a message says of what was sent before it, by partition of the log; and whether it speaks for all."""
    try:
        found = read_envelope(message.headers, message.value)
        if found.log != log:
            return {}, False
        if isinstance(found, ProgressEnvelope):
            return found.progress().sent, True
        return ({found.partition: found.before} if isinstance(found, EventEnvelope) else {}), False
    except (Refused, FormatUnknown):
        return {}, False  # who reads on tells of it
