"""The rows of a statement as Arrow batches, each of some MiB, however large a row is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.sqlite.cells import CellCodec

if TYPE_CHECKING:
    import pyarrow as pa

FIRST, MOST = 256, 16_384
"""Rows of the first batch, and of any."""
BYTES = 8 << 20
"""Of a batch, about."""


class Paging:
    """Makes batches of rows as they are stored.

    Args:
        layout: of the rows.
        cells: reads what is stored.
    """

    def __init__(self, layout: Layout, cells: CellCodec) -> None:
        self._layout = layout
        self._cells = cells
        self._failure: BaseException | None = None

    def reader(self, stored: Iterable[tuple[Any, ...]]) -> "pa.RecordBatchReader":
        """The batches, made while they are read."""
        import pyarrow as pa

        from eventfold.readmodels.folding.arrowform import schema

        return pa.RecordBatchReader.from_batches(schema(self._layout), self._batches(iter(stored)))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raises why the rows could not be read, whatever those who read them made of it."""
        try:
            yield
        except Exception:
            if self._failure is not None:
                raise self._failure from None
            raise

    def _batches(self, stored: Iterator[tuple[Any, ...]]) -> "Iterator[pa.RecordBatch]":
        from eventfold.readmodels.folding.arrowform import from_rows

        size = FIRST
        try:
            while page := list(islice(stored, size)):
                batches = from_rows(self._layout, map(self._cells.from_sql, page)).to_batches()
                yield from batches
                weight = max(1, sum(batch.nbytes for batch in batches))
                size = max(1, min(MOST, 4 * size, len(page) * BYTES // weight))
        except Exception as error:
            self._failure = error
            raise
