"""The lake copy as a feed. Its cursors are those of the log, where commits of the copy end: at its borders."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from eventfold.errors import (
    CapabilityMissing,
    CheckpointBeyondHead,
    CursorLost,
    ForeignCursor,
    LogNotFound,
    PositionBeyondHead,
    QueryInvalid,
    RangeInvalid,
)
from eventfold.feed.cursor import Cursor, Order, Token
from eventfold.feed.port import (
    ARROW_COLUMNS,
    IRREGULAR,
    Feed,
    FeedCapabilities,
    Page,
    Partition,
    check_page,
)
from eventfold.readmodels.lakecopy.borders import Borders
from eventfold.readmodels.lakecopy.chunks import EVENTS
from eventfold.readmodels.lakecopy.port import CopyStamp, CopyTable
from eventfold.readmodels.lakecopy.rows import recorded_between, to_events, to_recorded
from eventfold.store.names import check_categories

if TYPE_CHECKING:
    import pyarrow as pa

_POLL_SECONDS = (0.02, 1.0)


class LakeFeed:
    """Follows the copy of a log; see `Feed` for what each method promises.

    A page holds whole commits, and so may have more events than were asked for. A cursor of the log that is no border
    is `CursorInvalid`, with the borders beside it.

    Args:
        table: the copy.
        source: the feed of the log, where it is at hand: it knows the partitions of streams.

    Raises:
        LogNotFound: there is no copy yet.
    """

    def __init__(self, table: CopyTable, source: Feed | None = None) -> None:
        self.log_id = table.log_id
        self._table = table
        self._source = source
        self._borders = Borders(table)
        self.capabilities = FeedCapabilities(
            total_order=self._now()[-1].total_order, filters_in_store=True, countable=True, borders_only=True
        )

    def partitions(self) -> Sequence[Partition]:
        """Those of the last border."""
        return [Partition(name) for name in self.end().marks]

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """As the log says, which must be open."""
        if self._source is None:
            raise CapabilityMissing(
                "The copy alone does not know to which partition a stream belongs: open the log, --store URL."
            )
        return self._source.partition_of(stream, among)

    def start(self) -> Cursor:
        """Before the first event."""
        return self._now()[0].cursor

    def end(self) -> Cursor:
        """The last border of now."""
        return self._now()[-1].cursor

    def check(self, cursor: Cursor) -> None:
        """Verifies that it is a border."""
        self._at(cursor)

    def before(self, cursor: Cursor) -> Cursor:
        """The last border at or before a cursor of the log: from there the copy can be read, some events once more."""
        self._same_log(cursor.log)
        return self._borders.before(cursor).cursor

    def last(self, wanted: Callable[[Cursor], bool]) -> Cursor:
        """The last border that is wanted; the first one where none is."""
        borders = self._now()
        return next((b.cursor for b in reversed(borders) if wanted(b.cursor)), borders[0].cursor)

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """The events of the next commits, at least one of them, whole."""
        check_page(limit, categories)
        at = self._at(after)
        if partitions is not None and not set(after.marks) <= set(partitions):
            if not set(after.marks) & set(partitions):
                return Page((), after, caught_up=True)
            raise CapabilityMissing(
                "The copy in the lake is read in all partitions at once: where some of them are moved is no border."
            )
        borders = self._now()
        to = at
        while to + 1 < len(borders) and borders[to].total - borders[at].total < limit:
            to += 1
        columns = [name for name in ARROW_COLUMNS if name != "occurred_us"]
        found = self._batches(at, to, columns, EVENTS, categories, types)
        events = [event for batch in found for event in to_recorded(batch)]
        return Page(events, borders[to].cursor if to > at else after, to == len(borders) - 1)

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """By the commits that they end."""
        left, right = self._at(a), self._at(b)
        return "equal" if left == right else "before" if left < right else "after"

    def lag(self, cursor: Cursor) -> int | None:
        """As the stamps count."""
        at = self._at(cursor)
        borders = self._now()
        return borders[-1].total - borders[at].total

    def at(self, token: Token) -> Cursor:
        """The first border that has what was appended.

        Raises:
            CapabilityMissing: the token does not tell positions.
        """
        self._same_log(token.log)
        if token.opaque:
            raise CapabilityMissing(
                "What this append answered only the log's own feed can read: open the log."
            )
        for border in self._now():
            marks = border.cursor.marks
            if all(name in marks and marks[name].position >= p for name, p in token.positions.items()):
                return border.cursor
        raise CheckpointBeyondHead(
            "The copy in the lake has not come as far as this append: `eventfold run` copies on."
        )

    def at_position(self, position: int) -> Cursor:
        """The border at a position."""
        if type(position) is not int or position < 0:
            raise RangeInvalid(f"{position!r} is no position: it is a whole number from 0.", field="position")
        self._expect_order(f"position {position}")
        last = self._now()[-1].position
        if position > last:
            raise PositionBeyondHead(
                f"The copy in the lake ends at position {last}; position {position} is not there yet.",
                position=position,
                head=last,
            )
        return self._borders.at_position(position).cursor

    def at_time(self, recorded_us: int) -> Cursor:
        """The border between what was recorded until then and what was later."""
        self._expect_order(f"the time {recorded_us}")
        borders = self._now()
        low, high = 0, len(borders) - 1
        while low < high:
            middle = (low + high + 1) // 2
            first, last = self._recorded(borders[middle].commit)
            if last <= recorded_us:
                low = middle
            elif first > recorded_us:
                high = middle - 1
            else:
                raise self._borders.no_border(
                    f"at the time {recorded_us}", borders[middle - 1], borders[middle]
                )
        return borders[low].cursor

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Until the copy has another commit."""
        until = time.monotonic() + timeout
        pause, longest = _POLL_SECONDS
        commit = self._now()[self._at(cursor)].commit
        while not self._table.grown(commit):
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * 2, longest)
        return True

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
        """From border to border, in the order of the log inside each partition.

        Raises:
            CursorLost: the copy has not as many events as its stamps say.
        """
        check_categories(categories)
        if unknown := [name for name in columns if name not in ARROW_COLUMNS and name != IRREGULAR]:
            raise QueryInvalid(
                f"The feed has no column {unknown[0]!r}; known: {', '.join(ARROW_COLUMNS)}.",
                column=unknown[0],
            )
        return self._batches(self._at(after), self._at(to), columns, limit, categories, types)

    def _batches(
        self,
        after: int,
        to: int,
        columns: Sequence[str],
        limit: int,
        categories: Collection[str] | None,
        types: Collection[str] | None,
    ) -> "Iterator[pa.RecordBatch]":
        borders = self._now()
        while after < to:
            upto = after + 1  # small commits are read together
            while upto < to and borders[upto + 1].total - borders[after].total <= EVENTS:
                upto += 1
            first, last = borders[after + 1].commit, borders[upto].commit
            files, rows = self._table.files(first, last), 0
            for batch in to_events(
                files,
                self._table.filesystem,
                first,
                last,
                columns,
                limit=limit,
                categories=categories,
                types=types,
            ):
                rows += batch.num_rows
                yield batch
            wanted = borders[upto].total - borders[after].total
            if categories is None and types is None and rows != wanted:
                raise CursorLost(
                    f"The copy in the lake has {rows:,} events in its commits {first} to {last}, whose stamps say"
                    f" {wanted:,}: somebody else changed it. Move its folder, `events`, out of the lake: `eventfold run"
                    " --once` copies the log anew."
                )
            after = upto

    def _recorded(self, commit: int) -> tuple[int, int]:
        return recorded_between(self._table.files(commit, commit), self._table.filesystem, commit)

    def _now(self) -> Sequence[CopyStamp]:
        found = self._borders.now()
        if not found:
            raise LogNotFound(
                "There is no copy of this log in the lake yet: `eventfold run --once` makes it."
            )
        return found

    def _at(self, cursor: Cursor) -> int:
        self._same_log(cursor.log)
        self._now()
        return self._borders.index(cursor)

    def _expect_order(self, what: str) -> None:
        if not self.capabilities.total_order:
            raise CapabilityMissing(f"The copied log has no total order: {what} is no prefix of it.")

    def _same_log(self, log_id: str) -> None:
        if log_id != self.log_id:
            raise ForeignCursor(
                f"The cursor belongs to the log {log_id}, this is the copy of {self.log_id}: open the right lake,"
                " --lake FOLDER, or rebuild what follows it: `eventfold rebuild`.",
                cursor_log=log_id,
                log=self.log_id,
            )
