"""The feed of a SQLite log: one partition, every event at its position.

Prefix closure needs no care here: positions are given inside BEGIN IMMEDIATE, so one transaction at a time gives them,
and a reader of a WAL file sees whole transactions in the order of their commits.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Condition
from typing import TYPE_CHECKING

import apsw

from eventfold.errors import (
    CheckpointBeyondHead,
    CursorInvalid,
    FeedBroken,
    ForeignCursor,
    PositionBeyondHead,
    RangeInvalid,
)
from eventfold.events.envelope import RecordedEvent
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor, Mark, Order, Token, compare_marks
from eventfold.feed.port import FeedCapabilities, Page, Partition, check_page, held_by_none
from eventfold.feed.rows import Row, RowPage
from eventfold.sqlite.connect import Pool, fetch
from eventfold.store.names import category_of, check_categories
from eventfold.store.sqlite.append import PARTITION
from eventfold.store.sqlite.names import Names
from eventfold.store.sqlite.statements import SQL

if TYPE_CHECKING:
    import pyarrow as pa

CAPABILITIES = FeedCapabilities(total_order=True, filters_in_store=True, countable=True)
_POLL_SECONDS = (0.001, 0.02)
"""Between two looks at what other processes have written, at least and at most: a look costs some microseconds."""
_OF_WAIT = 0.05
"""Of the time that was waited, in between: who waits for long is told late by as little as nobody notices."""


class SqliteFeed:
    """Follows one SQLite log; see `Feed` for what each method promises."""

    def __init__(
        self,
        log_id: str,
        pool: Pool,
        streams: Names,
        types: Names,
        written: Condition,
        alive: Callable[[], None],
    ) -> None:
        self.log_id = log_id
        self.capabilities = CAPABILITIES
        self._pool = pool
        self._streams = streams
        self._types = types
        self._written = written
        self._alive = alive

    def partitions(self) -> Sequence[Partition]:
        """There is one."""
        self._alive()
        return [Partition(PARTITION)]

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """The only one."""
        self._alive()
        category_of(stream)
        _only(among)
        if PARTITION not in among:
            raise held_by_none(stream, among)
        return PARTITION

    def start(self) -> Cursor:
        """Before the first event."""
        self._alive()
        return Cursor(self.log_id, {PARTITION: Mark()})

    def end(self) -> Cursor:
        """After the last event of now."""
        with self._snapshot() as connection:
            return self._cursor(connection, _head(connection))

    def check(self, cursor: Cursor) -> None:
        """Verifies log id and witness."""
        with self._snapshot() as connection:
            self._checked(connection, cursor)

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """The next events; cursor check, page and new witness are of one instant."""
        check_page(limit, categories)
        if partitions is not None and PARTITION not in partitions:
            self.check(after)
            return Page((), after, caught_up=True)
        page = self._page(after, limit, categories, types)
        streams, kinds = page.streams, page.types
        events = [
            RecordedEvent(p, streams[s], v, kinds[t], n, i, r, o, d, m)
            for p, s, v, t, n, i, r, o, d, m in page.rows
        ]
        return Page(events, page.cursor, page.caught_up)

    def rows(self, after: Cursor, limit: int) -> RowPage:
        """As `read`, with no object of an event."""
        check_page(limit, None)
        return self._page(after, limit)

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """By position."""
        self._alive()
        self._same_log(a.log)
        self._same_log(b.log)
        return compare_marks(a, b)

    def lag(self, cursor: Cursor) -> int | None:
        """Positions are dense, so the distance is the number of events."""
        with self._snapshot() as connection:
            return _head(connection) - self._checked(connection, cursor)

    def at(self, token: Token) -> Cursor:
        """The cursor at an append."""
        self._same_log(token.log)
        with self._snapshot() as connection:
            position = token.positions.get(PARTITION, 0)
            if position > (head := _head(connection)):
                raise _beyond(position, head)
            return self._cursor(connection, position)

    def at_position(self, position: int) -> Cursor:
        """The cursor of everything at or below a position."""
        if type(position) is not int or position < 0:
            raise RangeInvalid(f"{position!r} is no position: it is a whole number from 0.", field="position")
        with self._snapshot() as connection:
            if position > (head := _head(connection)):
                raise PositionBeyondHead(
                    f"The log has {head} events; position {position} is not there yet.",
                    position=position,
                    head=head,
                )
            return self._cursor(connection, position)

    def at_time(self, recorded_us: int) -> Cursor:
        """The cursor of everything recorded at or before a time: recorded times never decrease with the position."""
        with self._snapshot() as connection:
            low, high = 0, _head(connection)
            while low < high:
                middle = (low + high + 1) // 2
                found: int | None = connection.execute(SQL["recorded_at_position"], (middle,)).get
                if found is None:
                    raise _missing(middle)
                if found <= recorded_us:
                    low = middle
                else:
                    high = middle - 1
            return self._cursor(connection, low)

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Woken by an append of this process at once, of another one within 20 ms, and sooner where it comes soon."""
        began = time.monotonic()
        until = began + timeout
        shortest, longest = _POLL_SECONDS
        position = self._position(cursor)
        while True:
            with self._written:
                # looked at under the condition: an append between the look and the wait would otherwise go unseen
                with self._snapshot() as connection:
                    if _head(connection) != position:
                        return True
                now = time.monotonic()
                if now >= until:
                    return False
                pause = max(shortest, min(_OF_WAIT * (now - began), longest))
                self._written.wait(min(pause, until - now))

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
        """Record batches of raw columns; see `arrow.py`."""
        with needing("Reading by columns", "lake"):
            from eventfold.store.sqlite.arrow import Only, batches
        check_categories(categories)
        with self._snapshot() as connection:
            start, end = self._checked(connection, after), self._checked(connection, to)
        only = Only(_json(types), _json(categories))
        return batches(self._pool, self._types, start, end, columns, limit, only)

    def _page(
        self,
        after: Cursor,
        limit: int,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> RowPage:
        """Cursor check, rows and new witness, of one instant."""
        with self._snapshot() as connection:
            position = self._checked(connection, after)
            head = _head(connection)
            to = min(position + limit, head)
            rows = self._rows(connection, position, to, categories, types) if to > position else ()
            return RowPage(
                rows,
                self._streams.resolve(connection, [row[1] for row in rows]),
                self._types.resolve(connection, [row[3] for row in rows]),
                PARTITION,
                self._cursor(connection, to) if to > position else after,
                to == head,
            )

    def _rows(
        self,
        connection: apsw.Connection,
        after: int,
        to: int,
        categories: Collection[str] | None,
        types: Collection[str] | None,
    ) -> Sequence[Row]:
        if categories is None and types is None:
            return fetch(connection, SQL["read_feed"], (after, to))
        some = {"after": after, "to": to, "types": _json(types), "categories": _json(categories)}
        return fetch(connection, SQL["read_feed_filtered"], some)

    def _checked(self, connection: apsw.Connection, cursor: Cursor) -> int:
        position = self._position(cursor)
        if position:
            head = _head(connection)
            if position > head:
                raise _beyond(position, head)
            stands: bytes | None = connection.execute(SQL["witness"], (position,)).get
            if stands is None or stands.hex() != cursor.marks[PARTITION].event:
                raise ForeignCursor(
                    f"Another event stands at position {position} than when this cursor was written: the log was"
                    " restored, cut or swapped since. Rebuild what follows it, `eventfold rebuild`, or open the right"
                    " log, --store URL.",
                    position=position,
                )
        return position

    def _position(self, cursor: Cursor) -> int:
        self._same_log(cursor.log)
        _only(cursor.marks)
        return cursor.marks.get(PARTITION, Mark()).position

    def _same_log(self, log_id: str) -> None:
        if log_id != self.log_id:
            raise ForeignCursor(
                f"The cursor belongs to the log {log_id}, this is {self.log_id}: open the right log, --store URL, or"
                " rebuild what follows it: `eventfold rebuild`.",
                cursor_log=log_id,
                log=self.log_id,
            )

    def _cursor(self, connection: apsw.Connection, position: int) -> Cursor:
        if not position:
            return self.start()
        witness: bytes | None = connection.execute(SQL["witness"], (position,)).get
        if witness is None:
            raise _missing(position)
        return Cursor(self.log_id, {PARTITION: Mark(position, witness.hex())})

    def _snapshot(self) -> AbstractContextManager[apsw.Connection]:
        self._alive()
        return self._pool.snapshot()


def _head(connection: apsw.Connection) -> int:
    row = connection.execute(SQL["log_head"]).fetchone()
    return row[0] if row else 0


def _beyond(position: int, head: int) -> CheckpointBeyondHead:
    return CheckpointBeyondHead(
        f"The cursor stands at position {position}, but the log ends at {head}: it was restored from an older copy."
        " Restore the newer one, or rebuild what follows it: `eventfold rebuild`.",
        position=position,
        head=head,
    )


def _missing(position: int) -> FeedBroken:
    return FeedBroken(
        f"The log has no event at position {position}: it was removed. Restore the log from a copy; `eventfold verify`"
        " tells what else is missing.",
        position=position,
    )


def _only(partitions: Collection[str]) -> None:
    if unknown := set(partitions) - {PARTITION}:
        raise CursorInvalid(
            f"This log has no partition {min(unknown)!r:.40}: the cursor is damaged, or of another kind of log."
        )


def _json(names: Collection[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))
