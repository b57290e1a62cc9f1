"""Reading the Parquet file of an export: its rows as recorded events."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from eventfold import limits
from eventfold.errors import EventfoldError, EventTooLarge, QueryInvalid, RowInvalid
from eventfold.extras import needing
from eventfold.imports.files.parquet.parquet import opened_parquet
from eventfold.imports.files.rows import bare
from eventfold.imports.restoring.recorded import Recorded, recorded, refuse_upcast

with needing("a Parquet file", "lake"):
    import pyarrow as pa

_TIME = pa.timestamp("us", tz="UTC")
NEEDED = {
    "id": pa.string(),
    "aggregateId": pa.string(),
    "eventType": pa.string(),
    "version": pa.int64(),
    "timestamp": _TIME,
    "data": pa.string(),
    "metadata": pa.string(),
    "schemaVersion": pa.int64(),
    "upgradedFrom": pa.int64(),
    "occurredAt": _TIME,
}
"""The columns of an export that are read; its place in the log that was exported is not."""

_OPTIONAL = {"upgradedFrom", "occurredAt"}


def recorded_rows(path: Path) -> Iterator[Recorded]:
    """The rows of an exported file as events; errors as `exported_events`."""
    with opened_parquet(path, limits.PARQUET_EXPORT_BYTES) as file:
        schema = file.schema_arrow
        if (name := _lacking(schema)) is not None:
            raise QueryInvalid(
                f"{path.name} is no export of a log: it has no column {name} of the type {NEEDED[name]}.",
                file=path.name,
            )
        line = 0
        for batch in file.batches(list(NEEDED)):
            if isinstance(batch, EventTooLarge):
                line += 1
                yield Recorded(line, error=batch)
                continue
            columns = [batch.column(name).cast(kind) for name, kind in NEEDED.items()]
            columns = [c.cast(pa.int64()) if c.type == _TIME else c for c in columns]
            for values in zip(*(column.to_pylist() for column in columns), strict=True):
                line += 1
                yield _of_row(line, dict(zip(NEEDED, values, strict=True)))


def has_columns(path: Path) -> bool:
    """Whether a file has the columns of an export; errors as `opened_parquet`."""
    with opened_parquet(path, limits.PARQUET_EXPORT_BYTES) as file:
        return _lacking(file.schema_arrow) is None


def recorded_times(path: Path) -> Iterator[int]:
    """When the rows of an exported file were recorded, as far as they say it; every column is read."""
    with opened_parquet(path, limits.PARQUET_EXPORT_BYTES) as file:
        if "timestamp" in file.schema_arrow.names and _fits(file.schema_arrow.field("timestamp").type, _TIME):
            for batch in file.batches():
                if isinstance(batch, EventTooLarge):
                    continue
                times = batch.column("timestamp").cast(_TIME).cast(pa.int64())
                yield from (us for us in times.to_pylist() if us is not None)


def _lacking(schema: pa.Schema) -> str | None:
    for name, kind in NEEDED.items():
        at = schema.get_field_index(name)
        if at < 0 or not _fits(schema.field(at).type, kind):
            return name
    return None


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a type is the wanted one, or another tool's way to keep the same values."""
    if wanted == pa.string():
        if pa.types.is_dictionary(found):
            found = found.value_type
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or found == pa.string_view())
    if wanted == _TIME:
        return bool(pa.types.is_timestamp(found) and found.tz is not None and found.unit in {"s", "ms", "us"})
    return bool(pa.types.is_integer(found))


def _of_row(line: int, row: dict[str, Any]) -> Recorded:
    try:
        empty = [name for name in NEEDED if name not in _OPTIONAL and row[name] is None]
        if empty:
            raise RowInvalid(f"The row has no {empty[0]}.", line=line)
        if row["upgradedFrom"] is not None:
            refuse_upcast(line, row["upgradedFrom"])
        try:
            event_id = UUID(row["id"])
        except ValueError:
            raise RowInvalid(f"{row['id']!r:.60} is no event id.", line=line) from None
        return recorded(
            line,
            event_id,
            row["aggregateId"],
            row["version"],
            row["eventType"],
            row["schemaVersion"],
            row["data"],
            row["metadata"],
            row["occurredAt"],
            row["timestamp"],
        )
    except EventfoldError as error:
        return Recorded(line, error=bare(error))
