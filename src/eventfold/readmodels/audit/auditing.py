"""The audit as a whole: one reading of the log for everything that was counted, then the rows of each table."""

from collections.abc import Sequence

import msgspec

from eventfold.errors import (
    EventfoldError,
    LogMismatch,
    RangeInvalid,
    StaleCursor,
    StorageError,
    StorageFailed,
    TableInvalid,
)
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.audit.logs import LogLook
from eventfold.readmodels.audit.reading import Look, reach, read_all
from eventfold.readmodels.audit.report import Audit, AuditProgress, Finding, Findings, TableAudit, Where
from eventfold.readmodels.audit.rows import UNREADABLE, RowAudit, Rows, read_rows, read_some
from eventfold.readmodels.audit.snapshots import SAMPLE, SnapshotAudit
from eventfold.readmodels.audit.tallies import PlaceLook, TallyLook, explain, fitting
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.tally import Counted, content, identity
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.projector import check_definition
from eventfold.readmodels.following.ledger import settle
from eventfold.readmodels.port import Engine, TableState
from eventfold.readmodels.publishing.publication import LakePublication
from eventfold.store.irregular import told


class Audited(msgspec.Struct, frozen=True):
    """A table that is audited.

    Attributes:
        layout: of its rows.
        state: the live generation.
        publication: where it is published, if anywhere.
    """

    layout: Layout
    state: TableState
    publication: LakePublication | None

    @property
    def name(self) -> str:
        """Of the table."""
        return self.layout.spec.name


class Auditing:
    """One audit; writers and followers go on beside it.

    Args:
        feed: the log.
        ledger: what its events said before; None where no table keeps one.
        tables: what is folded from it.
        registry: event types and upcasters.
        engine: folds.
        progress: called now and then.
        snapshots: of aggregate types.
    """

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger | None,
        tables: Sequence[Audited],
        registry: Registry,
        engine: Engine,
        progress: AuditProgress | None = None,
        snapshots: Sequence[SnapshotAudit] = (),
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._tables = tables
        self._registry = registry
        self._engine = engine
        self._snapshots = snapshots
        self._progress: AuditProgress = progress or (lambda _what, _done, _of: None)
        self._findings = Findings()

    def __call__(self, sample: int | None = None) -> Audit:
        """Compares everything.

        Args:
            sample: how many keys of each table, and snapshots of each aggregate type, are compared; None = all rows,
                and a hundred snapshots.

        Raises:
            RangeInvalid: a sample below 1.
        """
        if sample is not None and (type(sample) is not int or sample < 1):
            raise RangeInvalid(f"sample = {sample!r}: compare at least one key of a table.", field="sample")
        tables = [table for table in self._tables if self._readable(table)]
        # counted first, the end after it: whatever was counted stands before the end
        passed = {table.name: table.state.passed() for table in tables}
        ledger = self._ledger.counted() if self._ledger else None
        stands = {table.name: table.state.head() for table in tables}
        end = self._feed.end()
        log, looks, fresh = self._looks(end, tables, passed, ledger)
        done: list[TableAudit] = []
        failed = self._read(
            [log, *looks.values(), *([fresh] if fresh else [])], explained=list(looks.values())
        )
        if log.irregular:
            self._findings.notes.append(f"The log holds {told(log.irregular)}.")
        for n, table in enumerate(tables):
            self._progress("rows", n, len(tables))
            rows, published, published_rows = self._rows(table, sample)
            done.append(
                TableAudit(
                    table=table.name,
                    generation=stands[table.name].generation,
                    parked=stands[table.name].parked,
                    events=looks[table.name].events,
                    uncounted=self._before(passed[table.name].since),
                    rows=rows,
                    published=published,
                    published_rows=published_rows,
                )
            )
        self._progress("rows", len(tables), len(tables))
        heads = log.heads if self._snapshots else {}
        compared = sum(look(heads, sample or SAMPLE, self._findings) for look in self._snapshots)
        self._keep(ledger, fresh, log if log not in failed else None, end)
        return Audit(
            log=self._feed.log_id,
            cursor=end,
            events=log.events,
            recorded=looks[""].events if "" in looks else 0,
            tables=done,
            findings=self._findings.kept,
            problems=self._findings.total,
            notes=self._findings.notes,
            sampled=sample,
            snapshots=compared,
            irregular=dict(log.irregular),
        )

    def _looks(
        self, end: Cursor, tables: Sequence[Audited], passed: dict[str, Counted], ledger: Counted | None
    ) -> tuple[LogLook, dict[str, TallyLook], TallyLook | None]:
        """What looks at the log: for itself, for the ledger (under the empty name), for each table; and beyond it."""
        looks: dict[str, TallyLook] = {}
        fresh = None
        if ledger is not None:
            looks[""] = TallyLook("ledger", "", ledger, content)
            self._fits("ledger", "", ledger.cursor)
            if self._reaches(ledger.cursor, end):
                fresh = TallyLook("ledger", "", Counted(ledger.cursor, end, ()), content)
            if ledger.since != self._feed.start():
                before = self._before(ledger.since)
                place = "inside the log" if before is None else f"after position {before}"
                self._findings.notes.append(
                    f"The ledger begins {place}: what the events before it said was not recorded."
                )
        for table in tables:
            counted, spec = passed[table.name], table.layout.spec
            fits = fitting(spec.category, spec.types)
            looks[table.name] = TallyLook("applied", table.name, counted, identity, fits)
            self._fits("applied", table.name, counted.cursor)
        return LogLook(self._feed, end, self._findings), looks, fresh

    def _read(self, looks: Sequence[Look], *, explained: Sequence[TallyLook]) -> list[Look]:
        """Returns those that could not be read to their end."""
        total, done = self._feed.lag(self._feed.start()), 0
        failed: list[Look] = []

        def count(events: int) -> None:
            nonlocal done
            done += events
            self._progress("log", done, total)

        def fail(look: Look, error: LogMismatch | StorageFailed) -> None:
            failed.append(look)
            table = look.table if isinstance(look, TallyLook) else ""
            where = look.where if isinstance(look, TallyLook) else "log"
            self._findings.add(
                Finding(
                    where=where, problem="unreadable", table=table, message=f"Cannot be read: {error.message}"
                )
            )

        read_all(self._feed, looks, fail, count)
        differing = [
            (look, found) for look in explained if look not in failed and (found := look.differences())
        ]
        places = [
            PlaceLook(look.since, look.until, {p for one in found if (p := one.position())})
            for look, found in differing
        ]
        if places:
            read_all(self._feed, places, lambda _look, _error: None, lambda _events: None)
        for (look, found), place in zip(differing, places, strict=True):
            explain(look, found, place, self._findings)
        return failed

    def _rows(self, table: Audited, sample: int | None) -> tuple[int, int | None, int]:
        audit = RowAudit(table.layout, self._feed, self._registry, self._engine, self._findings)
        keys = None
        try:
            rows: Rows = read_some(table.state, ()) if sample else read_rows(table.state)
            if sample:
                keys = audit.sample(rows, sample)
                if keys is None:
                    return 0, None, 0
                rows = read_some(table.state, keys.to_pylist())
        except UNREADABLE as error:
            audit.unreadable(table.state, error)
            return 0, None, 0
        compared = audit.state(rows, keys)
        if table.publication is None:
            return compared, None, 0
        return compared, *audit.published(table.publication, rows, keys)

    def _keep(
        self, counted: Counted | None, fresh: TallyLook | None, log: LogLook | None, end: Cursor
    ) -> None:
        """Records what was read; where that cannot be written, as on a read-only disk, the answer holds too."""
        if self._ledger is None:
            return
        try:
            if fresh is not None and counted is not None:
                self._record(counted, fresh)
            if log is not None:
                settle(self._ledger, self._feed, log.types, end)
        except StorageError as error:
            self._findings.notes.append(
                f"All was compared, but the ledger was not continued with what was read: {error.message}"
            )

    def _record(self, ledger: Counted, fresh: TallyLook) -> None:
        """What has just been read becomes part of the ledger, if nobody was quicker."""
        assert self._ledger is not None
        if fresh.since == fresh.until:
            return
        try:
            self._feed.check(ledger.cursor)
            self._ledger.record(list(fresh.found.values()), read=ledger.cursor, then=fresh.until)
        except (LogMismatch, StaleCursor):
            return

    def _readable(self, table: Audited) -> bool:
        try:
            check_definition(table.layout, table.state.head())
        except TableInvalid as error:
            self._findings.notes.append(f"{table.name} was not compared: {error.message}")
            return False
        return True

    def _fits(self, where: Where, table: str, cursor: Cursor) -> None:
        try:
            self._feed.check(cursor)
        except EventfoldError as error:
            named = f"{table}: the cursor" if table else "The cursor of the ledger"
            self._findings.add(
                Finding(
                    where=where,
                    problem="cursor",
                    table=table,
                    message=f"{named} does not fit the log: {error.message}",
                )
            )

    def _reaches(self, cursor: Cursor, end: Cursor) -> bool:
        try:
            self._feed.check(cursor)
            return self._feed.compare(cursor, end) in {"before", "equal"}
        except LogMismatch:
            return False

    def _before(self, since: Cursor) -> int | None:
        """How many events stand at or before a cursor."""
        if since == self._feed.start():
            return 0
        return reach(since) if self._feed.capabilities.total_order else None
