"""What an app consists of, checked when it is built."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventfold.aggregates.aggregate import Aggregate
from eventfold.errors import DefinitionError, TableInvalid
from eventfold.events.event import Event
from eventfold.events.registry import Registry
from eventfold.readmodels.table import Table, TableSpec


class Definition:
    """Which events, aggregates and tables belong together; see `App` for arguments and errors."""

    def __init__(
        self,
        name: str,
        *,
        aggregates: Sequence[type[Aggregate[Any]]] = (),
        tables: Sequence[type[Table]] = (),
        events: Iterable[type[Event]] = (),
        untyped: bool = False,
    ) -> None:
        self.name = name
        self.aggregates = tuple(aggregates)
        known = [e for aggregate in self.aggregates for e in aggregate.event_types]
        self.registry = Registry(dict.fromkeys([*known, *events]), untyped=untyped)
        self.tables: dict[str, TableSpec] = {}
        for table in tables:
            self._add(table.spec)
        _no_twins([a.definition.category for a in self.aggregates], "aggregates", "category")

    def _add(self, spec: TableSpec) -> None:
        if spec.name in self.tables:
            raise DefinitionError(
                f"Two tables of the app are called {spec.name!r}; give one of them another name=."
            )
        missing = spec.named - self.registry.types.keys()
        if missing and not self.registry.untyped:
            raise TableInvalid(
                f"The table {spec.name} looks at {min(missing)!r}, which the app does not know: add its class to"
                " events=[...], or allow untyped events.",
                table=spec.name,
            )
        self.tables[spec.name] = spec


def _no_twins(names: Sequence[str], what: str, kind: str) -> None:
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise DefinitionError(f"Two {what} of the app have the {kind} {twins[0]!r}.")
