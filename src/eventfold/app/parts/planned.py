"""`Planned`: what a changed definition would make of a table, and makes of it; and the way back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from eventfold.app.parts.owned import Owned
from eventfold.events.registry import Registry
from eventfold.extras import needing
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.generations import Generation
from eventfold.readmodels.planning.kept import kept, live
from eventfold.readmodels.port import Engine
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.store.port import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventfold.readmodels.folding.rebuild import History, Progress, Rebuilt
    from eventfold.readmodels.planning.applying import Applied, RolledBack
    from eventfold.readmodels.planning.report import Change, TablePlan


class Planned(Owned):
    """What of a live table is about a change of its definition."""

    _store: Store
    _registry: Registry
    _engine: Engine
    keep: float

    @property
    def publications(self) -> "Sequence[Publication]":
        """Everywhere where it is published."""
        raise NotImplementedError

    def _history(self, from_copy: bool | None) -> "History | None":  # noqa: FBT001 - as it was given
        raise NotImplementedError

    def _fold_anew(
        self,
        progress: "Progress | None",
        from_copy: bool | None,  # noqa: FBT001 - as it was given
        before: Layout | None = None,
        *,
        keep: bool = False,
    ) -> "Rebuilt":
        raise NotImplementedError

    def _published_generation(self) -> int:
        raise NotImplementedError

    def plan(
        self, *, sample: int | None = None, there: Mapping[str, Generation] | None = None
    ) -> "TablePlan":
        """What `apply` would make of the rows; nothing is written.

        Args:
            sample: compares that many keys, drawn at random; None = all.
            there: what is live in the state, by name, where that was looked up already.
        """
        with needing("A plan", "lake"):
            from eventfold.readmodels.planning.planner import Planner
            from eventfold.readmodels.planning.report import TablePlan
        spec = self.layout.spec
        old, change = self._change(live(self._state) if there is None else there)
        if change == "unchanged":
            return TablePlan(table=spec.name, change=change, notes=self._named_only())
        found = TablePlan(table=spec.name, change=change)
        if old is not None:
            history = self._history(None)
            planner = Planner(self.layout, self._store, self._state, self._registry, self._engine, history)
            found = planner(old, change, sample)
        kinds = [publication.kind for publication in self.publications]
        return structs.replace(found, publications=kinds, views=[*spec.views])

    def apply(self, *, keep: bool = True, progress: "Progress | None" = None) -> "Applied":
        """Folds a changed, renamed or new table beside what is live, and swaps; then it is published.

        Readers see the rows of before until the swap, which is one transaction, and those of after from then on; a
        published table is overwritten in one version after it. Where this is interrupted, what is live stays, or the
        next `apply`, `run` or `catch_up` publishes what was swapped.

        Args:
            keep: keeps the rows that were replaced for `rollback`, until the next apply of the table.
            progress: called with the events done and, where it can be counted, all of them.

        Raises:
            EngineFenced: another engine has the published table: `take_over(rebuild=True)` folds it anew.
            TableStopped: an event fails, and the table is to stop at it; what is live stays.
        """
        from eventfold.readmodels.planning.applying import Applied

        old, change = self._change(live(self._state))
        if change == "unchanged":
            for publication in self.publications:
                there = publication.head()
                if there is None or there.stamp.fingerprint != self.layout.fingerprint:
                    Publisher(self.live(), publication, self._feed, keep=self.keep).publish(reclaim=True)
            return Applied(table=self.name, change=change, generation=old.number if old else 0)
        if change == "changed":
            self._check_owner()
        done = self._fold_anew(progress, None, self._former(), keep=keep)
        return Applied(
            table=self.name,
            change=change,
            generation=done.generation,
            events=done.events,
            rows=done.rows,
            parked=done.parked,
            warnings=tuple(done.warnings),
        )

    def rollback(self) -> "RolledBack":
        """Makes the rows live again that were kept of this definition, for who has rolled the code back too.

        They go on from where they stood: the next `run` or `catch_up` folds what has come since, and then overwrites
        what is published. The rows that were live are kept in their place.

        Raises:
            RollbackRefused: the live rows are of this definition already; none are kept of it; or events were skipped
                since. With the code of the new definition it is always refused.
            EngineFenced: another engine has the published table.
        """
        from eventfold.readmodels.planning.applying import RolledBack

        if self._state.found(self.layout) is not None:
            self._check_owner()
        number = self._state.restore(self.layout, above=self._published_generation())
        state = self.live()
        return RolledBack(
            table=self.name, generation=number, rows=state.count(), lag=self._feed.lag(state.head().cursor)
        )

    def kept(self) -> int | None:
        """The bytes of its rows that were replaced and are kept for a rollback; None = none are."""
        found = kept(self._state, [self.name])
        return sum(one.bytes for one in found) if found else None

    def _change(self, there: Mapping[str, Generation]) -> "tuple[Generation | None, Change]":
        """What is live now of this table, or of the one that it was, and what is to become of it."""
        found = there.get(self.layout.spec.name)
        if found is not None:
            return found, "unchanged" if found.fingerprint == self.layout.fingerprint else "changed"
        found = there.get(self.layout.spec.renamed)
        return found, "new" if found is None else "renamed"

    def _former(self) -> Layout | None:
        """The table that this one was; of its layout the name alone is right, and looked at."""
        was = self.layout.spec.renamed
        total_order = self._feed.capabilities.total_order
        return bind(structs.replace(self.layout.spec, name=was), total_order=total_order) if was else None

    def _named_only(self) -> list[str]:
        fold = self.layout.spec.fold
        if fold is None:
            return []
        name = fold.__qualname__
        return [f"its fold {name} is known by its name: what was changed inside is not seen, give it another"]
