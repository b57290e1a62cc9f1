"""The feed port: the one way to follow events. A store, a bus and a lake copy all implement it.

A feed has partitions. A stream lives in one at a time; inside a partition the order is fixed and prefix-closed: once a
reader was given position p, nothing at or below p ever appears later.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from eventfold.errors import CursorInvalid, RangeInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Order, Token
from eventfold.store.names import check_categories

if TYPE_CHECKING:
    import pyarrow as pa

ARROW_COLUMNS = (
    "position",
    "partition",
    "stream",
    "version",
    "type",
    "schema_version",
    "id",
    "recorded_us",
    "occurred_us",
    "occurred_or_none_us",
    "data",
    "metadata",
)
"""What `Feed.arrow` can give: `id` as 16 bytes, times as microseconds since 1970, data and metadata as JSON text.

`occurred_us` is the recorded time where the producer said none, `occurred_or_none_us` is null there.
"""
IRREGULAR = "irregular"
"""One more column: whether data or metadata are no JSON that an append takes, which engines would read differently."""


class FeedCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed declares about itself; the contract suite asserts what is declared.

    Attributes:
        total_order: positions of all partitions compare, and recorded_at never decreases along them.
        filters_in_store: filters are applied where the events are kept, not after they were fetched.
        countable: `lag` knows the number of events.
        borders_only: it is read from and up to some cursors only, which `read` gives; a page may have more events than
            were asked for. At any other cursor of the log it answers `CursorInvalid`, whose facts `lower` and `upper`
            are the borders beside it, as text; and it is read in all partitions at once.
    """

    total_order: bool
    filters_in_store: bool
    countable: bool
    borders_only: bool = False


class Partition(NamedTuple):
    """A partition and, after a split, those it came from."""

    name: str
    parents: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """What one read gives.

    Attributes:
        events: in order inside each partition.
        cursor: where to go on; it has moved even when every event was filtered away.
        caught_up: nothing more was there when the page was read.
        short: all that was at hand is in it, and whether more is there has to be asked, which may take a while: whoever
            has something to do does it first.
    """

    events: Sequence[RecordedEvent]
    cursor: Cursor
    caught_up: bool
    short: bool = False


class Feed(Protocol):
    """Follows one log.

    Every method that takes a cursor refuses one of another log (`ForeignCursor`), one that the log has not reached
    (`CheckpointBeyondHead`) and one that it no longer serves (`CursorExpired`): it never skips.
    """

    @property
    def log_id(self) -> str:
        """The id of the log that is followed."""

    @property
    def capabilities(self) -> FeedCapabilities:
        """What this feed can do."""

    def partitions(self) -> Sequence[Partition]:
        """The partitions of now."""

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """Which of some partitions the events of a stream belong to, those to come too.

        Args:
            stream: the stream; whether it has events does not matter.
            among: partitions of now or of earlier of which no two overlap, as the marks of a cursor and the leases of
                a reader are.

        Raises:
            InvalidStream: a name that no stream can have.
            CursorInvalid: one of them is no partition of such a log, or none of them holds the stream.
        """

    def start(self) -> Cursor:
        """Before the first event."""

    def end(self) -> Cursor:
        """After the last event of now."""

    def check(self, cursor: Cursor) -> None:
        """Verifies that the witness of each mark still stands at its place.

        Raises:
            ForeignCursor, CheckpointBeyondHead, CursorExpired: see the class.
        """

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """The next events after the cursor; checks the cursor first, at every call.

        Args:
            after: where the reader stands.
            limit: how many events are looked at, at least 1; a store that keeps a transaction whole may exceed it.
            partitions: only these; the marks of the others stay.
            categories: only streams of these categories.
            types: only events of these stored names.

        Raises:
            RangeInvalid: limit below 1.
            InvalidStream: a category that no stream can have.
            ForeignCursor, CheckpointBeyondHead, CursorExpired: see the class.
        """

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """How `a` stands to `b`, over overlapping partitions: before, equal, after or mixed."""

    def lag(self, cursor: Cursor) -> int | None:
        """The number of events after the cursor; None where that cannot be counted."""

    def at(self, token: Token) -> Cursor:
        """The cursor at the place an append answered with.

        Raises:
            ForeignCursor: a token of another log.
            CheckpointBeyondHead: the log has not reached it.
        """

    def at_position(self, position: int) -> Cursor:
        """The cursor of everything at or below a position, where the feed has a total order.

        Raises:
            CapabilityMissing: it has none.
            PositionBeyondHead: the log has not reached it.
            RangeInvalid: below 0.
        """

    def at_time(self, recorded_us: int) -> Cursor:
        """The cursor of everything recorded at or before a time, where the feed has a total order.

        Raises:
            CapabilityMissing: it has none.
        """

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Waits until something stands after the cursor; False when `timeout` seconds passed first."""

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
        """The events after one cursor up to another as record batches, in the order of `read`; no event object is made.

        Args:
            after: exclusive.
            to: inclusive.
            columns: names out of `ARROW_COLUMNS`, and `IRREGULAR`.
            limit: rows of one batch, at most.
            categories: as for `read`.
            types: as for `read`.

        Raises:
            InvalidStream: a category that no stream can have.
        """


def check_page(limit: int, categories: Collection[str] | None) -> None:
    """Refuses a page that no feed gives.

    Raises:
        RangeInvalid: a limit below 1.
        InvalidStream: a category that no stream can have.
    """
    if type(limit) is not int or limit < 1:
        raise RangeInvalid(f"limit = {limit!r}: a page has at least 1 event.", field="limit")
    check_categories(categories)


def held_by_none(stream: str, partitions: Collection[str]) -> CursorInvalid:
    """What is said where none of some partitions holds a stream."""
    return CursorInvalid(
        f"None of the partitions {', '.join(sorted(partitions)) or '(none)':.200} holds the stream {stream}: they do"
        " not cover the log they were given for."
    )
