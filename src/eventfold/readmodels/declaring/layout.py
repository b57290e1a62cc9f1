"""The layout of a table's rows: which cells a row has once it is known how its log orders events.

A row is a list of cells: the key, the order key of the last event that touched the row, then the slots of each column.
A column that must know where its value came from has a second slot for that, named with a leading underscore, so that a
published table carries whatever a fold needs to go on.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Literal

import msgspec

from eventfold.errors import TableInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.types import INT64, STRING, Cell, ColumnType

Row = list[Cell | list[Cell] | None]
OrderKey = int | str
OrderedBy = Literal["version", "position", "triple"]

SEPARATOR = "\x1f"
TIME_OFFSET = 10**17
"""Added to microseconds in an order key made of text, so that every year sorts as a positive number."""
TIME_DIGITS = 20


class Slot(msgspec.Struct, frozen=True):
    """One cell of a row.

    Attributes:
        name: of the column in state and lake.
        type: of the cell, or of the items of a list.
        is_list: whether it holds a list.
        hidden: whether it is only there for the fold.
    """

    name: str
    type: ColumnType
    is_list: bool = False
    hidden: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where a column's cells stand in a row; `order` is -1 where none is needed."""

    name: str
    column: Column
    value: int
    order: int = -1


class Layout(msgspec.Struct, frozen=True):
    """A table bound to the order of a log.

    Attributes:
        spec: the definition.
        ordered_by: the order of the events of one key.
        slots: the cells of a row; the key first, then the order key.
        places: where each column's cells are.
    """

    spec: TableSpec
    ordered_by: OrderedBy
    slots: tuple[Slot, ...]
    places: tuple[Place, ...]

    @property
    def shown(self) -> list[tuple[int, Slot]]:
        """The slots that a user sees, with their index."""
        return [(at, slot) for at, slot in enumerate(self.slots) if not slot.hidden]

    @property
    def fingerprint(self) -> str:
        """Of the definition and of the order it was bound to."""
        return f"{self.spec.fingerprint}-{self.ordered_by}"

    def empty(self, key: str) -> Row:
        """The row of a key before its first event."""
        row: Row = [None] * len(self.slots)
        row[0] = key
        for place in self.places:
            if place.column.reducer in {"sum", "count"}:
                row[place.value] = 0.0 if place.column.type.kind == "double" else 0
            elif place.column.reducer == "collect":
                row[place.value], row[place.order] = [], []
        return row

    def show(self, row: Row) -> dict[str, object]:
        """The row as a user sees it."""
        return {slot.name: _show(slot, row[at]) for at, slot in self.shown}

    def order_of(self) -> Callable[[RecordedEvent], OrderKey]:
        """What gives the place of an event among those of its key."""
        if self.ordered_by != "triple":
            return attrgetter(self.ordered_by)
        return lambda event: (
            f"{_digits(event.recorded_us)}{SEPARATOR}{event.stream}{SEPARATOR}{event.version:0{TIME_DIGITS}d}"
        )


def bind(spec: TableSpec, *, total_order: bool) -> Layout:
    """The layout of a table over a log.

    Args:
        spec: the definition.
        total_order: whether the log orders all its events.

    Raises:
        TableInvalid: the table needs the events of a key in order, and this log does not give them.
    """
    ordered_by: OrderedBy = "version" if spec.key_is_stream else "position" if total_order else "triple"
    if spec.in_order_only and ordered_by == "triple":
        what = "delete_on" if spec.delete_on else "a Python fold"
        raise TableInvalid(
            f"{spec.name}: {what} needs the events of a key in order, but its key spans streams and this log has no"
            " total order. Key the table by the stream, or keep it on a store with a total order."
        )
    order_type = STRING if ordered_by == "triple" else INT64
    order_name = {"version": "_version", "position": "_position", "triple": "_order"}[ordered_by]
    slots = [Slot(spec.key_name, STRING), Slot(order_name, order_type)]
    places: list[Place] = []
    for name, column in spec.columns.items():
        is_list = column.reducer == "collect"
        value = len(slots)
        slots.append(Slot(name, column.type, is_list))
        if is_list or (column.reducer in {"first", "last"} and _needs_order(column, ordered_by)):
            by_type = STRING if column.by else order_type
            slots.append(Slot(f"_o_{name}", by_type, is_list, hidden=True))
            places.append(Place(name, column, value, value + 1))
        else:
            places.append(Place(name, column, value))
    return Layout(spec, ordered_by, tuple(slots), tuple(places))


def by_key(us: int, order: OrderKey) -> str:
    """The order key of a column that is ordered by a time: ties are decided by the order of the log."""
    rest = order if isinstance(order, str) else f"{order:0{TIME_DIGITS}d}"
    return f"{_digits(us)}{SEPARATOR}{rest}"


def _digits(us: int) -> str:
    return f"{us + TIME_OFFSET:0{TIME_DIGITS}d}"


def _needs_order(column: Column, ordered_by: OrderedBy) -> bool:
    # with key = stream the events of a row come in order, so first and last need no order key of their own,
    # unless a null counts as a value: then the key says that there was one
    return ordered_by != "version" or column.by is not None or column.nulls


def _show(slot: Slot, cell: Cell | list[Cell] | None) -> object:
    if isinstance(cell, list):
        return [slot.type.show(item) for item in cell]
    return slot.type.show(cell)
