"""What a MERGE takes: whole rows, and the keys that are to go, told apart by a mark."""

from collections.abc import Iterator, Sequence
from itertools import chain

import pyarrow as pa

DELETED = "_deleted"


def merge_source(rows: pa.RecordBatchReader, deleted: Sequence[str]) -> pa.RecordBatchReader | None:
    """Rows and keys with the mark `_deleted`, batch by batch; None where there is neither.

    Args:
        rows: in the form of `arrowform.schema`, whose first column is the key.
        deleted: keys.
    """
    relaxed = pa.schema([field.with_nullable(True) for field in rows.schema])
    marked = relaxed.append(pa.field(DELETED, pa.bool_()))
    batches = chain(_kept(rows, marked), _gone(deleted, relaxed, marked))
    first = next(batches, None)
    return None if first is None else pa.RecordBatchReader.from_batches(marked, chain([first], batches))


def _kept(rows: pa.RecordBatchReader, marked: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        if batch.num_rows:
            marks = pa.repeat(pa.scalar(False), batch.num_rows)
            yield pa.RecordBatch.from_arrays([*batch.columns, marks], schema=marked)


def _gone(deleted: Sequence[str], relaxed: pa.Schema, marked: pa.Schema) -> Iterator[pa.RecordBatch]:
    if deleted:
        empty = [pa.nulls(len(deleted), field.type) for field in list(relaxed)[1:]]
        marks = pa.repeat(pa.scalar(True), len(deleted))
        yield pa.RecordBatch.from_arrays([pa.array(deleted, pa.string()), *empty, marks], schema=marked)
