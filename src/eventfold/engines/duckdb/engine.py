"""Runs the compiled SQL over chunks of events, and leaves every doubtful chunk to the reference fold."""

import functools
from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from eventfold.engines.duckdb.current import NotCurrent, current_data
from eventfold.engines.duckdb.partials import Partials, scaled
from eventfold.engines.duckdb.summed import Summed
from eventfold.events.registry import Registry
from eventfold.feed.parking import ParkedStream
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.asking.databases import database
from eventfold.readmodels.asking.scratch import disk_is_full, memory
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.folding.arrowform import from_rows
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.history import ReferenceEngine, fold_events, recorded
from eventfold.readmodels.folding.reference import Reference
from eventfold.readmodels.port import Folded, Scope

CHUNK_ROWS = 120_000
LEAST_ROWS = 10_000
CHUNK_BYTES = 32_000_000
COMPACT_ROWS = 400_000
MEMORY = "160MB"


class DuckdbEngine:
    """Folds by columns, in memory that does not grow with the number of events."""

    def fold(
        self,
        events: Iterable[pa.RecordBatch],
        layout: Layout,
        registry: Registry,
        *,
        scope: Scope,
        base: pa.Table | None = None,
    ) -> Folded:
        """As `Engine.fold`; a table whose fold is Python is folded by the reference."""
        if layout.spec.fold is not None:
            return ReferenceEngine().fold(events, layout, registry, scope=scope, base=base)
        with database(memory(MEMORY), in_order=False) as db:
            return _Run(db, layout, registry, scope, base).all(events)


class _Run:
    """One fold."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        layout: Layout,
        registry: Registry,
        scope: Scope,
        base: pa.Table | None,
    ) -> None:
        self._layout = layout
        self._registry = registry
        self._scope = scope
        self._parked: dict[str, ParkedStream] = dict(scope.parked)
        self._partials = Partials(db, layout)
        self._sums: dict[str, int] = {}
        self._chunk = 0
        if base is not None and base.num_rows:
            self._partials.insert(base, self._chunk)
            self._count_base(base)

    def all(self, events: Iterable[pa.RecordBatch]) -> Folded:
        """Folds every chunk, then merges."""
        count = 0
        chunks = _larger(events, max(LEAST_ROWS, CHUNK_ROWS // self._partials.parts))
        for chunk in chunks:
            count += chunk.num_rows
            if not self._one(chunk):
                # a sum may have left its type: from here on every event is looked at by itself, in order
                rest = self._reference_from(chunk, chunks)
                return Folded(rest.rows, rest.parked, count + rest.events - chunk.num_rows)
            if self._partials.rows > COMPACT_ROWS:
                self._partials.compact(self._chunk)
        return Folded(self._partials.merged(), self._parked, count)

    def _one(self, chunk: pa.Table) -> bool:
        self._chunk += 1
        chosen = self._choose(chunk)
        if chosen.num_rows == 0:
            return True
        if IRREGULAR in chosen.column_names and pc.any(chosen.column(IRREGULAR)).as_py():
            # of two equal keys DuckDB takes the first, and it takes NaN
            return self._by_reference(chunk)
        types = frozenset(chosen.column("type").unique().to_pylist())
        try:
            chosen = current_data(chosen, types, self._layout, self._registry)
        except NotCurrent:
            return self._by_reference(chunk)
        try:
            found = self._partials.fold(chosen, types)
        except duckdb.OutOfRangeException:  # a sum has left even the widest type
            return False
        except duckdb.InvalidInputException:  # what was stored before appends were strict may be no JSON
            return self._by_reference(chunk)
        except duckdb.OutOfMemoryException as error:
            if disk_is_full(error):
                raise
            return self._by_reference(chunk)
        if found is None:
            return self._by_reference(chunk)
        if not found.rows:  # every event was left out
            return True
        if not self._fit(found.largest):
            return False
        self._partials.keep(found, self._chunk)
        return True

    def _choose(self, chunk: pa.Table) -> pa.Table:
        """The events of a chunk that count: type, category, scope; parked and skipped ones left out."""
        spec, scope = self._layout.spec, self._scope
        masks = []
        if spec.types is not None:
            masks.append(pc.is_in(chunk.column("type"), pa.array(sorted(spec.types))))
        if spec.category:
            masks.append(pc.starts_with(chunk.column("stream"), spec.category + "-"))
        if scope.occurred_to_us is not None:
            masks.append(pc.less_equal(chunk.column("occurred_us"), scope.occurred_to_us))
        if scope.recorded_to_us is not None:
            masks.append(pc.less_equal(chunk.column("recorded_us"), scope.recorded_to_us))
        chosen = chunk
        if masks and not pc.all(mask := functools.reduce(pc.and_, masks)).as_py():
            chosen = chosen.filter(mask)
        # of a stream that waits a skipped event waits too, as in the reference
        return self._without_skips(self._without_parked(chosen))

    def _without_skips(self, chosen: pa.Table) -> pa.Table:
        if not self._scope.skips:
            return chosen
        pairs = zip(chosen.column("stream").to_pylist(), chosen.column("version").to_pylist(), strict=True)
        return chosen.filter(pa.array([pair not in self._scope.skips for pair in pairs], pa.bool_()))

    def _without_parked(self, chosen: pa.Table) -> pa.Table:
        if not self._parked:
            return chosen
        waits = pc.is_in(chosen.column("stream"), pa.array(sorted(self._parked)))
        waiting = (
            chosen.filter(waits)
            .select(["stream", "version"])
            .group_by("stream")
            .aggregate([("version", "max")])
        )
        for row in waiting.to_pylist():
            held = self._parked[row["stream"]]
            if row["version_max"] > held.last_version:
                self._parked[held.stream] = structs.replace(held, last_version=row["version_max"])
        return chosen.filter(pc.invert(waits))

    def _by_reference(self, chunk: pa.Table) -> bool:
        """Folds one chunk event by event, from no rows: a partial result as any. False where sums may not fit."""
        batch = Batch(Reference(self._layout, self._registry), self._parked, self._scope.skips)
        summed = Summed(self._layout)
        for part in chunk.to_batches():
            fold_events(batch, recorded(part), self._scope, summed.note)
        if not self._fit(summed.largest()):
            return False
        self._parked = batch.parked
        empty = self._layout.empty
        keys = list(batch.rows)
        rows: list[Row] = [row if (row := batch.rows[key]) is not None else empty(key) for key in keys]
        for row in rows:
            row[1] = row[1] if row[1] is not None else ("" if self._layout.ordered_by == "triple" else 0)
        resets = pa.array([key in batch.deleted for key in keys], pa.bool_())
        gone = pa.array([batch.rows[key] is None for key in keys], pa.bool_())
        self._partials.insert(from_rows(self._layout, rows), self._chunk, resets, gone)
        return True

    def _reference_from(self, chunk: pa.Table, rest: Iterable[pa.Table]) -> Folded:
        scope = Scope(
            skips=self._scope.skips,
            parked=self._parked,
            occurred_to_us=self._scope.occurred_to_us,
            recorded_to_us=self._scope.recorded_to_us,
        )

        def remaining() -> Iterable[pa.RecordBatch]:
            yield from chunk.to_batches()
            for other in rest:
                yield from other.to_batches()

        return ReferenceEngine().fold(
            remaining(), self._layout, self._registry, scope=scope, base=self._partials.merged()
        )

    def _fit(self, largest: Mapping[str, int]) -> bool:
        """Whether no sum can have left its type, at any event: the absolute values of each chunk together still fit."""
        totals = {name: self._sums.get(name, 0) + most for name, most in largest.items()}
        for place in self._layout.places:
            kind = place.column.type
            if place.name in totals and kind.kind != "double" and totals[place.name] > kind.limit:
                return False
        self._sums.update(totals)
        return True

    def _count_base(self, base: pa.Table) -> None:
        for place in self._layout.places:
            kind = place.column.type
            if place.column.reducer in {"sum", "count"} and kind.kind != "double":
                most = pc.max(pc.abs(base.column(self._layout.slots[place.value].name))).as_py()
                self._sums[place.name] = scaled(most, kind.scale)


def _larger(events: Iterable[pa.RecordBatch], most: int) -> Iterator[pa.Table]:
    """Some batches at a time: enough for a statement to be worth its while, and each of them work for a thread."""
    some: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in events:
        some.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= most or size >= CHUNK_BYTES:
            yield pa.Table.from_batches(some)
            some, rows, size = [], 0, 0
    if some:
        yield pa.Table.from_batches(some)
