"""What an audit finds."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from eventfold.errors import AuditFailed
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.counting.unknown import UnknownType

MOST = 100
"""How many findings of one kind are named; all are counted."""
Where = Literal["log", "ledger", "applied", "state", "delta", "snapshot", "copy"]
AuditProgress = Callable[[str, int, int | None], object]
"""Called with what is done, how much of it, and, where it can be counted, of how much."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is not as it must be, named as near as it can be.

    Attributes:
        where: the log itself; the ledger against the log; the events a table passed against the log; rows of the
            state, published rows, or snapshots of aggregates, against a fold from zero; the lake copy against the log.
        problem: one word for it, for programs.
        message: a sentence.
        table: which table.
        partition: of the feed.
        low: first position of the range.
        high: last position of the range.
        position: where, if one event explains it.
        stream: of that event, or of the snapshot.
        version: of that event, or of the snapshot.
        key: of the row.
        columns: of the row, or of the aggregate's state, that differ.
    """

    where: Where
    problem: str
    message: str
    table: str = ""
    partition: str = ""
    low: int = 0
    high: int = 0
    position: int = 0
    stream: str = ""
    version: int = 0
    key: str | None = None
    columns: tuple[str, ...] = ()


class Findings:
    """Collects findings; of each kind the first hundred are kept."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.notes: list[str] = []
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, finding: Finding) -> None:
        """Counts it, and keeps it if there is room."""
        kind = (finding.where, finding.problem, finding.table)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= MOST:
            self.kept.append(finding)

    def more(self, where: Where, problem: str, table: str, count: int) -> None:
        """Counts some that are not named."""
        self._counts[where, problem, table] = self._counts.get((where, problem, table), 0) + count

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self._counts.values())


class TableAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared of one table.

    Attributes:
        table: its name.
        generation: of the rows.
        events: how many events it passed page by page, compared with the log by range.
        uncounted: how many events stand behind the cursor that were not passed page by page: a rebuild, a state that
            was lost or an older release folded them; None where that cannot be counted. Their rows prove them.
        rows: rows of the state that were compared with a fold from zero.
        published: the published version whose rows were compared; None = none.
        published_rows: how many.
        parked: how many streams are parked: what they hold is in no row, and in no fold that rows are compared with.
    """

    table: str
    generation: int
    events: int
    uncounted: int | None
    rows: int
    published: int | None
    published_rows: int
    parked: int = 0


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit compared, and what it found.

    Attributes:
        log: the id of the log.
        cursor: everything up to here was looked at.
        events: how many that are.
        recorded: how many of them the ledger had recorded before: their contents were compared.
        tables: each table.
        findings: what is wrong, the first hundred of each kind.
        problems: how many are wrong.
        notes: what could not be compared, and why.
        sampled: how many keys of each table were compared; None = all.
        unknown: the events that the tables miss, because the app does not know their types; None = not counted yet.
        warnings: what a person should look at, beside what is wrong.
        snapshots: how many snapshots of aggregates were compared.
        irregular: how many events no append would take today, by what is remarkable; no problem, they are kept.
        copied: how many events of the lake copy were compared with the log; None where no copy is kept.
    """

    log: str
    cursor: Cursor
    events: int
    recorded: int
    tables: list[TableAudit]
    findings: list[Finding]
    problems: int
    notes: list[str]
    sampled: int | None
    unknown: Sequence[UnknownType] | None = ()
    warnings: Sequence[str] = ()
    snapshots: int = 0
    irregular: dict[str, int] = {}
    copied: int | None = None

    @property
    def parked(self) -> dict[str, int]:
        """How many streams are parked, by table."""
        return {table.table: table.parked for table in self.tables if table.parked}

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def check(self) -> None:
        """Raises what is wrong.

        Raises:
            AuditFailed: with the first finding.
        """
        if self.problems:
            raise AuditFailed(
                f"The audit found {self.problems:,} problems, which `eventfold verify` lists; the first:"
                f" {self.findings[0].message}",
                problems=self.problems,
            )
