"""Times of Parquet, which may be of nanoseconds: as microseconds, exactly or cut."""

from collections.abc import Callable
from typing import Any

from eventfold.extras import needing

with needing("a Parquet file", "lake"):
    import pyarrow as pa


def in_microseconds(kind: "pa.DataType") -> "pa.DataType":
    """The type with times of nanoseconds as microseconds; a cast to it refuses those that are not whole."""
    return _with_times(kind, _as_microseconds)


def floored(column: "pa.Array") -> "pa.Array":
    """A column without what its times say finer than a microsecond, in the type that `in_microseconds` gives.

    Whatever the sign: of times before 1970, the digits that are written are cut too. A cast would round those up.
    """
    kind = column.type
    values = column.cast(_with_times(kind, _as_numbers)).to_pylist()
    return pa.array([_floored(value, kind) for value in values], in_microseconds(kind))


def _with_times(kind: "pa.DataType", change: "Callable[[pa.DataType], pa.DataType]") -> "pa.DataType":
    if _is_fine(kind):
        return change(kind)
    if pa.types.is_dictionary(kind):
        return _with_times(kind.value_type, change)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_times(field.type, change)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_with_times(kind.key_type, change), _with_times(kind.item_type, change))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_with_times(kind.value_type, change))
    return kind


def _is_fine(kind: "pa.DataType") -> bool:
    return bool((pa.types.is_timestamp(kind) or pa.types.is_time64(kind)) and kind.unit == "ns")


def _as_microseconds(kind: "pa.DataType") -> "pa.DataType":
    return pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.time64("us")


def _as_numbers(_kind: "pa.DataType") -> "pa.DataType":
    return pa.int64()


def _floored(value: Any, kind: "pa.DataType") -> Any:
    if value is None:
        return None
    if _is_fine(kind):
        return value // 1_000
    if pa.types.is_struct(kind):
        return {field.name: _floored(value[field.name], field.type) for field in kind}
    if pa.types.is_map(kind):
        return [(_floored(key, kind.key_type), _floored(item, kind.item_type)) for key, item in value]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_floored(item, kind.value_type) for item in value]
    return value
