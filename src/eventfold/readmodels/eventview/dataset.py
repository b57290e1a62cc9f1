"""The events of a log as an Arrow data set: DuckDB hands its filter and its columns to each scan of it."""

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from eventfold.errors import InvalidStream
from eventfold.feed.cursor import Cursor
from eventfold.limits import INT_MAX
from eventfold.readmodels.eventview.columns import SCHEMA, formed, needed
from eventfold.readmodels.eventview.pruning import Pruned, prune, uses
from eventfold.store.arrow import batches
from eventfold.store.names import check_categories
from eventfold.store.port import Store

MOST_STREAMS = 100
"""Streams that are read one by one; of more, their events are found in the log."""
_PAGE = 5_000


class Events(ds.Dataset):  # type: ignore[misc] # pyarrow has no types
    """Every event of a log up to one moment; safe to be scanned several times, and at once.

    Attributes:
        failed: what ended a scan, which Arrow and DuckDB would only quote.
        scans: what each scan had to read.

    Args:
        store: the log.
        pruned: whether filters are used to read less; the answers are the same.
    """

    def __init__(self, store: Store, *, pruned: bool = True) -> None:
        self._store = store
        self._feed = store.feed()
        self._total_order = self._feed.capabilities.total_order
        self._pruned = pruned
        self._heads: dict[str, int] = {}
        self._end: Cursor | None = None
        self._lock = threading.Lock()
        self.failed: Exception | None = None
        self.scans: list[Pruned] = []

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return SCHEMA

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - as Arrow calls it
        **_: Any,
    ) -> ds.Scanner:
        """A scan of some columns of the events that a filter accepts, in the order of the feed."""
        wanted = list(SCHEMA.names if columns is None else columns)
        read = [n for n in SCHEMA.names if n in wanted or (filter is not None and uses(filter, SCHEMA, n))]
        schema = pa.schema([SCHEMA.field(name) for name in read or ["version"]])
        found = prune(filter, SCHEMA) if self._pruned else Pruned()
        self.scans.append(found)
        reader = pa.RecordBatchReader.from_batches(schema, self._told(found, schema))
        return ds.Scanner.from_batches(reader, columns=wanted, filter=filter)

    def _told(self, pruned: Pruned, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._read(pruned, needed(schema.names)):
                yield formed(batch, schema, total_order=self._total_order)
        except Exception as error:
            self.failed = error
            raise

    def _read(self, pruned: Pruned, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # where positions are null, what a filter says of their values leaves nothing out
        positions = pruned.positions if self._total_order else None
        chosen: list[Sequence[Any] | None] = [positions, pruned.streams, pruned.categories, pruned.types]
        if any(some is not None and not some for some in chosen):
            return
        end = self._ending()
        by_name = self._store.capabilities.has_log
        if by_name and pruned.streams is not None and len(pruned.streams) <= MOST_STREAMS:
            heads = self._versions(pruned.streams)
            if heads is not None:
                yield from self._of_streams(heads, end, columns)
                return
        categories = pruned.categories
        try:
            check_categories(categories)
        except InvalidStream:
            categories = None
        for after, to in self._spans(pruned.positions, end):
            yield from self._feed.arrow(
                after, to, columns, limit=_PAGE, categories=categories, types=pruned.types
            )

    def _spans(self, positions: Sequence[tuple[int, int]], end: Cursor) -> Iterator[tuple[Cursor, Cursor]]:
        """What is to be read of the feed, from cursor to cursor."""
        if not self._total_order:
            yield self._feed.start(), end
            return
        last = _position(end)
        for low, high in positions:
            first, final = max(1, low), min(high, last)
            if first <= final:
                yield self._feed.at_position(first - 1), self._feed.at_position(final)

    def _of_streams(
        self, heads: dict[str, int], end: Cursor, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        last = _position(end) if self._total_order else INT_MAX
        for stream, version in heads.items():
            if version:
                events = (e for e in self._store.read(stream, to=version) if e.position <= last)
                while page := list(islice(events, _PAGE)):
                    yield from batches(page, columns, _PAGE)

    def _versions(self, streams: Sequence[str]) -> dict[str, int] | None:
        """The versions of some streams, the same ones in every scan; None where one has no name of a stream."""
        try:
            with self._lock:
                for stream in streams:
                    if stream not in self._heads:
                        self._heads[stream] = self._store.head(stream)
        except InvalidStream:
            return None
        return {stream: self._heads[stream] for stream in streams}

    def _ending(self) -> Cursor:
        """The moment: the end of the log when it was first asked for."""
        with self._lock:
            if self._end is None:
                self._end = self._feed.end()
            return self._end


def _position(end: Cursor) -> int:
    return max((mark.position for mark in end.marks.values()), default=0)
