"""One table of a live app: its rows now and at any moment, why they are so, and what waits."""

import time as clocks
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import structs

from eventfold.app.parked import ParkedStreams
from eventfold.app.parts.planned import Planned
from eventfold.errors import (
    ConfigInvalid,
    CursorLost,
    EventfoldError,
    RowNotFound,
    TableBehind,
)
from eventfold.events.metadata import current
from eventfold.events.registry import Registry
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor, Token
from eventfold.feed.parking import Skip
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.unknown import Sought, UnknownType, told
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.projector import Projector, check_definition
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.readmodels.lakecopy.through import through
from eventfold.readmodels.notebook.frames import Framed
from eventfold.readmodels.port import Engine, State, TableState
from eventfold.readmodels.publishing.publication import LakePublication, Publication
from eventfold.readmodels.publishing.publisher import KEEP_SECONDS, Publisher
from eventfold.readmodels.publishing.seeding import seed
from eventfold.readmodels.search.port import SearchPublication
from eventfold.readmodels.telling import not_parked, parked_warnings, place
from eventfold.store.lacking import expect_log
from eventfold.store.port import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from eventfold.readmodels.asking.asof import AsOf, Clock
    from eventfold.readmodels.asking.diff import Diff
    from eventfold.readmodels.asking.moments import Moment, Moments
    from eventfold.readmodels.asking.why import Explanation
    from eventfold.readmodels.folding.rebuild import History, Progress, Rebuilt

_POLL_SECONDS = 0.01


class LiveTable(Planned, Framed):
    """A table bound to its log, state and publication; made by `Live.table`.

    Args:
        layout: of its rows.
        store: the log.
        state: where its rows are kept.
        registry: event types and upcasters.
        engine: folds histories.
        publication: where it is published, if anywhere.
        sought: where it would miss events, and of which types it cannot; None = nobody asks.
        app: the name of its app.
        copy: the copy of the log in the lake, where one is kept.
        others: the other places where it is published.
        keep: seconds for which marks of deletions are kept for a publication that does not come.
        index: the one of the other places where it is searched, if any.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        state: State,
        registry: Registry,
        engine: Engine,
        publication: LakePublication | None,
        sought: Sought | None = None,
        app: str = "",
        copy: CopyTable | None = None,
        others: Sequence[Publication] = (),
        keep: float = KEEP_SECONDS,
        index: SearchPublication | None = None,
    ) -> None:
        self.layout = layout
        self.publication = publication
        self.others = tuple(others)
        self.keep = keep
        self.index = index
        self._store = store
        self._feed: Feed = store.feed()
        self._state = state
        self._registry = registry
        self._engine = engine
        self._sought = sought
        self._app = app
        self._copy = copy
        self._above: int | None = None

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.layout.spec.name

    @property
    def publications(self) -> Sequence[Publication]:
        """Everywhere where it is published, the lake first."""
        return self.others if self.publication is None else (self.publication, *self.others)

    def live(self) -> TableState:
        """The live generation of its state."""
        if self._above is not None:
            return self._state.live(self.layout, self._feed.start(), above=self._above)
        # looked up once: what is published only counts where a lost state is made anew
        self._above = self._published_generation()
        made = self._state.live(self.layout, self._feed.start(), above=self._above)
        if self.publication is not None and self._above:
            seed(made, self.publication, self._feed)
        return made

    def rows(self) -> list[dict[str, Any]]:
        """All rows as they are in the state now, as maps, ordered by key.

        Raises:
            TableInvalid: the rows were folded under another definition.
        """
        found: list[dict[str, Any]] = self.frame().to_pylist()
        return found

    def frame(self) -> "pa.Table":
        """The rows as `rows`, as an Arrow table."""
        state = self.live()
        check_definition(self.layout, state.head())
        found = state.changed(0).rows.select([slot.name for _, slot in self.layout.shown])
        return found.sort_by(self.layout.spec.key_name)

    def __repr__(self) -> str:
        """Its name, and how its state stands."""
        name = f"Table {self.name}" + (f" of {self._app}" if self._app else "")
        try:
            state = self.live()
            head, rows = state.head(), state.count()
        except EventfoldError as error:  # it is closed, or cannot be read
            return f"<{name}: {error.code}>"
        waits = f", {head.parked:,} parked" if head.parked else ""
        return f"<{name}: {rows:,} {'row' if rows == 1 else 'rows'}, {place(head.cursor)}{waits}>"

    def get(self, key: str) -> dict[str, Any]:
        """The row of a key as it is in the state now.

        Raises:
            RowNotFound: there is none.
            TableInvalid: the rows were folded under another definition.
        """
        state = self.live()
        head = state.head()
        check_definition(self.layout, head)
        row = state.rows([key]).get(key) if isinstance(key, str) else None
        if row is None:
            told = "".join(f" {warning}." for warning in parked_warnings({self.name: head.parked}))
            raise RowNotFound(f"The table {self.name} has no row {key!r}.{told}", table=self.name, key=key)
        return self.layout.show(row)

    def at(
        self,
        *,
        cursor: Cursor | None = None,
        position: int | None = None,
        time: datetime | date | str | None = None,
        clock: "Clock" = "recorded",
    ) -> "AsOf":
        """The table as it was; equal to a fold of the log from zero.

        Args:
            cursor: after everything up to this cursor; or
            position: after everything at or below this position, where the log has a total order; or
            time: after everything recorded at or before this time; with `clock="occurred"`, everything that is
                known now and occurred at or before it (up to `position` or `cursor`, if one is given too).
            clock: which time is meant. A time is an aware `datetime`, a day (its beginning in UTC), or either as text
                in ISO 8601 (UTC where it names no zone).

        A table has no version to ask for: its rows come of many streams. `Repository.at` takes the version of one.

        Raises:
            RangeInvalid: not exactly one moment is given; or the clock "occurred" without a time.
            TimeInvalid: it is no time, or a `datetime` without a time zone.
            PositionBeyondHead: the log has not reached it.
            CapabilityMissing: a position on a log without total order.
        """
        return self._moments().at(cursor, position, time, clock)

    def diff(
        self,
        a: "Moment",
        b: "Moment" = "now",
        *,
        key: str | None = None,
        internal: bool = False,
        clock: "Clock" = "recorded",
    ) -> "Diff":
        """What became of the table between two moments: rows added, removed, and changed by column.

            for change in table.diff(yesterday, "now"): ...
            table.diff("2025-03-01", "2025-04-01", clock="occurred")  # what March did, as far as it is known now

        Args:
            a: the one moment: a cursor, a position (where the log has a total order), a time as `at` takes it,
                "now" (the end of the log), or what `at` answered.
            b: the other moment.
            clock: what times mean. With "occurred" a time stands for everything that is known now and occurred at or
                before it. Cursors, positions and "now" keep their meaning, which is what was known: "now" is all that
                the log holds, what is dated later than today too. So `diff(time, "now", clock="occurred")` says what
                all that is known now to have occurred after the time made of the table.
            key: only the row of this key.
            internal: the columns with a leading underscore count too; without it a row that an event touched and left
                as it was has not changed.

        Raises:
            RangeInvalid: no such moment, or what `at` of another table answered; or the clock "occurred" where
                neither moment is a time.
            TimeInvalid, PositionBeyondHead, CapabilityMissing: as `at`.
            ExtraMissing: the packages that compare are not installed.
        """
        with needing("Comparing", "lake"):
            from eventfold.readmodels.asking.diff import diff
        return diff(*self._moments().pair(a, b, clock), key=key, internal=internal)

    def why(self, key: str) -> "Explanation":
        """The events behind a row, in order, with the row before and after each; and how many streams are parked.

        Raises:
            CapabilityMissing: a topic of the log is open, and not the log.
        """
        expect_log(self._store, "Why a row is as it is")
        from eventfold.readmodels.asking.why import Explanation, Why

        steps = Why(self.layout, self._store, self._registry)(key, self._skips())
        parked = self.live().head().parked
        return Explanation(steps, {self.name: parked} if parked else {}, key)

    def rebuild(self, *, progress: "Progress | None" = None, from_copy: bool | None = None) -> "Rebuilt":
        """Folds the whole history into a new generation, swaps it in, publishes it; the live rows stay until then.

        Args:
            progress: called with the events done and, where it can be counted, all of them.
            from_copy: whether the history is read from the copy in the lake, up to its last border, and only on from
                there from the log. None = where a copy is kept and a service keeps the log, in which reading takes
                requests, time and money; a file is read faster itself.

        Raises:
            EngineFenced: another engine has the published table: `take_over(rebuild=True)` does both.
            ConfigInvalid: it is to be read from a copy, and none is kept.
            TableStopped: an event fails, and the table is to stop at it.
            CursorLost, LogMismatch: the copy cannot be trusted: see what `status` says of it.
        """
        self._check_owner()
        return self._fold_anew(progress, from_copy)

    def _fold_anew(
        self,
        progress: "Progress | None",
        from_copy: bool | None,  # noqa: FBT001 - as it was given
        before: Layout | None = None,
        *,
        keep: bool = False,
    ) -> "Rebuilt":
        from eventfold.readmodels.folding.rebuild import Rebuild
        from eventfold.readmodels.following.ledger import renew, settle

        rebuild = Rebuild(self._store, self._state, self._registry, self._engine, self._history(from_copy))
        above = self._published_generation()
        done = rebuild(self.layout, above=above, progress=progress, before=before, keep=keep)
        at = self.live().head().cursor
        ledger = self._state.ledger(at)
        renew(ledger, self._feed, at)
        settle(ledger, self._feed, *rebuild.counted)
        for publication in self.publications:
            Publisher(self.live(), publication, self._feed, keep=self.keep).publish(reclaim=True)
        unknown = self.unknown(ledger)
        warnings = [*parked_warnings({self.name: done.parked}), *told(unknown)]
        return structs.replace(done, unknown=unknown, warnings=warnings)

    def unknown(self, ledger: Ledger) -> list[UnknownType]:
        """The types that the app does not know in the streams of the table, as far as the ledger has counted them."""
        found = () if self._sought is None else ledger.unknown(self._sought)
        return [UnknownType(table=self.name, type=name, events=events) for name, events in found]

    def parked(self) -> ParkedStreams:
        """The streams whose events wait, by name; a mapping that shows itself, in a notebook as a table."""
        return ParkedStreams(self.name, self.live().parked())

    def retry(self, stream: str) -> bool:
        """Folds the parked events of a stream again, in order; False where it is parked again.

        A table that cannot take events late is rebuilt.

        Raises:
            NotFound: the stream is not parked.
            EngineFenced: another engine has the published table.
        """
        if not isinstance(stream, str):
            raise not_parked(self.name, stream)
        self._check_owner()
        if self.layout.spec.takes_late_events:
            return self._projector().retry(self._store, stream)
        if stream not in self.parked():
            raise not_parked(self.name, stream)
        self.rebuild()
        return stream not in self.parked()

    def skip(self, stream: str, reason: str) -> bool:
        """Leaves the event that failed out of this table for a recorded reason and folds what waited behind it.

        A table that cannot take events late is rebuilt.

        Raises:
            NotFound: the stream is not parked.
            RangeInvalid: the reason is empty.
            EngineFenced: another engine has the published table.
        """
        if not isinstance(stream, str):
            raise not_parked(self.name, stream)
        self._check_owner()
        waiting = self.parked().get(stream)
        skip = Skip(
            stream=stream,
            version=waiting.version if waiting else 0,
            reason=reason,
            actor=str(current().get("actor", "")),
            skipped_us=clocks.time_ns() // 1000,
        )
        if self.layout.spec.takes_late_events:
            return self._projector().skip(self._store, stream, skip)
        self._projector().note(stream, skip)
        self.rebuild()
        return stream not in self.parked()

    def wait(self, token: Token, seconds: float = 10.0) -> None:
        """Waits until the state contains what an append answered with; somebody must be following.

        Raises:
            TableBehind: it does not within that time.
        """
        target = self._feed.at(token)
        until = clocks.monotonic() + seconds
        while self._feed.compare(self.live().head().cursor, target) not in {"equal", "after"}:
            if clocks.monotonic() >= until:
                raise TableBehind(
                    f"The table {self.name} did not reach the append within {seconds:g} s: start a worker, `eventfold"
                    " run`, or fold it now, with live.catch_up() or `eventfold run --once`.",
                    table=self.name,
                )
            clocks.sleep(_POLL_SECONDS)

    def _history(self, from_copy: bool | None) -> "History | None":  # noqa: FBT001 - as it was given
        if from_copy is None:
            from_copy = self._copy is not None and not self._feed.capabilities.countable
        if from_copy and self._copy is None:
            raise ConfigInvalid(
                "No copy of the log is kept to rebuild from: open the app with one, --copy (in Python copy=True).",
                key="copy",
            )
        return partial(through, self._copy, self._feed) if from_copy and self._copy is not None else None

    def _published_generation(self) -> int:
        try:
            published = self.publication.head() if self.publication else None
        except CursorLost:
            return 0  # said again where somebody publishes; a rebuild is the way out
        return published.stamp.generation if published else 0

    def _projector(self) -> Projector:
        return Projector(self.live(), self._feed, self._registry)

    def _moments(self) -> "Moments":
        from eventfold.readmodels.asking.asof import History
        from eventfold.readmodels.asking.moments import Moments

        history = History(self.layout, self._feed, self._registry, self._engine, self.publication)
        return Moments(self.layout, self._store, history, self._skips())
