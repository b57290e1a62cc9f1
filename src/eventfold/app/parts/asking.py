"""`WithAnswers`: what a live app answers about its tables and its log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import structs

from eventfold.app.copying import Copying
from eventfold.app.parts.tables import WithTables
from eventfold.app.places import check_moment
from eventfold.app.status import Status, status
from eventfold.errors import ConfigInvalid, EventfoldError, RangeInvalid, StorageFailed
from eventfold.events.times import instant, moment
from eventfold.extras import needing
from eventfold.feed.cursor import Token
from eventfold.readmodels.counting.unknown import told
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.open import open_moment
from eventfold.readmodels.telling import Distance, parked_warnings

if TYPE_CHECKING:
    from eventfold.readmodels.asking.asof import Clock
    from eventfold.readmodels.asking.published import PublishedMoment
    from eventfold.readmodels.asking.query import Result
    from eventfold.readmodels.audit.report import Audit, AuditProgress


class WithAnswers(WithTables):
    """What of a live app answers."""

    _distance: Distance
    _copying: Copying | None
    _lake: str | None

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

    def publish(
        self, table: type[Table] | str, *, time: datetime | date | str, name: str, clock: "Clock" = "recorded"
    ) -> "PublishedMoment":
        """Publishes a table as it was at a moment, as a Delta table of its own: for readers that know no time travel.

        It is written once, whole or not at all, with a stamp that says of which log, table and moment it is, and is
        followed by nothing. Publishing the same again writes nothing.

        Args:
            table: its class or its name.
            time: the moment, which has passed; as `LiveTable.at` takes it.
            name: under which it stands in the lake.
            clock: which time is meant, as in `LiveTable.at`.

        Raises:
            TableNotFound: the app has no such table.
            ConfigInvalid: no lake is open, or the name is none, or is that of a table or view of the app.
            RangeInvalid: the time is yet to come, so that its events are not all there.
            Conflict: something else stands under that name.
            TimeInvalid: it is no time, or a `datetime` without a time zone.
        """
        with needing("A published moment", "lake"):
            from eventfold.readmodels.asking.published import publish_moment
        found = self.table(table)
        check_moment(self.app, name)
        until = moment(time)
        if until > datetime.now(UTC):
            raise RangeInvalid(
                f"{instant(until)} is yet to come: a moment is published once it has passed (--at TIME).",
                field="time",
            )
        if self._lake is None:
            raise ConfigInvalid(
                "A moment is published to a lake, and none is open: name it, --lake FOLDER (in Python lake=...).",
                key="lake",
            )
        kept_at = open_moment(self._lake, name, found.layout)
        return publish_moment(found.at(time=until, clock=clock), name, kept_at)

    def verify(self, *, sample: int | None = None, progress: "AuditProgress | None" = None) -> "Audit":
        """Compares log, ledger, state and published rows, while writers and followers go on.

        The log by itself: no version or position missing or twice, no recorded time going back. What its events said
        when the tables first passed them (the ledger, kept in the state): no event removed, added or altered since.
        Which events each table was given, by range of positions. The rows of the state and of the newest published
        version, and a sample of the aggregates' snapshots: against a fold of the log from zero. The copy of the log in
        the lake, where one is kept: each commit by its digest, against the log as it is now. The ledger then goes up to
        the end that was looked at; where the state may not be written, all is compared and a note says so.

        It reads the log twice or more, holds the rows of a table as columns, and some bytes for each stream.

        Args:
            sample: compares that many keys of each table, drawn at random from the fold, instead of all rows, and that
                many snapshots of each aggregate type instead of a hundred.
            progress: called with what is done ("log", "rows", "copy"), how much, and of how much.

        Raises:
            RangeInvalid: a sample below 1.
            ExtraMissing: the packages that compare are not installed.
        """
        self._alive()
        with needing("An audit", "lake"):
            from eventfold.engines.open import open_engine
            from eventfold.readmodels.audit.auditing import Audited, Auditing
            from eventfold.readmodels.audit.report import Findings
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
        more = Findings()
        copied = self._copying.compare(more, progress) if self._copying is not None else None
        return structs.replace(
            found,
            unknown=unknown,
            warnings=warnings,
            notes=[*notes, *found.notes],
            findings=[*found.findings, *more.kept],
            problems=found.problems + more.total,
            copied=copied,
        )

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
        copy = self._copying.standing() if self._copying is not None else None
        return status(
            self.app.name, self.store, self.tables, unknown, handlers=handlers, copy=copy, watch=watch
        )
