"""What an app consists of, checked when it is built."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from eventfold.aggregates.aggregate import Aggregate
from eventfold.bus.cloudevents.attributes import fault_of_source
from eventfold.errors import DefinitionError, TableInvalid, TableNotFound
from eventfold.events.event import Event
from eventfold.events.names import check_event_type
from eventfold.events.registry import Registry
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.public.consuming import Consumer, consumed
from eventfold.handlers.public.event import check_public
from eventfold.handlers.public.inbox import STORED
from eventfold.handlers.public.publishing import public_events
from eventfold.readmodels.counting.unknown import Sought
from eventfold.readmodels.declaring.table import Table, TableSpec

T = TypeVar("T")


class Definition:
    """Which events, aggregates, tables and handlers belong together; see `App` for arguments and errors."""

    def __init__(
        self,
        name: str,
        *,
        aggregates: Sequence[type[Aggregate[Any]]] = (),
        tables: Sequence[type[Table]] = (),
        handlers: Sequence[Handler] = (),
        events: Iterable[type[Event]] = (),
        untyped: bool = False,
        ignored: Iterable[str] = (),
        source: str | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise DefinitionError(f"The name of an app is text, not {name!r:.60}.")
        self.name = name
        self.source = f"/{quote(name, safe='')}" if source is None else source
        if why := fault_of_source(self.source):
            raise DefinitionError(f"source={self.source!r:.60} is who speaks in public events, but {why}.")
        self.aggregates = _classes(aggregates, Aggregate, "aggregates")
        known = [e for aggregate in self.aggregates for e in aggregate.event_types]
        handlers = tuple(_listed(handlers, "handlers"))
        received = STORED if any(isinstance(handler, Consumer) for handler in handlers) else ()
        given = _classes(events, Event, "events")
        self.registry = Registry(dict.fromkeys([*known, *given, *received]), untyped=untyped)
        self.tables: dict[str, TableSpec] = {}
        for table in _classes(tables, Table, "tables"):
            self._add(table.spec)
        self.handlers: dict[str, Handler] = {}
        for handler in handlers:
            self._handle(handler)
        for public in [*public_events(self.handlers.values()), *consumed(self.handlers.values())]:
            check_public(public)
        self.ignored = self._left_out(ignored)
        _no_twins([a.definition.category for a in self.aggregates], "aggregates", "category")

    def __repr__(self) -> str:
        """Its name, and what it is made of."""
        known = [*(a.__name__ for a in self.aggregates), *self.tables, *self.handlers]
        return f"<App {self.name}: {', '.join(known) or 'nothing yet'}>"

    def table(self, name: str) -> TableSpec:
        """One table by its name.

        Raises:
            TableNotFound: the app has no such table.
        """
        if name not in self.tables:
            known = ", ".join(sorted(self.tables)) or "none"
            raise TableNotFound(f"{self.name} has no table {name!r:.60}; it has: {known}.", table=name)
        return self.tables[name]

    def sought(self, spec: TableSpec) -> Sought:
        """Where one of the app's tables would miss events of types that the app does not know.

        In the streams of its category; without one, in those of the aggregates whose events it names, and where events
        stand that it names and no aggregate raises. An app that takes untyped events knows every type but in the
        streams of its own aggregates, where only classes, and names that its tables speak of, are known.
        """
        owned = {a.definition.category: {e.stored_name for e in a.event_types} for a in self.aggregates}
        categories = (
            {spec.category} if spec.category else {c for c, names in owned.items() if names & spec.named}
        )
        beside = frozenset[str]() if spec.category else spec.named.difference(*owned.values())
        known = self.registry.types.keys() | self.ignored
        if self.registry.untyped:
            categories, beside = categories & owned.keys(), frozenset()
            known = known.union(*(table.named for table in self.tables.values()))
        return Sought(frozenset(categories), beside, frozenset(known))

    def _left_out(self, ignored: Iterable[str]) -> frozenset[str]:
        """The names that are ignored, if each is one and nothing else speaks of it."""
        found = (ignored,) if isinstance(ignored, str) else tuple(ignored)
        for name in found:
            if not isinstance(name, str):
                raise DefinitionError(f"ignored=[...] takes stored names as text, not {name!r}.")
            check_event_type(name)
            table = next((t.name for t in self.tables.values() if name in t.named), None)
            if name in self.registry.types or table is not None:
                where = f"the table {table} looks at it" if table else "its class is registered"
                raise DefinitionError(f"{name!r} is ignored, but {where}: leave it out of ignored=[...].")
        return frozenset(found)

    def _handle(self, handler: Handler) -> None:
        if not isinstance(handler, Handler):
            raise DefinitionError(
                f"handlers=[...] takes what notify, publish, react and consume make of functions, not {handler!r:.60}."
            )
        if handler.name in self.handlers:
            raise DefinitionError(
                f"Two handlers of the app are called {handler.name!r}; give one of them another name=."
            )
        unless = handler.when.unless if handler.when is not None else frozenset[str]()
        missing = unless.union(handler.types) - self.registry.types.keys()
        if missing and not self.registry.untyped:
            raise DefinitionError(
                f"The handler {handler.name} takes {min(missing)!r}, which the app does not know: add its class to"
                " events=[...], or allow untyped events."
            )
        self.handlers[handler.name] = handler

    def _add(self, spec: TableSpec) -> None:
        if spec.name in self.tables:
            raise DefinitionError(
                f"Two tables of the app are called {spec.name!r}; give one of them another name=."
            )
        if spec.renamed in self.tables:
            raise DefinitionError(
                f"The table {spec.name} is renamed from {spec.renamed!r}, which is a table of the app still: take that"
                " one out, or leave ef.renamed(...) out."
            )
        for table in self.tables.values():
            if table.renamed and table.renamed in {spec.renamed, spec.name}:
                raise DefinitionError(
                    f"The table {table.name} is renamed from {table.renamed!r}, which {spec.name} is or was called too:"
                    " leave one ef.renamed(...) out."
                )
        asked = {name: table for table in self.tables.values() for name in (table.name, *table.views)}
        if twin := next((name for name in (spec.name, *spec.views) if name in asked), None):
            raise DefinitionError(
                f"A view and another table or view of the app are called {twin!r}, in {asked[twin].name} and in"
                f" {spec.name}: give one of them another name."
            )
        missing = spec.named - self.registry.types.keys()
        if missing and not self.registry.untyped:
            raise TableInvalid(
                f"The table {spec.name} looks at {min(missing)!r}, which the app does not know: add its class to"
                " events=[...], or allow untyped events.",
                table=spec.name,
            )
        self.tables[spec.name] = spec


def _listed(given: Iterable[T], what: str) -> Iterable[T]:
    """Several, if they are."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | type):
        return given
    raise DefinitionError(
        f"{what}= of an app takes several, in a list, not {given!r:.60}: write {what}=[...] also where it is one."
    )


def _classes(given: Iterable[type[T]], base: type[object], what: str) -> tuple[type[T], ...]:
    """What is given, if it is classes of one kind."""
    found = tuple(_listed(given, what))
    for one in found:
        if not (isinstance(one, type) and issubclass(one, base)):
            raise DefinitionError(f"{what}=[...] takes classes of {base.__name__}, not {one!r:.60}.")
    return found


def _no_twins(names: Sequence[str], what: str, kind: str) -> None:
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise DefinitionError(f"Two {what} of the app have the {kind} {twins[0]!r}.")
