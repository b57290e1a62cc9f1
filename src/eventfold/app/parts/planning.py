"""`WithPlans`: what the definitions of an app would change, told before it is changed."""

from typing import TYPE_CHECKING

from eventfold.app.parts.tables import WithTables
from eventfold.errors import RangeInvalid, TableNotFound
from eventfold.extras import needing
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.port import Generation

if TYPE_CHECKING:
    from eventfold.readmodels.planning.report import Plan


class WithPlans(WithTables):
    """What of a live app is about changes of its tables."""

    def plan(self, *tables: type[Table] | str, sample: int | None = None) -> "Plan":
        """What would become of the tables by their definitions: new, changed, renamed, removed, unchanged.

        The new definition of a changed table is folded up to where its live rows stand, without the events that these
        leave out, and compared with them. Nothing is written; the rows of both are held in memory, as columns.

        Args:
            tables: classes or names, also of one that the app no longer has; none = all.
            sample: compares that many keys of each, drawn at random. Where the key is the stream, before and after,
                only the events of these streams are read; else all, and that many keys are compared.

        Raises:
            TableNotFound: neither the app nor its state has such a table.
            RangeInvalid: a sample below 1.
        """
        self._alive()
        with needing("A plan", "lake"):
            from eventfold.readmodels.planning.report import Plan, TablePlan
        if sample is not None and sample < 1:
            raise RangeInvalid("A sample has at least one key: sample=1 (--sample 1).", field="sample")
        there = {one.table: one for one in self._state.generations()}
        gone = [name for name in there if name not in self._tables and not self._is_renamed(name, there)]
        chosen = [self._planned(one, gone) for one in tables] or [*self._tables, *gone]
        plans = []
        for name in chosen:
            if name in self._tables:
                plans.append(self._tables[name].plan(sample=sample, there=there))
                continue
            size = self._state.size(there[name])
            plans.append(TablePlan(table=name, change="removed", bytes=size))
        return Plan(app=self.app.name, tables=plans, untouched=[*self.app.handlers])

    def _is_renamed(self, name: str, there: dict[str, Generation]) -> bool:
        """Whether it becomes another table of the app, which is not there yet."""
        return any(spec.renamed == name and spec.name not in there for spec in self.app.tables.values())

    def _planned(self, table: type[Table] | str, gone: list[str]) -> str:
        if isinstance(table, str) and table in gone:
            return table
        try:
            return self.table(table).name
        except TableNotFound as error:
            if not gone:
                raise
            more = f" The state has also: {', '.join(gone)}."
            raise TableNotFound(f"{error.message}{more}", **error.facts) from None
