"""The columns of the events, as SQL sees them, made of those of the feed."""

from collections.abc import Callable, Collection
from typing import Any

import pyarrow as pa

from eventfold.readmodels.counting.typecounts import categories_of

_TIME = pa.timestamp("us", "UTC")
_JSON = pa.json_()
SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64()),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("recorded_at", _TIME, nullable=False),
        pa.field("occurred_at", _TIME, nullable=False),
        pa.field("data", _JSON, nullable=False),
        pa.field("metadata", _JSON, nullable=False),
    ]
)
"""What is read of each event; `position` is null where a log has no order of all its events."""

_SOURCES = {
    "category": "stream",
    "recorded_at": "recorded_us",
    "occurred_at": "occurred_us",
}


def needed(columns: Collection[str]) -> list[str]:
    """The columns of the feed from which some columns are made, at least one."""
    return list(dict.fromkeys(_SOURCES.get(name, name) for name in columns)) or ["version"]


def formed(batch: pa.RecordBatch, schema: pa.Schema, *, total_order: bool) -> pa.RecordBatch:
    """A batch of the feed with the columns of a schema.

    Args:
        batch: with what `needed` names.
        schema: some of `SCHEMA`.
        total_order: whether positions order all events of the log.
    """
    arrays = []
    for field in schema:
        if field.name == "position" and not total_order:
            arrays.append(pa.nulls(batch.num_rows, pa.int64()))
            continue
        make = _MAKERS.get(field.name, lambda column: column)
        arrays.append(make(batch.column(_SOURCES.get(field.name, field.name))))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _category(streams: pa.Array) -> pa.Array:
    return categories_of(streams).cast(pa.string())


def _json(texts: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(_JSON, texts)


def _time(us: pa.Array) -> pa.Array:
    return us.cast(_TIME)


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "category": _category,
    "recorded_at": _time,
    "occurred_at": _time,
    "data": _json,
    "metadata": _json,
}
