"""The feed of a topic: the log that a relay brings there, with the cursors of the log itself."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from eventfold.bus.feed.cursors import ALONE, bare, least, own_cursor
from eventfold.bus.feed.forgotten import Forgotten
from eventfold.bus.feed.known import Known
from eventfold.bus.feed.place import read_standing
from eventfold.bus.feed.window import Window
from eventfold.bus.feed.windows import PATIENCE, Windows
from eventfold.bus.feed.witness import verify
from eventfold.bus.finding import find
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.port import Topic
from eventfold.errors import (
    BusUnavailable,
    CapabilityMissing,
    CheckpointBeyondHead,
    CursorExpired,
    CursorInvalid,
    FeedBroken,
    ForeignCursor,
    FormatUnknown,
    PositionBeyondHead,
    RangeInvalid,
    Refused,
)
from eventfold.events.envelope import RecordedEvent
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor, Mark, Order, Token, compare_marks
from eventfold.feed.port import Feed, FeedCapabilities, Page, Partition, check_page, held_by_none
from eventfold.store.names import category_of, check_categories, stored_category

if TYPE_CHECKING:
    import pyarrow as pa

_log = logging.getLogger("eventfold.bus")


class BusFeed:
    """Follows the log in a topic; see `Feed` for what each method promises.

    Args:
        topic: closed with the feed; the broker is not asked before something is to be read.
        log_id: of the log.
        source: the log's own feed, where there is one: it knows what a topic forgets.
    """

    def __init__(self, topic: Topic, log_id: str, source: Feed | None = None) -> None:
        self.log_id = log_id
        self._topic = topic
        self._source = source
        self._lock = threading.RLock()
        self._known = Known()
        self._names: Sequence[str] = ()

    @cached_property
    def _count(self) -> int:
        return self._topic.count()

    @cached_property
    def _identity(self) -> str:
        return self._topic.identity()

    @cached_property
    def _windows(self) -> Windows:
        return Windows(self._topic, self._count, self._identity, self._lock)

    @cached_property
    def _forgotten(self) -> Forgotten | None:
        """None where the log is not open."""
        if self._source is None:
            return None
        return Forgotten(self._topic, self._count, self._identity, self._source, self._lock)

    @property
    def capabilities(self) -> FeedCapabilities:
        """Those of the log: events come in its order."""
        ordered = self._source.capabilities.total_order if self._source else list(self._start()) == [ALONE]
        return FeedCapabilities(total_order=ordered, filters_in_store=False, countable=ordered)

    def partitions(self) -> Sequence[Partition]:
        """Those of the log, as far as the relay has come."""
        return [Partition(name) for name in self.end().marks]

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """As the log says; without it, where there is one."""
        if self._source is not None:
            return self._source.partition_of(stream, among)
        category_of(stream)
        if unknown := set(among) - {ALONE}:
            raise CursorInvalid(
                f"Only the log itself knows which streams are of {min(unknown)!r}: open it too."
            )
        if ALONE not in among:
            raise held_by_none(stream, among)
        return ALONE

    def start(self) -> Cursor:
        """Before the first event of the log."""
        return Cursor(self.log_id, dict(self._start()))

    def end(self) -> Cursor:
        """After the last event of which every partition of the topic says that it is there."""
        with self._lock:
            holdings = find(self._topic, self._count, self.log_id)
            silent = [n for n, holding in enumerate(holdings) if holding.cursor is None]
            if self._source is not None and any(self._topic.bounds(n).low for n in silent):
                return (
                    self._source.end()
                )  # as `read` goes, where the topic has forgotten all that says how far it came
        if silent:
            return self.start()
        marks = least(holdings, self._identity)
        self._known.add(marks)
        return Cursor(self.log_id, marks)

    def check(self, cursor: Cursor) -> None:
        """Verifies log and witnesses, by the log where it is open; a place that this feed has given is known."""
        self._same_log(cursor.log)
        for mark in cursor.marks.values():
            read_standing(mark)
        if self._known.has(cursor.marks):
            return
        if self._source is not None:
            own = own_cursor(cursor)
            if own is not None:
                self._source.check(own)
        else:
            verify(cursor, self.end(), self._windows)
        self._known.add(cursor.marks)

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """The next events, as far as all of them are there; what the topic has not, from the log, if that is open."""
        check_page(limit, categories)
        self.check(after)
        if partitions is not None and not set(partitions) & after.marks.keys():
            return Page((), after, caught_up=True)
        older = self._forgotten
        if older is not None and not self._windows.knows(after):
            page = older.page(after, limit, partitions, categories, types)
            if page is not None:
                return page
        try:
            return self._read(self._windows.take(after), limit, partitions, categories, types)
        except (CursorExpired, FeedBroken) as error:
            if self._is_made_anew():
                return self.read(after, limit, partitions=partitions, categories=categories, types=types)
            if isinstance(error, FeedBroken):
                raise
            page = None
            if older is not None:
                page = older.page(after, limit, partitions, categories, types, is_told=True)
            # its offsets may be those of messages that were read, and forgotten since
            return page or self._read(self._windows.new(after), limit, partitions, categories, types)

    def _is_made_anew(self) -> bool:
        """Whether the topic is another one by now; it is followed then, and what was known of the former forgotten."""
        with self._lock:
            now = self._topic.identity()
            if not now or now == self._identity:
                return False
            _log.warning(
                "The topic %s was made anew: who follows it goes on there, when its relay has come to the place.",
                self._topic.name,
            )
            self._windows.close()
            for name in ("_count", "_identity", "_windows", "_forgotten"):
                vars(self).pop(name, None)
            return True

    def _read(
        self,
        window: Window,
        limit: int,
        partitions: Collection[str] | None,
        categories: Collection[str] | None,
        types: Collection[str] | None,
    ) -> Page:
        """The next events that the topic has."""
        try:
            events, caught_up = self._windows.read_on(window, limit, partitions)
        except BaseException:
            window.close()
            raise
        cursor, short = window.cursor, not (caught_up or window.has_more())
        self._known.add(cursor.marks)
        self._windows.keep(window, cursor)
        if categories is not None or types is not None:
            events = [event for event in events if _fits(event, categories, types)]
        return Page(events, cursor, caught_up, short)

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """By the places in the log."""
        self._same_log(a.log)
        self._same_log(b.log)
        if self._source is not None:
            return self._source.compare(bare(a), bare(b))
        return compare_marks(a, b)

    def lag(self, cursor: Cursor) -> int | None:
        """The events that are in the topic after the cursor, where positions count them."""
        self.check(cursor)
        if not self.capabilities.countable:
            return None
        return max(0, _position(self.end()) - _position(cursor))

    def at(self, token: Token) -> Cursor:
        """The place of an append in the log; the topic may not have come so far."""
        self._same_log(token.log)
        if self._source is not None:
            return self._source.at(token)
        position = token.positions.get(ALONE, 0)
        if token.opaque:
            raise CapabilityMissing("Where this append stands only the log itself knows: open it too.")
        if position > _position(self.end()):
            raise CheckpointBeyondHead(
                f"The relay has not come to position {position} yet.", position=position
            )
        return self.at_position(position)

    def at_position(self, position: int) -> Cursor:
        """The cursor of everything at or below a position; without the log, found by reading."""
        if self._source is not None:
            return self._source.at_position(position)
        if type(position) is not int or position < 0:
            raise RangeInvalid(f"{position!r} is no position: it is a whole number from 0.", field="position")
        self._in_order(f"position {position} of one partition says nothing about the others")
        if position > (end := _position(self.end())):
            raise PositionBeyondHead(
                f"The topic ends at position {end}; there is no position {position}.",
                position=position,
                head=end,
            )
        if not position:
            return self.start()
        found = self.read(Cursor(self.log_id, {ALONE: Mark(position - 1)}), 1).cursor
        return found if _position(found) == position else Cursor(self.log_id, {ALONE: Mark(position)})

    def at_time(self, recorded_us: int) -> Cursor:
        """The cursor of everything recorded until then; without the log, found by reading."""
        if self._source is not None:
            return self._source.at_time(recorded_us)
        self._in_order(f"the time {recorded_us} is no prefix of it")
        return self._before(lambda event: event.recorded_us > recorded_us)

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Woken by the topic."""
        until = time.monotonic() + timeout
        self.check(cursor)
        if self._forgotten is not None and not self._windows.knows(cursor):
            is_there = self._forgotten.wait(cursor, timeout)
            if is_there is not None:
                return is_there
        window = self._windows.take(cursor)
        try:
            while not (found := window.has_more()) and (left := until - time.monotonic()) > 0:
                window.poll(min(left, 0.5))
        except CursorExpired:
            window.close()
            return True  # of which the next read says more
        except BaseException:
            window.close()
            raise
        self._windows.keep(window, cursor)
        return found

    def arrow(
        self,
        after: Cursor,
        to: Cursor,
        columns: Sequence[str],
        *,
        limit: int = 50_000,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> "Iterator[pa.RecordBatch]":
        """The events between two cursors; from the log, where it is open."""
        own, end = own_cursor(after), own_cursor(to)
        if self._source is not None and own is not None and end is not None:
            yield from self._source.arrow(own, end, columns, limit=limit, categories=categories, types=types)
            return
        with needing("Reading by columns", "lake"):
            from eventfold.store.arrow import batches
        check_categories(categories)
        self.check(to)
        cursor, until = after, time.monotonic() + PATIENCE
        while self.compare(cursor, to) not in {"equal", "after"}:
            page = self.read(cursor, limit, categories=categories, types=types)
            inside = [event for event in page.events if event.position <= _bound(to, event)]
            yield from batches(inside, columns, limit)
            if page.cursor != cursor:
                until = time.monotonic() + PATIENCE
            elif time.monotonic() > until:
                raise BusUnavailable(f"{self._topic.name} does not have what it had.", topic=self._topic.name)
            cursor = page.cursor

    def heed(self, stop: Callable[[], bool]) -> None:
        """Waits for the broker no longer than a few seconds once `stop` is true."""
        self._topic.heed(stop)

    def close(self) -> None:
        """Ends every connection."""
        with self._lock:
            if "_windows" in vars(self):  # else the broker was never asked
                self._windows.close()
            self._topic.close()

    def _start(self) -> Mapping[str, Mark]:
        if self._source is not None:
            return self._source.start().marks
        if not self._names:
            self._names = self._first_names()
        return {name: Mark() for name in self._names}

    def _first_names(self) -> Sequence[str]:
        """The partitions of the log when it was first brought here, as the oldest record of progress says."""
        with self._lock:
            for message in self._topic.scan({0: self._topic.bounds(0)}):
                with suppress(Refused, FormatUnknown):
                    found = read_envelope(message.headers, message.value)
                    if isinstance(found, ProgressEnvelope) and found.log == self.log_id:
                        return tuple(found.progress().cursor.marks)
        raise BusUnavailable(
            f"No relay has brought anything to {self._topic.name} yet: `eventfold relay` does.",
            topic=self._topic.name,
        )

    def _before(self, is_beyond: Callable[[RecordedEvent], bool]) -> Cursor:
        cursor = self.start()
        while True:
            page = self.read(cursor, 1_000)
            inside = next((n for n, event in enumerate(page.events) if is_beyond(event)), None)
            if inside is not None:
                return self.read(cursor, inside).cursor if inside else cursor
            cursor = page.cursor
            if page.caught_up:
                return cursor

    def _in_order(self, why: str) -> None:
        if not self.capabilities.total_order:
            raise CapabilityMissing(f"The log in {self._topic.name} has no total order: {why}.")

    def _same_log(self, log_id: str) -> None:
        if log_id != self.log_id:
            raise ForeignCursor(
                f"The cursor belongs to the log {log_id}, {self._topic.name} has {self.log_id}: open the right one, or"
                " rebuild what follows it: `eventfold rebuild`.",
                cursor_log=log_id,
                log=self.log_id,
            )


def _position(cursor: Cursor) -> int:
    return max((mark.position for mark in cursor.marks.values()), default=0)


def _bound(to: Cursor, event: RecordedEvent) -> int:
    mark = to.marks.get(event.partition)
    return mark.position if mark is not None else 0


def _fits(event: RecordedEvent, categories: Collection[str] | None, types: Collection[str] | None) -> bool:
    if types is not None and event.type not in types:
        return False
    return categories is None or stored_category(event.stream) in categories
