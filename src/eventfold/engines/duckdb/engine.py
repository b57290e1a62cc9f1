"""Runs the compiled SQL over chunks of events, and leaves every doubtful chunk to the reference fold."""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from eventfold.engines.duckdb.current import NotCurrent, current_data
from eventfold.engines.duckdb.sql import Compiled, compile_fold, merge, slot_type
from eventfold.engines.duckdb.summed import Summed
from eventfold.events.registry import Registry
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.arrowform import from_rows, schema
from eventfold.readmodels.history import ReferenceEngine, fold_events, recorded
from eventfold.readmodels.layout import Layout, Row
from eventfold.readmodels.parking import Batch
from eventfold.readmodels.port import Folded, ParkedStream, Scope
from eventfold.readmodels.reference import Reference
from eventfold.readmodels.scratch import room, scratch

CHUNK_ROWS = 120_000
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
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "preserve_insertion_order": "false",
            "temp_directory": scratch(),
        }
        with room(), duckdb.connect(":memory:", config=config) as db:
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
        self._db = db
        self._layout = layout
        self._registry = registry
        self._scope = scope
        self._parked: dict[str, ParkedStream] = dict(scope.parked)
        self._compiled: dict[frozenset[str], Compiled] = {}
        self._sums: dict[str, int] = {}
        self._chunk = 0
        self._rows = 0
        names = ", ".join(f'"{slot.name}" {slot_type(slot)}' for slot in layout.slots)
        db.sql(f"CREATE TABLE partials ({names}, _reset BOOLEAN, _empty BOOLEAN, _chunk BIGINT)")
        if base is not None and base.num_rows:
            self._insert(_numbers(base))
            self._count_base(base)

    def all(self, events: Iterable[pa.RecordBatch]) -> Folded:
        """Folds every chunk, then merges."""
        count = 0
        chunks = _larger(events)
        for chunk in chunks:
            count += chunk.num_rows
            if not self._one(chunk):
                # a sum may have left its type: from here on every event is looked at by itself, in order
                rest = self._reference_from(chunk, chunks)
                return Folded(rest.rows, rest.parked, count + rest.events - chunk.num_rows)
            if self._rows > COMPACT_ROWS:
                self._compact()
        return Folded(self._merged(), self._parked, count)

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
        if types not in self._compiled:
            self._compiled[types] = compile_fold(self._layout, types)
        compiled = self._compiled[types]
        self._db.register("chosen", chosen)
        try:
            self._db.sql(f"CREATE OR REPLACE TEMP TABLE folded AS {compiled.fold}")
        except duckdb.OutOfRangeException:  # a sum has left even the widest type
            return False
        except duckdb.InvalidInputException:  # what was stored before appends were strict may be no JSON
            return self._by_reference(chunk)
        finally:
            self._db.unregister("chosen")
        sums = "".join(f", max(_abs{n})" for n in compiled.sums)
        summary = f"SELECT coalesce(bool_or(_doubt), FALSE), count(*){sums} FROM folded"  # noqa: S608 - numbers
        doubt, rows, *largest = self._db.sql(summary).fetchall()[0]
        if doubt:
            return self._by_reference(chunk)
        if not rows:  # every event was left out
            return True
        if not self._sums_fit(compiled, largest):
            return False
        listed = ", ".join(f'"{name}"' for name in compiled.columns)
        insert = f"INSERT INTO partials SELECT {listed}, _reset, _empty, {self._chunk} FROM folded"  # noqa: S608
        self._db.sql(insert)
        self._rows += rows
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
        chosen = self._without_skips(chosen)
        return self._without_parked(chosen)

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
        self._insert(_numbers(from_rows(self._layout, rows)), resets, gone)
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
            remaining(), self._layout, self._registry, scope=scope, base=self._merged()
        )

    def _insert(self, rows: pa.Table, resets: pa.Array | None = None, gone: pa.Array | None = None) -> None:
        no = pa.array([False] * rows.num_rows, pa.bool_())
        marked = rows.append_column("_reset", no if resets is None else resets)
        marked = marked.append_column("_empty", no if gone is None else gone)
        self._db.register("marked", marked)
        self._db.sql(f"INSERT INTO partials SELECT *, {self._chunk} FROM marked")  # noqa: S608 - a number
        self._db.unregister("marked")
        self._rows += rows.num_rows

    def _compact(self) -> None:
        self._db.sql(f"CREATE OR REPLACE TEMP TABLE compacted AS {merge(self._layout, 'partials')}")
        self._db.sql("DELETE FROM partials")
        self._db.sql(f"INSERT INTO partials SELECT *, FALSE, FALSE, {self._chunk} FROM compacted")  # noqa: S608
        # counted by half: compacting again before there is as much to merge would only copy
        self._rows = self._db.sql("SELECT count(*) FROM compacted").fetchall()[0][0] // 2
        self._db.sql("DROP TABLE compacted")

    def _merged(self) -> pa.Table:
        merged = self._db.sql(merge(self._layout, "partials")).to_arrow_table()
        wanted = schema(self._layout)
        columns = [_typed(merged.column(field.name), field.type) for field in wanted]
        return pa.Table.from_arrays(columns, schema=wanted)

    def _sums_fit(self, compiled: Compiled, largest: Collection[Any]) -> bool:
        places = [self._layout.places[n] for n in compiled.sums]
        pairs = zip(places, largest, strict=True)
        return self._fit({p.name: _scaled(most, p.column.type.scale) for p, most in pairs})

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
                self._sums[place.name] = _scaled(most, kind.scale)


def _scaled(most: Decimal | int, scale: int) -> int:
    return int(Fraction(most) * 10**scale)  # exact, where a Decimal would round to the digits of its context


def _larger(events: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Some batches at a time: enough for a statement to be worth its while, and each of them work for a thread."""
    some: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in events:
        some.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield pa.Table.from_batches(some)
            some, rows, size = [], 0, 0
    if some:
        yield pa.Table.from_batches(some)


def _numbers(rows: pa.Table) -> pa.Table:
    """The form inside the engine: times and dates as whole numbers."""
    columns = []
    for column in rows.columns:
        kind = column.type
        if pa.types.is_timestamp(kind):
            columns.append(column.cast(pa.int64()))
        elif pa.types.is_date32(kind):
            columns.append(column.cast(pa.int32()).cast(pa.int64()))
        elif pa.types.is_list(kind) and pa.types.is_timestamp(kind.value_type):
            columns.append(column.cast(pa.list_(pa.int64())))
        elif pa.types.is_list(kind) and pa.types.is_date32(kind.value_type):
            columns.append(column.cast(pa.list_(pa.int32())).cast(pa.list_(pa.int64())))
        else:
            columns.append(column)
    return pa.Table.from_arrays(columns, names=rows.column_names)


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The other way: whole numbers become times and dates; Arrow makes dates of 32 bits only."""
    if kind == pa.date32():
        return column.cast(pa.int32()).cast(kind)
    if pa.types.is_list(kind) and kind.value_type == pa.date32():
        return column.cast(pa.list_(pa.int32())).cast(kind)
    return column.cast(kind)
