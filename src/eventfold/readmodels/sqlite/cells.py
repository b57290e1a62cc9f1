"""How cells stand in SQLite: as they are, but for truth values, wide decimals and lists."""

from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from eventfold.readmodels.declaring.layout import Layout, Row, Slot
from eventfold.readmodels.declaring.types import Cell

_Convert = Callable[[Any], Any]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class CellCodec:
    """Converts rows of one layout to and from what SQLite stores; only the slots that need it are touched."""

    def __init__(self, layout: Layout) -> None:
        self._to = [(at, f) for at, slot in enumerate(layout.slots) if (f := _to_sql(slot))]
        self._from = [(at, f) for at, slot in enumerate(layout.slots) if (f := _from_sql(slot))]

    def to_sql(self, row: Row, change: int) -> tuple[Any, ...]:
        """What is bound to an upsert."""
        cells: list[Any] = [*row, change]
        for at, convert in self._to:
            if cells[at] is not None:
                cells[at] = convert(cells[at])
        return tuple(cells)

    def from_sql(self, stored: tuple[Any, ...]) -> Row:
        """The row that was stored."""
        cells: list[Any] = list(stored)
        for at, convert in self._from:
            if cells[at] is not None:
                cells[at] = convert(cells[at])
        return cells


def _to_sql(slot: Slot) -> _Convert | None:
    if slot.is_list:
        return _list_to_text
    if slot.type.kind == "decimal" and slot.type.precision > 18:
        return lambda cell: format(slot.type.show(cell), "f")
    return None


def _list_to_text(cells: list[Cell]) -> str:
    return _encode(cells).decode()


def _from_sql(slot: Slot) -> _Convert | None:
    if slot.is_list and slot.type.kind == "binary":
        return lambda text: [b64decode(item) for item in _decode(text)]
    if slot.is_list and slot.type.kind == "double":
        return lambda text: [float(item) for item in _decode(text)]
    if slot.is_list:
        return _decode
    if slot.type.kind == "boolean":
        return bool
    if slot.type.kind == "decimal" and slot.type.precision > 18:
        return lambda text: slot.type.hide(Decimal(text))
    return None
