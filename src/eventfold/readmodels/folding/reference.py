"""The reference fold: what a table means, event by event, in plain Python. Every engine must equal it.

An event that cannot be folded raises before it has touched a row; the caller parks its stream.
"""

from typing import Any

import msgspec

from eventfold.errors import EventfoldError, FoldFailed, ValueUnfit
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.extract import Extract, Plan, plan, read_data, source
from eventfold.readmodels.declaring.layout import Layout, OrderKey, Place, Row
from eventfold.readmodels.declaring.reducers import Reduce, reducer
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.declaring.values import Envelope, Field


class Steps(msgspec.Struct, frozen=True, gc=False):
    """What is done with the events of one type."""

    plan: Plan
    extracts: tuple[Extract, ...]
    reduces: tuple[Reduce, ...]


class Taken(msgspec.Struct, frozen=True, gc=False):
    """An event with its key and the values that the table takes from it."""

    key: str
    event: RecordedEvent
    steps: Steps
    values: tuple[Cell | None, ...]


class Reference:
    """Folds events into rows of a layout.

    Args:
        layout: the table.
        registry: knows the event types and their upcasters.
    """

    def __init__(self, layout: Layout, registry: Registry) -> None:
        self.layout = layout
        self._registry = registry
        self._prefix = layout.spec.category and f"{layout.spec.category}-"
        self._steps: dict[str, Steps | None] = {}
        self._order = layout.order_of()
        self._empty = layout.empty("")
        self._skips_absent = layout.spec.key.absent == "skip"

    def looks_at(self, event: RecordedEvent) -> bool:
        """Whether the event concerns the table at all."""
        types = self.layout.spec.types
        return event.stream.startswith(self._prefix) and (types is None or event.type in types)

    def take(self, event: RecordedEvent) -> Taken | None:
        """The values of an event, all of them parsed; None where the table does not look at it, or leaves it out.

        Raises:
            EventfoldError: a value that does not fit, an unknown type, an upcaster that failed.
        """
        if not event.stream.startswith(self._prefix):
            return None
        try:
            steps = self._steps[event.type]
        except KeyError:
            steps = self._prepared(event.type)
        if steps is None:
            return None
        found = steps.plan
        data = read_data(event, self._registry) if found.needs_data else None
        key = found.key(event, data)
        if key is None:
            if self._skips_absent:
                return None
            raise ValueUnfit(_absent(self.layout.spec, event.type))
        return Taken(str(key), event, steps, tuple([extract(event, data) for extract in steps.extracts]))

    def absorb(self, row: Row | None, taken: Taken) -> Row | None:
        """The row after the event; `row` itself stays as it was. None where the event removes it.

        Raises:
            EventfoldError: a sum beyond its type, a Python fold that raised.
        """
        event, steps = taken.event, taken.steps
        if steps.plan.deletes:
            return None
        order = self._order(event)
        if self.layout.spec.fold is not None:
            return self._python(row, taken.key, event, order)
        if row is None:
            new = self._empty.copy()  # no reducer changes a list in place
            new[0] = taken.key
        else:
            new = row.copy()
        held = new[1]
        if held is None or held < order:  # type: ignore[operator]  # one layout, one kind of order key
            new[1] = order
        for reduce, value in zip(steps.reduces, taken.values, strict=True):
            reduce(new, value, order, event)
        return new

    def _prepared(self, type_name: str) -> Steps | None:
        """Kept for the next event, unless the type is unknown: it may be registered by then."""
        found = plan(self.layout, type_name)
        if found is None:
            self._steps[type_name] = None
            return None
        if self._registry.version_of(type_name) is None and not self._registry.untyped:
            raise self._registry.unknown(type_name)
        reduces = () if self.layout.spec.fold else tuple(reducer(place) for place, _ in found.steps)
        steps = Steps(found, tuple(extract for _, extract in found.steps), reduces)
        self._steps[type_name] = steps
        return steps

    def _python(self, row: Row | None, key: str, event: RecordedEvent, order: OrderKey) -> Row | None:
        spec = self.layout.spec
        before = None if row is None else {n: v for n, v in self.layout.show(row).items() if n[0] != "_"}
        assert spec.fold is not None
        typed = self._registry.decode(event)
        try:
            after = spec.fold(before, typed)
        except EventfoldError:
            raise
        except Exception as error:
            raise FoldFailed(f"{spec.name}: the fold raised {type(error).__name__}: {error}") from error
        if after is None:
            return None
        if unknown := after.keys() - spec.columns.keys() - {spec.key_name}:
            raise FoldFailed(f"{spec.name}: the fold returned {min(unknown)!r}, which is no column.")
        new: Row = [key, order]
        new.extend(_hide(place, after.get(place.name)) for place in self.layout.places)
        return new


def _absent(spec: TableSpec, type_name: str) -> str:
    match source(spec.key, type_name):
        case Field() as field:
            what = f"{type_name}.{field.shown}"
        case Envelope(name=name):
            what = f"{name} of {type_name}"
        case _:
            what = f"of {type_name}"
    return (
        f"the key of {spec.name}, {what}, is absent or null: put it on the event when it is raised, or by an upcaster;"
        ' or leave such events out of the table, with ef.key(..., absent="skip")'
    )


def _hide(place: Place, value: Any) -> Cell | None:
    try:
        return place.column.type.hide(value)
    except ValueUnfit as error:
        raise ValueUnfit(f"{place.name}: {error.message}") from None
