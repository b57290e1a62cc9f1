"""The ports of read models: where a table's state is kept, and what folds long histories.

State is where the fold lands. Rows, cursor and parked streams change in one commit, so at every instant

    state = fold(log up to its cursor, minus the parked and skipped events listed in the same commit).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import msgspec

from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.tally import Counted, Tally
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.generations import Generations

if TYPE_CHECKING:
    import pyarrow as pa


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit changes.

    Attributes:
        rows: key -> the row, or None where it is removed.
        parked: stream -> how it is parked now, or None where it no longer is.
        skips: new decisions to leave an event out.
        passed: the events between the two cursors that the table looks at, by their ids; parked and skipped ones too.
    """

    rows: Mapping[str, Row | None] = {}
    parked: Mapping[str, ParkedStream | None] = {}
    skips: Sequence[Skip] = ()
    passed: Sequence[Tally] = ()


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a table's state stands.

    Attributes:
        generation: counts rebuilds, from 1.
        cursor: what is folded.
        change: number of the last commit; every row and deletion carries the number of its last change.
        fingerprint: of the layout the rows were folded with.
        epoch: of the lease; a commit with an older one is refused.
        parked: how many streams are parked.
        forgotten: the marks of deletions up to this commit are gone; what was published before it is written anew.
    """

    generation: int
    cursor: Cursor
    change: int
    fingerprint: str
    epoch: int
    parked: int
    forgotten: int = 0


class Changed(msgspec.Struct, frozen=True):
    """What changed since a commit, read in one instant.

    Attributes:
        head: the state at that instant.
        rows: whole rows that changed, in the form of `arrowform.schema`.
        deleted: keys that were removed and are not there now.
        parked: the parked streams at that instant.
        skips: the events left out, at that instant.
    """

    head: Head
    rows: "pa.Table"
    deleted: Sequence[str]
    parked: Sequence[ParkedStream]
    skips: Sequence[Skip]


class Batches(msgspec.Struct, frozen=True):
    """What changed since a commit, read in one instant while it is open; fields as those of `Changed`.

    Attributes:
        head: the state at that instant.
        rows: whole rows that changed, batch by batch; read once, by whichever thread.
        deleted: keys that were removed and are not there now.
        parked: the parked streams at that instant.
        skips: the events left out, at that instant.
    """

    head: Head
    rows: "pa.RecordBatchReader"
    deleted: Sequence[str]
    parked: Sequence[ParkedStream]
    skips: Sequence[Skip]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a state takes over from a published version, in the place of all that it had.

    Attributes:
        rows: in the form of `arrowform.schema`.
        parked: the parked streams.
        skips: the events left out.
        cursor: the events that are contained.
        generation: of the version.
        publication: the kind of the publication.
        epoch: under which the state has the table from here on.
    """

    rows: "pa.Table"
    parked: Sequence[ParkedStream]
    skips: Sequence[Skip]
    cursor: Cursor
    generation: int
    publication: str
    epoch: int


class TableState(Protocol):
    """One generation of one table's state. Safe to share between threads; many processes may open the same."""

    @property
    def layout(self) -> Layout:
        """The layout of its rows."""

    def head(self) -> Head:
        """Where it stands now."""

    def rows(self, keys: Collection[str]) -> dict[str, Row]:
        """The rows of those keys that have one."""

    def count(self) -> int:
        """How many rows it has."""

    def parked(self) -> dict[str, ParkedStream]:
        """The parked streams by name."""

    def skips(self) -> Sequence[Skip]:
        """The events that people decided to leave out; they stay decided for every later generation."""

    def commit(
        self, changes: Changes, *, read: Cursor, then: Cursor, epoch: int = 0, change: int | None = None
    ) -> int:
        """Changes rows, parked streams and cursor in one commit; returns its change number.

        Args:
            changes: what changes.
            read: the cursor that the changes were folded from.
            then: the cursor after it; may equal `read` (a retry of parked events).
            epoch: of the lease; 0 = without a lease.
            change: the commit that rows and parked streams were read at; a retry of parked events changes both and
                leaves the cursor where it is.

        Raises:
            StaleCursor: the stored cursor no longer equals `read`, another commit came after `change`, or this
                generation is no longer there.
            OwnerFenced: the lease has passed to another worker.
            StorageError: nothing changed (or `OutcomeUnknown`: read the head to see).
        """

    def load(
        self,
        rows: "pa.Table",
        parked: Iterable[ParkedStream],
        skips: Iterable[Skip] = (),
        *,
        read: Cursor,
        then: Cursor,
    ) -> int:
        """Fills an empty generation with folded rows, and what they leave out, in one commit; otherwise as `commit`.

        The events behind them are not counted by range: `passed` begins after them.
        """

    def passed(self) -> Counted:
        """The events that page by page were folded, parked or skipped, by their ids; changed in the rows' commits."""

    def changed(self, since: int) -> Changed:
        """Everything that changed after commit `since`; 0 = all rows.

        Raises:
            StaleCursor: deletions after `since` are forgotten, see `Head.forgotten`.
        """

    def batches(self, since: int) -> AbstractContextManager[Batches]:
        """As `changed`, for who takes all rows and need not have them at once: some MiB of them are in memory.

        Where they cannot be read to the end, whoever reads them gets some error, and leaving the context raises why.

        Raises:
            StaleCursor: as `changed`.
        """

    def acquire(self, owner: str, seconds: float, *, over: str = "") -> int:
        """Takes or renews the lease for `seconds`, a day at most; returns its epoch.

        Args:
            owner: who takes it, unlike any other.
            seconds: for how long.
            over: a lease as a refusal told it, whose owner is thought to be gone: taken though it has not run out,
                unless it has changed since. If its owner lives after all, the new epoch keeps it from the rows.

        Raises:
            OwnerFenced: another owner holds it and it has not run out. The facts: its `owner`, the `lease` as it
                stands, and the `seconds` that it lasts at most.
        """

    def holder(self) -> str:
        """Who holds the lease now; empty where nobody does."""

    def release(self, owner: str) -> None:
        """Gives the lease back, if it is held by `owner`."""

    def publishing(self, publication: str, change: int) -> None:
        """Notes, before it is written, that a publication is to contain everything up to `change`."""

    def published(self, publication: str, change: int, *, keep: float) -> None:
        """Notes that a publication contains everything up to `change`.

        Marks of deletions go that every publication has passed; one that has noted nothing for `keep` seconds is not
        waited for.
        """

    def noted(self, publication: str) -> frozenset[int]:
        """The changes that a publication may contain, as noted: published, and about to be; empty where none are."""

    def owned(self, publication: str) -> int:
        """The epoch under which this state has the published table, in any generation; 0 = it never took it over."""

    def own(self, publication: str, epoch: int, skips: Sequence[Skip] = ()) -> None:
        """Notes that epoch, and in the same commit decisions to leave events out that came with the table."""


class State(Generations, Protocol):
    """Keeps the state of an app's tables over one log."""

    def live(self, layout: Layout, start: Cursor, *, above: int = 0) -> TableState:
        """The live generation of a table; made at `start`, with a number above `above`, where there is none.

        Raises:
            ForeignCursor: the state belongs to another log.
            FormatUnknown: the place is no state, or of a later release.
            TableInvalid: there is none, but rows that were folded by the same definition are kept.
        """

    def found(self, layout: Layout) -> TableState | None:
        """The live generation of a table; None where there is none."""

    def fresh(self, layout: Layout, start: Cursor, *, above: int = 0) -> TableState:
        """A new, empty generation beside the live one, unseen until `swap`; a left-over unfinished one is dropped.

        Args:
            layout: of its rows.
            start: where it begins.
            above: its number will be larger than this, and than that of every generation before.
        """

    def swap(
        self, fresh: TableState, *, live: int | None, over: TableState | None = None, keep: bool = False
    ) -> None:
        """Makes `fresh` the live generation in one transaction, in the place of the old one.

        Args:
            fresh: from `fresh`, folded at least as far as the live generation.
            live: the commit at which the caller compared with the live generation; None where there was none.
            over: the live generation of another table, in whose place it comes; None = of the same one.
            keep: keeps the old generation, if it was folded by another definition, and drops those that were kept.

        Raises:
            StaleCursor: the live generation has moved since; fold on and compare again.
        """

    def replace(self, live: TableState, taken: Taken, *, at: int) -> TableState:
        """Puts a published version in the place of the live generation, in one commit, with the number after `at`.

        What is published counts as that commit: the next publication carries what has changed since. The generation
        gets the number of the published one.

        Args:
            live: the live generation.
            taken: what it has from here on.
            at: the commit at which the caller looked at it.

        Raises:
            StaleCursor: it has moved on since.
        """

    def ledger(self, start: Cursor) -> Ledger:
        """The ledger of the log; begun after `start` where there is none."""

    def close(self) -> None:
        """Releases what is held."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of a range a fold looks at.

    Attributes:
        skips: events left out, as (stream, version).
        parked: streams that are parked already: none of their events are folded.
        occurred_to_us: only events that occurred at or before it.
        recorded_to_us: only events recorded at or before it.
    """

    skips: frozenset[tuple[str, int]] = frozenset()
    parked: Mapping[str, ParkedStream] = {}
    occurred_to_us: int | None = None
    recorded_to_us: int | None = None


class Folded(msgspec.Struct, frozen=True):
    """What a fold of a history gives.

    Attributes:
        rows: one row per key, in the form of `arrowform.schema`, in no particular order.
        parked: all parked streams, those of the scope included.
        events: how many events were looked at.
    """

    rows: "pa.Table"
    parked: Mapping[str, ParkedStream]
    events: int


class Engine(Protocol):
    """Folds long histories. Must equal the reference fold row for row, types included."""

    def fold(
        self,
        events: "Iterable[pa.RecordBatch]",
        layout: Layout,
        registry: Registry,
        *,
        scope: Scope,
        base: "pa.Table | None" = None,
    ) -> Folded:
        """Folds events onto `base` (rows in the form of `arrowform.schema`), in flat memory for the events.

        Args:
            events: record batches with the columns of `columns(layout)`, in feed order.
            layout: the table.
            registry: knows event types and upcasters.
            scope: which events count.
            base: the rows to go on from.
        """
