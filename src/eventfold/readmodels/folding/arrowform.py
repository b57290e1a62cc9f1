"""Rows as Arrow tables: the form in which engines, state and publications hand rows to one another.

Decimals are decimal128, times are timestamp[us, UTC], collected values are lists; hidden slots travel with them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from eventfold.readmodels.declaring.layout import Layout, Row, Slot
from eventfold.readmodels.declaring.types import ColumnType

EVENT_COLUMNS = (
    "position",
    "partition",
    "stream",
    "version",
    "type",
    "schema_version",
    "id",
    "recorded_us",
    "occurred_us",
    "data",
    "metadata",
)

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "binary": pa.binary(),
}


def arrow_type(kind: ColumnType) -> pa.DataType:
    """The Arrow type of a column type."""
    return pa.decimal128(kind.precision, kind.scale) if kind.kind == "decimal" else _TYPES[kind.kind]


def schema(layout: Layout) -> pa.Schema:
    """The schema of a layout's rows, hidden slots included."""
    return pa.schema(
        [
            pa.field(
                slot.name,
                pa.list_(arrow_type(slot.type)) if slot.is_list else arrow_type(slot.type),
                nullable=at > 1,
            )
            for at, slot in enumerate(layout.slots)
        ]
    )


def from_rows(layout: Layout, rows: Iterable[Row]) -> pa.Table:
    """Rows as an Arrow table."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(layout.slots)
    arrays = [_array(slot, cells) for slot, cells in zip(layout.slots, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema(layout))


def to_rows(layout: Layout, table: pa.Table) -> list[Row]:
    """An Arrow table as rows."""
    columns = [_cells(slot, table.column(at)) for at, slot in enumerate(layout.slots)]
    return [list(cells) for cells in zip(*columns, strict=True)]


def _array(slot: Slot, cells: Sequence[Any]) -> pa.Array:
    if not slot.is_list:
        return _flat(slot.type, cells)
    offsets = [0]
    for cell in cells:
        offsets.append(offsets[-1] + len(cell))
    items = _flat(slot.type, [item for cell in cells for item in cell])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)


def _flat(kind: ColumnType, cells: Sequence[Any]) -> pa.Array:
    match kind.kind:
        case "decimal":
            return scaled_to_decimal(kind, cells)
        case "timestamp":
            return pa.array(cells, pa.int64()).cast(_TYPES["timestamp"])
        case "date":
            return pa.array(cells, pa.int32()).cast(pa.date32())
        case _:
            return pa.array(cells, arrow_type(kind))


def scaled_to_decimal(kind: ColumnType, cells: Sequence[int | None]) -> pa.Array:
    """Scaled whole numbers as decimals: the same 128 bits, read with a scale."""
    if kind.precision <= 18:
        whole = pa.array(cells, pa.int64()).cast(pa.decimal128(19, 0))
    else:
        whole = pa.array([None if c is None else str(c) for c in cells], pa.string()).cast(
            pa.decimal128(38, 0)
        )
    return pa.Array.from_buffers(
        arrow_type(kind), len(whole), whole.buffers(), whole.null_count, whole.offset
    )


def _cells(slot: Slot, column: Any) -> Any:
    if slot.is_list:
        lists = column.to_pylist()
        if slot.type.kind in {"decimal", "timestamp", "date"}:
            return [[slot.type.hide(item) for item in items] for items in lists]
        return lists
    match slot.type.kind:
        case "decimal":
            return _unscaled(slot.type, column)
        case "timestamp":
            return column.cast(pa.int64()).to_pylist()
        case "date":
            return column.cast(pa.int32()).to_pylist()
        case _:
            return column.to_pylist()


def _unscaled(kind: ColumnType, column: pa.ChunkedArray) -> list[Any]:
    found: list[Any] = []
    for chunk in column.chunks:
        wide = chunk.cast(pa.decimal128(38, kind.scale))
        whole = pa.Array.from_buffers(
            pa.decimal128(38, 0), len(wide), wide.buffers(), wide.null_count, wide.offset
        )
        if kind.precision <= 18:
            found.extend(whole.cast(pa.int64()).to_pylist())
        else:
            found.extend(None if c is None else int(c) for c in whole.to_pylist())
    return found
