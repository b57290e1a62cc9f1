"""`Live`: an app bound to a log, a state and a lake. It folds, publishes and answers."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec import structs

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.repository import Repository
from eventfold.app.binding import bind_tables
from eventfold.app.definition import Definition
from eventfold.app.handlers import WithHandlers
from eventfold.app.handling import Handling
from eventfold.app.pulse import Pulse
from eventfold.app.status import CaughtUp, Status, TableCaughtUp, status
from eventfold.app.tables import LiveTable
from eventfold.errors import DefinitionError, EventfoldError, LogMismatch, StorageFailed, TableNotFound
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor, Token
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.loop import Follower, Loop, catch_up
from eventfold.feed.shared import SharedReads
from eventfold.handlers.targets.place import Place
from eventfold.readmodels.counting.unknown import UnknownType, told
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.folding.projector import Read
from eventfold.readmodels.following.catching import CatchingUp
from eventfold.readmodels.following.ledger import LedgerKeeper, is_counted
from eventfold.readmodels.following.worker import TableWorker
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.open import open_state
from eventfold.readmodels.port import Ledger
from eventfold.readmodels.telling import Distance, parked_warnings
from eventfold.store.lacking import expect_log
from eventfold.store.port import Store

if TYPE_CHECKING:
    from eventfold.readmodels.asking.query import Result
    from eventfold.readmodels.audit.report import Audit, AuditProgress

_log = logging.getLogger("eventfold.live")
A = TypeVar("A", bound=Aggregate[Any])
_SNAPSHOT_SECONDS = 10.0


class Live(WithHandlers):
    """An open app; made by `App.open`. Safe to share between threads.

    Args:
        app: the definition.
        store: the log; closed with the app.
        state: the URL of the state.
        lake: the folder of the Delta tables, or None.
        targets: where the effects of handlers go, by name.
    """

    def __init__(
        self,
        app: Definition,
        store: Store,
        *,
        state: str,
        lake: str | None,
        targets: Mapping[str, Place] | None = None,
    ) -> None:
        self.app = app
        self.store = store
        self._lake = lake
        self._distance = Distance(store.feed())
        self._warned: set[tuple[str, str]] = set()
        self._repositories: dict[type, Repository[Any]] = {}
        self.pulse = Pulse()
        self._handling = Handling(app, store, targets or {}, self.repository, self.pulse)
        self._state = open_state(state, store.log_id)
        try:
            self._tables = bind_tables(app, store, self._state, lake) if app.tables else {}
        except BaseException:
            self._state.close()
            raise

    def __repr__(self) -> str:
        """Its name and its tables; no URL, which may hold a key."""
        return f"<{self.app.name}: {', '.join(self._tables) or 'no tables'}>"

    def _repr_html_(self) -> str:
        """How it stands, in a notebook; of one that is closed, what it is called."""
        try:
            return self.status()._repr_html_()
        except EventfoldError as error:
            return markup.paragraph(f"{self.app.name}: {error.message}")

    def repository(self, aggregate_type: type[A]) -> Repository[A]:
        """The aggregates of one type.

        Raises:
            DefinitionError: the app has no such aggregate.
            CapabilityMissing: a topic of the log is open, and not the log.
        """
        self._alive()
        if aggregate_type not in self.app.aggregates:
            name = getattr(aggregate_type, "__name__", repr(aggregate_type))
            raise DefinitionError(
                f"{name:.60} is no aggregate of {self.app.name}: add it to aggregates=[...]."
            )
        expect_log(self.store, f"Deciding on {aggregate_type.definition.category}s")
        found = self._repositories.get(aggregate_type)
        if found is None:
            self._handling.begin()
            # of two threads that make it at once both go on with one, which is closed with the app
            made = Repository(self.store, self.app.registry, aggregate_type)
            found = self._repositories.setdefault(aggregate_type, made)
        return found

    def table(self, table: type[Table] | str) -> LiveTable:
        """One table, by its class or its name.

        Raises:
            TableNotFound: the app has no such table.
        """
        self._alive()
        name = table if isinstance(table, str) else str(getattr(getattr(table, "spec", table), "name", table))
        if name not in self._tables:
            known = ", ".join(sorted(self._tables)) or "none"
            raise TableNotFound(f"{self.app.name} has no table {name!r:.60}; it has: {known}.", table=name)
        return self._tables[name]

    @property
    def tables(self) -> Sequence[LiveTable]:
        """All tables, in the order of the definition."""
        self._alive()
        return list(self._tables.values())

    def catch_up(
        self, *, progress: Callable[[int, int | None], object] | None = None, timeout: float = 60.0
    ) -> CaughtUp:
        """Folds everything that is in the log into every table and publishes it; tells what was done, and what waits.

        A table that another worker keeps is waited for, until that one has come to where the log ends now and has
        published it. What a worker left that has ended is taken over at once; one of which nothing is known, as in
        another container, keeps its table for up to half a minute after its last sign.

        Args:
            progress: called after each page with the events done, by all tables together, and, where they can be
                counted, all that there are to do.
            timeout: seconds to wait for another worker.

        Raises:
            TableBehind: another worker keeps a table and does not come as far within that time.
            OwnerFenced: a worker of which nothing is known holds a table for longer.
            LogMismatch, TableInvalid: a table and the log do not belong together, or its definition changed.
        """
        read = SharedReads(self.store.feed()).read
        workers = self._workers(read=read)
        feed, target = self.store.feed(), list[Cursor]()

        def end() -> Cursor:
            """Of the log, as it was when it was first asked for: by nobody, where no table is another's."""
            target[:] = target or [feed.end()]
            return target[0]

        reaching = [CatchingUp(worker, feed, target=end, timeout=timeout) for worker in workers]
        followers = self._followers(reaching, read)
        if progress is None:
            catch_up(followers)
            return self._caught_up(workers)
        total = self._lag()

        def show() -> None:
            left = self._lag() if total is not None else None
            if total is None or left is None:
                progress(sum(worker.handled for worker in workers), None)
            else:
                progress(max(0, total - left), total)

        catch_up(followers, progress=show)
        return self._caught_up(workers)

    def run(self, stop: threading.Event, *, every: float = 5.0) -> None:
        """Keeps every table up to date and runs every handler until `stop` is set.

        What another worker has is taken over when that one ends. Handlers run in threads of their own, and are left
        within ten seconds, whatever hangs. A table or a handler that cannot go on stops alone, which `pulse` tells.

        Args:
            stop: set it from a signal handler or another thread.
            every: seconds between two publications, at least.

        Raises:
            ConfigInvalid: a handler names a target that the app was not opened with.
            StoreFenced: the log takes nothing any more until it is opened again.
            HandlerCrashed: a handler's worker ended by an error that is none of eventfold's.
            EventfoldError: nothing can go on.
        """
        with self._handling.running(stop) as others:
            read = SharedReads(self.store.feed()).read
            followers = self._followers(self._workers(every, read), read, self._tell_unknown)
            if followers:
                try:
                    with self.pulse.of(Loop(followers, self.store.feed())) as loop:
                        loop.run(others.stop)
                except EventfoldError:
                    if not others:
                        raise
                    _log.exception("No table goes on; handlers do")
            others.wait()

    def query(
        self,
        sql: str,
        parameters: Sequence[object] | Mapping[str, object] = (),
        *,
        after: Token | None = None,
    ) -> "Result":
        """One SELECT over the tables, in DuckDB's SQL; the newest rows of the state are always in it.

        Beside them stands the view `events`: position, stream, category, version, type, recorded_at, occurred_at,
        actor, correlation_id, data, metadata of every event of the log. A condition on stream, type, category or
        position is taken to the log, which is not read any further than it asks.

        The result says how many streams are parked, and by how much a table is behind the log.

        Args:
            sql: the statement.
            parameters: values for `?` or `$name`.
            after: waits until the tables it names contain what an append answered with.

        Raises:
            QueryInvalid: it is no SELECT, or cannot be answered.
            TableBehind: the tables did not reach `after` in time.
        """
        self._alive()
        with needing("A query", "lake"):
            from eventfold.readmodels.asking.query import Source, names_in, query
        if after is not None:
            named = names_in(str(sql))
            for table in self.tables:
                if table.name in named:
                    table.wait(after)
        sources = [Source(t.live(), t.publication) for t in self.tables]
        return query(sources, sql, parameters, distance=self._distance, log=self.store)

    def verify(self, *, sample: int | None = None, progress: "AuditProgress | None" = None) -> "Audit":
        """Compares log, ledger, state and published rows, while writers and followers go on.

        The log by itself: no version or position missing or twice, no recorded time going back. What its events said
        when the tables first passed them (the ledger, kept in the state): no event removed, added or altered since.
        Which events each table was given, by range of positions. The rows of the state and of the newest published
        version, and a sample of the aggregates' snapshots: against a fold of the log from zero. The ledger then goes up
        to the end that was looked at; where the state may not be written, all is compared and a note says so.

        It reads the log twice or more, holds the rows of a table as columns, and some bytes for each stream.

        Args:
            sample: compares that many keys of each table, drawn at random from the fold, instead of all rows, and that
                many snapshots of each aggregate type instead of a hundred.
            progress: called with what is done ("log", "rows"), how much, and of how much.

        Raises:
            RangeInvalid: a sample below 1.
            ExtraMissing: the packages that compare are not installed.
        """
        self._alive()
        with needing("An audit", "lake"):
            from eventfold.engines.open import open_engine
            from eventfold.readmodels.audit.auditing import Audited, Auditing
            from eventfold.readmodels.audit.snapshots import SnapshotAudit
        tables = [Audited(t.layout, t.live(), t.publication) for t in self.tables]
        ledger, notes = None, []
        try:
            ledger = self._ledger() if tables else None
        except StorageFailed as error:
            notes.append(f"Nothing was recorded of this log, and the ledger cannot be begun: {error.message}")
        kept = self.app.aggregates if self.store.capabilities.has_log else ()
        snapshots = [SnapshotAudit(self.store, self.app.registry, one) for one in kept]
        audit = Auditing(
            self.store.feed(), ledger, tables, self.app.registry, open_engine(), progress, snapshots
        )
        found = audit(sample)
        unknown = self.unknown()
        warnings = [*parked_warnings(found.parked), *told(unknown)]
        return structs.replace(found, unknown=unknown, warnings=warnings, notes=[*notes, *found.notes])

    def unknown(self) -> list[UnknownType] | None:
        """The events that tables miss, because the app does not know their types and does not ignore them.

        They are counted by who follows the log, beside its tables. A log that was followed before that was done is
        counted by the next `catch_up`, `run`, `verify` or rebuild of a table: until then the answer is None.
        """
        self._alive()
        if not self._tables:
            return []
        try:
            ledger = self._ledger()
        except StorageFailed:
            return None  # it was never begun, and who may only read cannot
        if not is_counted(ledger, self.store.feed()):
            return None
        return [one for table in self.tables for one in table.unknown(ledger)]

    def status(self, *, watch: float = 0.0) -> Status:
        """How the log and every table stand.

        Args:
            watch: seconds for which tables that are behind are watched, to tell their rate.
        """
        self._alive()
        try:
            unknown = self.unknown()
        except EventfoldError:
            unknown = None  # a table or the log cannot be read, which is told of it
        handlers = list(self.app.handlers.values())
        return status(self.app.name, self.store, self.tables, unknown, handlers=handlers, watch=watch)

    def close(self) -> None:
        """Takes the snapshots that are due, within ten seconds, and closes state and log.

        Later calls raise `StoreClosed`, those of its tables and repositories too.
        """
        until = time.monotonic() + _SNAPSHOT_SECONDS
        try:
            for repository in self._repositories.values():
                repository.close(max(0.0, until - time.monotonic()))
        finally:
            self._state.close()
            self.store.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def _lag(self) -> int | None:
        """What all tables have to look at still; None where it cannot be counted."""
        feed = self.store.feed()
        lags = [feed.lag(table.live().head().cursor) for table in self.tables]
        counted = [lag for lag in lags if lag is not None]
        return sum(counted) if len(counted) == len(lags) else None

    def _followers(
        self, workers: Sequence[Follower], read: Read, met: Callable[[], object] | None = None
    ) -> list[Follower]:
        """The workers, with the ledger behind the first."""
        if not workers:
            return []
        return [LedgerKeeper(workers[0], self._ledger(), read, self.store.feed(), met), *workers[1:]]

    def _caught_up(self, workers: Sequence[TableWorker]) -> CaughtUp:
        unknown = self.unknown()
        parked = {table.name: count for table in self.tables if (count := table.live().head().parked)}
        warnings = [*parked_warnings(parked), *told(unknown)]
        tables = [
            TableCaughtUp(name=worker.table, events=worker.handled, published=worker.made)
            for worker in workers
        ]
        return CaughtUp(tables=tables, unknown=unknown, parked=parked, warnings=warnings)

    def _tell_unknown(self) -> None:
        """Says once of each table which types it misses, and again where there are more."""
        for table, types in groupby(self.unknown() or (), key=lambda one: one.table):
            found = list(types)
            names = {(table, one.type) for one in found}
            if not names <= self._warned:
                self._warned |= names
                _log.warning("%s", told(found)[0])

    def _workers(self, every: float = 5.0, read: Read | None = None) -> list[TableWorker]:
        owner = new_owner()
        return [
            TableWorker(
                table.live,
                self.store.feed(),
                self.app.registry,
                owner=owner,
                publication=table.publication,
                every=every,
                read=read,
            )
            for table in self.tables
        ]

    def _ledger(self) -> Ledger:
        """Begun where the table stands that has come least far: what it has yet to pass is recorded."""
        feed = self.store.feed()
        cursors = [table.live().head().cursor for table in self.tables]
        with suppress(LogMismatch):
            for cursor in cursors[1:]:
                if feed.compare(cursor, cursors[0]) == "before":
                    cursors[0] = cursor
        return self._state.ledger(cursors[0])
