"""From the columns of a feed to the rows of the copy and back, by DuckDB: no object is made of an event."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import FileSystem

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.asking.databases import database
from eventfold.readmodels.asking.scratch import memory
from eventfold.readmodels.eventview.said import SAID
from eventfold.readmodels.lakecopy.columns import DAY, ORDER, SCHEMA

MEMORY = "320MB"
_SAID = ", ".join(f"{text} AS {name}" for name, text in SAID.items())
_TO_ROWS = f"""
WITH named AS (SELECT *, lower(hex(id)) AS hexed FROM feed)
SELECT * EXCLUDE (id, hexed, recorded_us, occurred_or_none_us, irregular),
  split_part(stream, '-', 1) AS category,
  concat_ws('-', hexed[1:8], hexed[9:12], hexed[13:16], hexed[17:20], hexed[21:32]) AS event_id,
  make_timestamp(recorded_us) AS recorded_at,
  make_timestamp(coalesce(occurred_or_none_us, recorded_us)) AS occurred_at,
  {_SAID},
  occurred_or_none_us IS NOT NULL AS _occurred_given,
  irregular AS _irregular,
  CAST(make_timestamp(recorded_us) AS DATE) AS {DAY}
FROM named ORDER BY {DAY}, stream, version
"""  # noqa: S608 - words of ours only
_FILES = "read_parquet($files, hive_partitioning = false)"
_ELSEWHERE = "copied"
"""What the rows are called that DuckDB reads through Arrow."""
_FROM_ROWS = {
    "id": "unhex(replace(event_id, '-', ''))",
    "recorded_us": "epoch_us(recorded_at)",
    "occurred_us": "epoch_us(occurred_at)",
    "occurred_or_none_us": "CASE WHEN _occurred_given THEN epoch_us(occurred_at) END",
    IRREGULAR: "_irregular",
}
"""Columns of the feed that stand in the copy in another form."""


def to_rows(events: pa.Table, commit: int) -> pa.Table:
    """Rows of the copy, ordered by day, stream and version.

    Args:
        events: with the columns `columns.FEED` and `irregular`.
        commit: that brings them.
    """
    with database(memory(MEMORY)) as db:
        db.register("feed", events)
        found = db.sql(_TO_ROWS).to_arrow_table()
    found = found.append_column("_commit", pa.repeat(pa.scalar(commit, pa.int64()), found.num_rows))
    return found.select(SCHEMA.names).cast(SCHEMA)


def to_events(
    files: Sequence[str],
    filesystem: FileSystem | None,
    first: int,
    last: int,
    columns: Sequence[str],
    *,
    limit: int,
    categories: Collection[str] | None = None,
    types: Collection[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The events of some commits as columns of a feed, in the order of `columns.ORDER`.

    Args:
        files: that may have them.
        filesystem: what reads them; None: they are on this machine.
        first: commit.
        last: commit.
        columns: of the feed, and `irregular`.
        limit: rows of one batch, at most.
        categories: only those; None = all.
        types: only those; None = all.
    """
    if not files:
        return
    chosen = ", ".join(f"{_FROM_ROWS.get(name, name)} AS {name}" for name in columns)
    given: dict[str, object] = {"first": first, "last": last}
    only = ""
    for name, wanted in (("category", categories), ("type", types)):
        if wanted is not None:
            only += f" AND {name} IN (SELECT unnest(${name}::VARCHAR[]))"
            given[name] = sorted(wanted)
    statement = (
        f"SELECT {chosen} FROM {_FILES if filesystem is None else _ELSEWHERE}"  # noqa: S608 - names of columns
        f" WHERE _commit BETWEEN $first AND $last{only} ORDER BY _commit, {', '.join(ORDER)}"
    )
    found = _asked(statement, given, files, filesystem)
    for batch in found.to_batches(limit):
        yield _as_of_the_feed(batch)


def _as_of_the_feed(batch: pa.RecordBatch) -> pa.RecordBatch:
    if "id" not in batch.schema.names:
        return batch
    at = batch.schema.get_field_index("id")
    return batch.set_column(at, "id", batch.column(at).cast(pa.binary(16)))


def to_recorded(batch: pa.RecordBatch) -> Iterator[RecordedEvent]:
    """The rows of a batch as events.

    Args:
        batch: with all columns of the feed but `occurred_us`.
    """
    names = (
        "position",
        "stream",
        "version",
        "type",
        "schema_version",
        "id",
        "recorded_us",
        "occurred_or_none_us",
    )
    columns = [batch.column(name).to_pylist() for name in (*names, "data", "metadata", "partition")]
    for values in zip(*columns, strict=True):
        yield RecordedEvent(*values)


def recorded_between(files: Sequence[str], filesystem: FileSystem | None, commit: int) -> tuple[int, int]:
    """When the first and the last event of a commit were recorded, microseconds since 1970; files as `to_events`."""
    statement = (
        "SELECT epoch_us(min(recorded_at)) AS first, epoch_us(max(recorded_at)) AS last"  # noqa: S608 - words of ours
        f" FROM {_FILES if filesystem is None else _ELSEWHERE} WHERE _commit = $commit"
    )
    found = _asked(statement, {"commit": commit}, files, filesystem).to_pylist()[0]
    return found["first"], found["last"]


def _asked(
    statement: str, given: Mapping[str, Any], files: Sequence[str], filesystem: FileSystem | None
) -> pa.Table:
    with database(memory(MEMORY)) as db:
        if filesystem is None:
            return db.sql(statement, params={**given, "files": list(files)}).to_arrow_table()
        db.register(_ELSEWHERE, ds.dataset(list(files), format="parquet", filesystem=filesystem))
        try:
            return db.sql(statement, params=given).to_arrow_table()
        finally:
            db.unregister(_ELSEWHERE)
