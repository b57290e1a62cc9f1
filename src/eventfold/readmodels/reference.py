"""The reference fold: what a table means, event by event, in plain Python. Every engine must equal it.

An event that cannot be folded raises before it has touched a row; the caller parks its stream.
"""

from typing import Any

from eventfold.errors import EventfoldError, EventTypeUnknown, FoldFailed, ValueUnfit
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.readmodels.extract import Plan, plan, read_data
from eventfold.readmodels.layout import Layout, OrderKey, Place, Row, by_key
from eventfold.readmodels.types import Cell
from eventfold.store.names import category_of


class Taken(tuple[str, RecordedEvent, Plan | None, tuple[Cell | None, ...]]):
    """An event with its key and the values that the table takes from it."""

    __slots__ = ()

    @property
    def key(self) -> str:
        """The key of the row it belongs to."""
        return self[0]


class Reference:
    """Folds events into rows of a layout.

    Args:
        layout: the table.
        registry: knows the event types and their upcasters.
    """

    def __init__(self, layout: Layout, registry: Registry) -> None:
        self.layout = layout
        self._registry = registry
        self._plans: dict[str, Plan | None] = {}

    def looks_at(self, event: RecordedEvent) -> bool:
        """Whether the event concerns the table at all."""
        return self._plan(event) is not None

    def take(self, event: RecordedEvent) -> Taken | None:
        """The values of an event, all of them parsed; None where the table does not look at it.

        Raises:
            EventfoldError: a value that does not fit, an unknown type, an upcaster that failed.
        """
        found = self._plan(event)
        if found is None:
            return None
        if self._registry.version_of(event.type) is None and not self._registry.untyped:
            raise EventTypeUnknown(f"This app has no event type {event.type!r}.", type=event.type)
        data = read_data(event, self._registry) if found.needs_data else None
        key = found.key(event, data)
        if key is None:
            raise ValueUnfit(f"{event.type}: the key of {self.layout.spec.name} is absent")
        return Taken((str(key), event, found, tuple([extract(event, data) for _, extract in found.steps])))

    def absorb(self, row: Row | None, taken: Taken) -> Row | None:
        """The row after the event; `row` itself stays as it was. None where the event removes it.

        Raises:
            EventfoldError: a sum beyond its type, a Python fold that raised.
        """
        key, event, found, values = taken
        assert found is not None
        if found.deletes:
            return None
        order = self.layout.order_key(event)
        if self.layout.spec.fold is not None:
            return self._python(row, key, event, order)
        new = self.layout.empty(key) if row is None else row.copy()
        if new[1] is None or new[1] < order:  # type: ignore[operator]  # one layout, one kind of order key
            new[1] = order
        for (place, _), value in zip(found.steps, values, strict=True):
            _REDUCE[place.column.reducer](new, place, value, order, event)
        return new

    def _plan(self, event: RecordedEvent) -> Plan | None:
        category = self.layout.spec.category
        if category and category_of(event.stream) != category:
            return None
        if event.type not in self._plans:
            self._plans[event.type] = plan(self.layout, event.type)
        return self._plans[event.type]

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


def _hide(place: Place, value: Any) -> Cell | None:
    try:
        return place.column.type.hide(value)
    except ValueUnfit as error:
        raise ValueUnfit(f"{place.name}: {error.message}") from None


def _order(place: Place, order: OrderKey, event: RecordedEvent) -> OrderKey:
    by = place.column.by
    if by is None:
        return order
    return by_key(event.recorded_us if by.name == "recorded_at" else event.occurred_us, order)


def _first(row: Row, place: Place, value: Cell | None, order: OrderKey, event: RecordedEvent) -> None:
    if value is None and not place.column.nulls:
        return
    if place.order < 0:
        if row[place.value] is None:
            row[place.value] = value
        return
    mine = _order(place, order, event)
    held = row[place.order]
    if held is None or mine < held:  # type: ignore[operator]
        row[place.value], row[place.order] = value, mine


def _last(row: Row, place: Place, value: Cell | None, order: OrderKey, event: RecordedEvent) -> None:
    if value is None and not place.column.nulls:
        return
    if place.order < 0:
        row[place.value] = value
        return
    mine = _order(place, order, event)
    held = row[place.order]
    if held is None or mine > held:  # type: ignore[operator]
        row[place.value], row[place.order] = value, mine


def _sum(row: Row, place: Place, value: Cell | None, _order: OrderKey, event: RecordedEvent) -> None:
    if value is None:
        return
    total = row[place.value] + value  # type: ignore[operator]  # a summed slot holds a number
    if isinstance(total, int) and abs(total) > place.column.type.limit:
        raise ValueUnfit(
            f"{place.name}: the sum does not fit {place.column.type} with version {event.version}"
        )
    row[place.value] = total


def _min(row: Row, place: Place, value: Cell | None, _order: OrderKey, _event: RecordedEvent) -> None:
    if value is not None and (row[place.value] is None or value < row[place.value]):  # type: ignore[operator]
        row[place.value] = value


def _max(row: Row, place: Place, value: Cell | None, _order: OrderKey, _event: RecordedEvent) -> None:
    if value is not None and (row[place.value] is None or value > row[place.value]):  # type: ignore[operator]
        row[place.value] = value


def _collect(row: Row, place: Place, value: Cell | None, order: OrderKey, _event: RecordedEvent) -> None:
    if value is None:
        return
    held: Any = row[place.value]
    orders: Any = row[place.order]
    pairs = sorted([*zip(orders, held, strict=True), (order, value)], key=lambda pair: pair[0])
    limit = place.column.limit
    kept = pairs[:limit] if place.column.keep == "first" else pairs[-limit:]
    row[place.order], row[place.value] = [o for o, _ in kept], [v for _, v in kept]


_REDUCE = {
    "first": _first,
    "last": _last,
    "sum": _sum,
    "count": _sum,
    "min": _min,
    "max": _max,
    "collect": _collect,
}
