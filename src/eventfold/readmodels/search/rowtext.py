"""A row as it is stored in an index, so that a hit is whole without anything else: a JSON array of its cells."""

import math
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from eventfold.readmodels.declaring.layout import Layout, Row, Slot
from eventfold.readmodels.declaring.types import Cell

_SAFE = 2**63
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Any]).decode


class RowText:
    """Writes and reads the rows of a table.

    Args:
        layout: of the rows.
    """

    def __init__(self, layout: Layout) -> None:
        self._places = [at for at, _ in layout.shown]
        slots = [slot for _, slot in layout.shown]
        # of most cells JSON says what they are
        self._writes = [(at, write) for at, slot in enumerate(slots) if (write := _writer(slot))]
        self._reads = [(at, read) for at, slot in enumerate(slots) if (read := _reader(slot))]

    def write(self, row: Row) -> bytes:
        """The text of a row."""
        cells: list[Any] = [row[at] for at in self._places]
        for at, write in self._writes:
            if cells[at] is not None:
                cells[at] = write(cells[at])
        return _encode(cells)

    def read(self, text: bytes) -> Sequence[Cell | list[Cell] | None]:
        """The cells of the columns that a user sees, in their order.

        Raises:
            ValueError: it is no row.
        """
        cells = _decode(text)
        for at, read in self._reads:
            if cells[at] is not None:
                cells[at] = read(cells[at])
        return cells


def _writer(slot: Slot) -> Callable[[Any], Any] | None:
    one: Callable[[Any], Any]
    match slot.type.kind:
        case "decimal":
            one = _write_whole
        case "double":
            one = _write_number
        case _:
            return None  # bytes become base64 by themselves
    return _each(one) if slot.is_list else one


def _reader(slot: Slot) -> Callable[[Any], Any] | None:
    one: Callable[[Any], Any]
    match slot.type.kind:
        case "decimal":
            one = int
        case "double":
            one = float
        case "binary":
            one = b64decode
        case _:
            return None
    return _each(one) if slot.is_list else one


def _each(one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda items: [one(item) for item in items]


def _write_whole(cell: int) -> int | str:
    """JSON readers take numbers beyond 64 bits for fractions."""
    return cell if -_SAFE <= cell < _SAFE else str(cell)


def _write_number(cell: float) -> float | str:
    return cell if math.isfinite(cell) else str(cell)
