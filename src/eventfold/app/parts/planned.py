"""`Planned`: what a changed definition would make of a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from eventfold.app.parts.owned import Owned
from eventfold.events.registry import Registry
from eventfold.extras import needing
from eventfold.readmodels.port import Engine, Generation
from eventfold.readmodels.publishing.publication import Publication
from eventfold.store.port import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventfold.readmodels.folding.rebuild import History
    from eventfold.readmodels.planning.report import Change, TablePlan


class Planned(Owned):
    """What of a live table is about a change of its definition."""

    _store: Store
    _registry: Registry
    _engine: Engine

    @property
    def publications(self) -> "Sequence[Publication]":
        """Everywhere where it is published."""
        raise NotImplementedError

    def _history(self, from_copy: bool | None) -> "History | None":  # noqa: FBT001 - as it was given
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
        there = {one.table: one for one in self._state.generations()} if there is None else there
        spec = self.layout.spec
        live = there.get(spec.name)
        change: Change = "changed"
        if live is None:
            live, change = there.get(spec.renamed), "renamed"
        found = TablePlan(table=spec.name, change="new")
        if live is not None and live.fingerprint == self.layout.fingerprint:
            found = TablePlan(table=spec.name, change="unchanged", notes=self._named_only())
        elif live is not None:
            history = self._history(None)
            planner = Planner(self.layout, self._store, self._state, self._registry, self._engine, history)
            found = planner(live, change, sample)
        if found.change == "unchanged":
            return found
        kinds = [publication.kind for publication in self.publications]
        return structs.replace(found, publications=kinds, views=[*spec.views])

    def _named_only(self) -> list[str]:
        fold = self.layout.spec.fold
        if fold is None:
            return []
        name = fold.__qualname__
        return [f"its fold {name} is known by its name: what was changed inside is not seen, give it another"]
