"""Batches of Parquet in which rows share their texts: how large they are, told before each row has a copy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eventfold import limits
from eventfold.errors import EventTooLarge
from eventfold.extras import needing
from eventfold.imports.files import rows

with needing("a Parquet file", "lake"):
    import pyarrow as pa
    import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_OF_AN_ITEM = 16
_TEXTS = {"STRING", "NONE", "JSON", "ENUM", "BSON"}


def shared_texts(file: "pq.FileMetaData", schema: pa.Schema) -> list[str]:
    """The paths of the columns whose rows may share texts and bytes."""
    if "view" in str(schema):  # which Arrow does not read so
        return []
    columns = [file.schema.column(n) for n in range(len(file.schema))]
    return [c.path for c in columns if c.physical_type == "BYTE_ARRAY" and c.logical_type.type in _TEXTS]


def unpacked(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch | EventTooLarge]:
    """The rows in parts that fit, each with the types of a schema; an error for a row that is too large."""
    size = sum(_size(column) for column in batch.columns)
    if batch.num_rows > 1 and size > limits.PAGE_BYTES:
        half = batch.num_rows // 2
        yield from unpacked(batch.slice(0, half), schema)
        yield from unpacked(batch.slice(half), schema)
    elif batch.num_rows == 1 and size > rows.LONGEST_LINE:
        yield EventTooLarge(f"The row has more than {rows.LONGEST_LINE} bytes.")
    else:
        wanted = pa.schema([schema.field(name) for name in batch.schema.names])
        table = pa.Table.from_batches([batch])
        yield from (table if table.schema.equals(wanted) else table.cast(wanted)).to_batches()


def _size(array: pa.Array) -> int:
    """The bytes of all values, as if none were shared."""
    if isinstance(array, pa.ExtensionArray):
        return _size(array.storage)
    kind = array.type
    if pa.types.is_dictionary(kind):
        if not _is_text(kind.value_type):
            return len(array) * _OF_AN_ITEM
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0) + len(array) * _OF_AN_ITEM
    if _is_text(kind):
        return int(pc.sum(pc.binary_length(array).cast(pa.int64())).as_py() or 0) + len(array) * _OF_AN_ITEM
    if pa.types.is_struct(kind):
        return sum(map(_size, array.flatten()))
    if pa.types.is_fixed_size_list(kind):
        return _size(array.flatten()) + len(array) * _OF_AN_ITEM
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        first, last = array.offsets[0].as_py(), array.offsets[len(array)].as_py()
        if pa.types.is_map(kind):
            inside = [array.keys.slice(first, last - first), array.items.slice(first, last - first)]
            return sum(map(_size, inside)) + len(array) * _OF_AN_ITEM
        return _size(array.values.slice(first, last - first)) + len(array) * _OF_AN_ITEM
    return len(array) * _OF_AN_ITEM + (
        len(array) * kind.byte_width if pa.types.is_fixed_size_binary(kind) else 0
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
