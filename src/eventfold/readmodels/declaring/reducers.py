"""Reducers: how one value changes the cells of its column, bound to their places once, because they run per event."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from eventfold.errors import ValueUnfit
from eventfold.events.envelope import RecordedEvent
from eventfold.readmodels.declaring.layout import OrderKey, Place, Row, by_key
from eventfold.readmodels.declaring.types import Cell

Reduce = Callable[[Row, Cell | None, OrderKey, RecordedEvent], None]
"""Is given the row, which it changes, the value, the event's place among those of its key, and the event.

Raises ValueUnfit for a sum beyond its type.
"""


def reducer(place: Place) -> Reduce:
    """What the column of a place does with a value."""
    match place.column.reducer:
        case "first" | "last":
            return _picked(place)
        case "sum" | "count":
            return _summed(place)
        case "min" | "max":
            return _extreme(place)
        case "collect":
            return _collected(place)
        case other:
            raise AssertionError(f"{other} takes no values")


def _picked(place: Place) -> Reduce:
    at, order_at, nulls, first = place.value, place.order, place.column.nulls, place.column.reducer == "first"

    def in_order(row: Row, value: Cell | None, _order: OrderKey, _event: RecordedEvent) -> None:
        if value is not None and not (first and row[at] is not None):
            row[at] = value

    def placed(row: Row, value: Cell | None, order: OrderKey, event: RecordedEvent) -> None:
        if value is None and not nulls:
            return
        mine, held = key(order, event), row[order_at]
        if held is None or (mine < held if first else mine > held):  # type: ignore[operator]  # one kind of key
            row[at], row[order_at] = value, mine

    key = _key(place)
    return in_order if order_at < 0 else placed


def _key(place: Place) -> Callable[[OrderKey, RecordedEvent], OrderKey]:
    by = place.column.by
    if by is None:
        return lambda order, _event: order
    time_of = attrgetter("recorded_us" if by.name == "recorded_at" else "occurred_us")
    return lambda order, event: by_key(time_of(event), order)


def _summed(place: Place) -> Reduce:
    at, kind = place.value, place.column.type
    most = float("inf") if kind.kind == "double" else kind.limit

    def reduce(row: Row, value: Cell | None, _order: OrderKey, event: RecordedEvent) -> None:
        if value is None:
            return
        total: Any = row[at] + value  # type: ignore[operator]  # a summed slot holds a number
        if total > most or total < -most:
            raise ValueUnfit(f"{place.name}: the sum does not fit {kind} with version {event.version}")
        row[at] = total

    return reduce


def _extreme(place: Place) -> Reduce:
    at, smallest = place.value, place.column.reducer == "min"

    def reduce(row: Row, value: Cell | None, _order: OrderKey, _event: RecordedEvent) -> None:
        if value is None:
            return
        held = row[at]
        if held is None or (value < held if smallest else value > held):  # type: ignore[operator]  # one type
            row[at] = value

    return reduce


def _collected(place: Place) -> Reduce:
    at, order_at, limit, first = place.value, place.order, place.column.limit, place.column.keep == "first"

    def reduce(row: Row, value: Cell | None, order: OrderKey, _event: RecordedEvent) -> None:
        if value is None:
            return
        orders: Any = row[order_at]
        held: Any = row[at]
        pairs = sorted([*zip(orders, held, strict=True), (order, value)], key=lambda pair: pair[0])
        kept = pairs[:limit] if first else pairs[-limit:]
        row[order_at], row[at] = [o for o, _ in kept], [v for _, v in kept]

    return reduce
