"""What a plan tells: of each table what its definition makes of its rows."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from eventfold.readmodels.asking.diff import RowChange
from eventfold.readmodels.planning.columns import ColumnChange
from eventfold.readmodels.planning.kept import Kept
from eventfold.words import how_many

Change = Literal["new", "changed", "renamed", "removed", "unchanged"]
CHANGES = 11
"""The exit code of a plan that has something to do."""


class TablePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one table.

    Attributes:
        table: its name.
        change: new, changed, renamed, removed or unchanged.
        was: the name before, of one that is renamed.
        columns: the columns that differ.
        details: what else of the definition differs, each as `part: before -> after`.
        rows_before: how many rows are live.
        rows_after: how many there will be; of a sample, among its keys.
        added: rows that come.
        removed: rows that go.
        changed: rows that change.
        by_column: in how many of these rows each column changes.
        examples: some of them, of every kind and column that there is.
        compared: whether rows were compared: not where nothing is live, or an earlier release did not store what they
            were folded by.
        sampled: how many keys were compared, where it was a sample.
        parked: how many streams the new definition cannot fold.
        failing: some of them, each with the reason.
        waiting: streams that are parked now; the new definition will be given them again.
        skipped: events that people left out, which stay left out.
        events: how many were folded for this.
        seconds: what that took.
        rebuild_seconds: what folding the log for `apply` takes, by that measure; None where nothing was folded.
        bytes: what the live rows take.
        rebuild_bytes: what the new rows will take beside them, by that measure.
        publications: the kinds of places that are overwritten with the new rows.
        views: the views that are asked over the new rows.
        notes: what a person should know, each as a sentence.
    """

    table: str
    change: Change
    was: str = ""
    columns: Sequence[ColumnChange] = ()
    details: Sequence[str] = ()
    rows_before: int = 0
    rows_after: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    by_column: Mapping[str, int] = {}
    examples: Sequence[RowChange] = ()
    compared: bool = False
    sampled: int | None = None
    parked: int = 0
    failing: Mapping[str, str] = {}
    waiting: int = 0
    skipped: int = 0
    events: int = 0
    seconds: float = 0.0
    rebuild_seconds: float | None = None
    bytes: int = 0
    rebuild_bytes: int = 0
    publications: Sequence[str] = ()
    views: Sequence[str] = ()
    notes: Sequence[str] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What `apply` would do; nothing is done yet.

    Attributes:
        app: its name.
        tables: each table: those of the app in their order, then those that it no longer has.
        kept: rows that were replaced earlier, and are kept for a rollback.
        untouched: the handlers of the app: their effects are neither repeated nor taken back.
    """

    app: str
    tables: Sequence[TablePlan]
    kept: Sequence[Kept] = ()
    untouched: Sequence[str] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(table.change == "unchanged" for table in self.tables)

    def __repr__(self) -> str:
        """How many tables change, and how."""
        found = [table.change for table in self.tables if table.change != "unchanged"]
        told = ", ".join(f"{found.count(kind)} {kind}" for kind in dict.fromkeys(found))
        return f"<Plan of {self.app}: {told or 'nothing to do'} ({how_many(len(self.tables), 'table')})>"
