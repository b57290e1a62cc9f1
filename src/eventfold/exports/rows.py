"""Batches as rows of Parquet: the document's fields as columns, the place in the log beside them."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from eventfold.exports.lines import ids

GROUP_ROWS = 50_000
GROUP_BYTES = 64 * 1024 * 1024

_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("aggregateId", pa.string()),
        ("eventType", pa.string()),
        ("version", pa.int64()),
        ("timestamp", _TIME),
        ("data", pa.string()),
        ("metadata", pa.string()),
        ("schemaVersion", pa.int64()),
        ("upgradedFrom", pa.int64()),
        ("occurredAt", _TIME),
        ("position", pa.int64()),
        ("partition", pa.string()),
        ("logId", pa.string()),
    ]
)


class _Sink:
    """A file that is only written to, a pipe too; what is written after it was abandoned goes nowhere."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written = 0
        self.abandoned = False
        self.closed = False

    def write(self, content: bytes) -> int:
        if not self.abandoned:
            self._file.write(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        if not self.abandoned:
            self._file.flush()

    def close(self) -> None:
        self.closed = True


class Rows:
    """Writes a Parquet file, one group of rows at a time.

    Args:
        file: open for writing.
        log_id: of the log that is exported.
    """

    def __init__(self, file: BinaryIO, log_id: str) -> None:
        self._log_id = log_id
        self._sink = _Sink(file)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"),
            SCHEMA.with_metadata({"eventfold.log": log_id}),
            compression="zstd",
            write_batch_size=64,  # a page is ended between such batches only, and is unpacked as a whole
        )
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Writes a batch, or keeps it until its group is complete."""
        self._waiting.append(self._columns(batch))
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Writes the last group and the footer."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Leaves the file without its footer, so that nobody takes what was written for the whole."""
        self._sink.abandoned = True
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(
                pa.Table.from_batches(self._waiting, SCHEMA), row_group_size=GROUP_ROWS * 2
            )
        self._waiting, self._rows, self._bytes = [], 0, 0

    def _columns(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [
            ids(batch.column("id")),
            batch.column("stream"),
            batch.column("type"),
            batch.column("version"),
            batch.column("recorded_us").cast(pa.timestamp("us")),
            batch.column("data"),
            batch.column("metadata"),
            batch.column("schema_version"),
            batch.column("upgraded_from"),
            batch.column("occurred_or_none_us").cast(pa.timestamp("us")),
            batch.column("position"),
            batch.column("partition"),
            pa.array([self._log_id]).take(pa.array([0] * batch.num_rows, pa.int32())),
        ]
        return pa.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
        )
