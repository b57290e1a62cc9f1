"""`WithPlans`: what the definitions of an app would change, told before it is changed."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from eventfold.app.parts.tables import WithTables
from eventfold.errors import RangeInvalid, TableNotFound
from eventfold.extras import needing
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.generations import Generation
from eventfold.readmodels.planning.kept import kept, live

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from eventfold.readmodels.folding.rebuild import Progress
    from eventfold.readmodels.planning.applying import Applied
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
        there = live(self._state)
        chosen = self._chosen(tables, there)
        plans = []
        for name in chosen:
            if name in self._tables:
                plans.append(self._tables[name].plan(sample=sample, there=there))
                continue
            size = self._state.size(there[name])
            plans.append(TablePlan(table=name, change="removed", bytes=size))
        keeps = kept(self._state, self._with_former(chosen) if tables else None)
        return Plan(app=self.app.name, tables=plans, kept=keeps, untouched=[*self.app.handlers])

    def apply(
        self,
        *tables: type[Table] | str,
        keep: bool = True,
        progress: "Callable[[str], AbstractContextManager[Progress]] | None" = None,
    ) -> "list[Applied]":
        """Does what `plan` tells, table by table: each is folded beside what is live, swapped in, and published.

        A table that the app no longer has is taken out of sight; what is published of it stays. It may be interrupted
        at any moment and called again: what is swapped is not folded again.

        Args:
            tables: as those of `plan`.
            keep: keeps the rows that were replaced for `LiveTable.rollback`, until the next apply of their table;
                False also drops what was kept earlier, without names also that of tables that are gone.
            progress: called with the name of each table, for what is called with the events done, and all of them.

        Raises:
            TableNotFound: as `plan`.
            EngineFenced, TableStopped: as `LiveTable.apply`; the tables before it are done.
        """
        self._alive()
        with needing("A plan", "lake"):
            from eventfold.readmodels.planning.applying import Applied
        done, chosen = [], self._chosen(tables, live(self._state))
        for name in chosen:
            with nullcontext() if progress is None else progress(name) as show:
                if name in self._tables:
                    done.append(self._tables[name].apply(keep=keep, progress=show))
                else:
                    self._state.retire(name, keep=keep)
                    done.append(Applied(table=name, change="removed"))
        if not keep:
            for name in {one.table for one in self._state.generations() if one.kept_us}:
                if not tables or name in self._with_former(chosen):
                    self._state.drop(name)
        return done

    def _with_former(self, names: Sequence[str]) -> set[str]:
        """With the names that these tables had before."""
        return {*names, *(self._tables[name].layout.spec.renamed for name in names if name in self._tables)}

    def _chosen(self, tables: Sequence[type[Table] | str], there: Mapping[str, Generation]) -> list[str]:
        """The tables that are meant: those of the app, then those that it no longer has."""
        gone = [name for name in there if name not in self._tables and not self._is_renamed(name, there)]
        return [self._planned(one, gone) for one in tables] or [*self._tables, *gone]

    def _is_renamed(self, name: str, there: Mapping[str, Generation]) -> bool:
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
