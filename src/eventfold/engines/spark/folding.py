"""Folds a batch of events: one row for each key that was touched.

`parts` folds onto nothing, for a MERGE that adds what comes to what is there, where SQL is certain of all. `folded`
folds onto the rows that are there, and SQL folds what it is certain of: where a table's key is the stream, the keys
that are in doubt are folded event by event by the reference, beside each other. Where a key spans streams, SQL may not
even be certain of the key, so that all of the batch is folded so, key by key. Only where an event fails there is it
folded once more in one task, in order: later events of its stream are kept from other keys.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pyspark.sql import functions as f
from pyspark.sql.types import BooleanType, StringType, StructField, StructType

from eventfold.engines.compiling.fold import compile_fold
from eventfold.engines.spark.batch import Chosen
from eventfold.engines.spark.dialect import Spark
from eventfold.engines.spark.update import is_large, may_overflow, slot_type, updates
from eventfold.engines.spark.workers import (
    BASE,
    FAILS,
    GONE,
    GROUP,
    KEY,
    PARKED,
    folder,
    keyer,
    parked_streams,
)
from eventfold.events.registry import Registry
from eventfold.feed.parking import ParkedStream
from eventfold.readmodels.declaring.layout import Layout

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_numbers = count()


class Touched(msgspec.Struct, frozen=True):
    """What a batch changes.

    Attributes:
        rows: one for each key: the slots of the layout, and `_gone` where the row is removed.
        parked: all parked streams, those of the scope included.
    """

    rows: "DataFrame"
    parked: Mapping[str, ParkedStream]


class Counted(NamedTuple):
    """Rows for a MERGE, counted.

    Attributes:
        rows: one for each key.
        number: how many there are.
    """

    rows: "DataFrame"
    number: int


@contextmanager
def parts(chosen: Chosen, layout: Layout) -> Iterator[Counted | None]:
    """Folds a batch by SQL alone, onto nothing.

    Args:
        chosen: the events that count.
        layout: of the table.

    Yields:
        one row for each key, as `updates` and `may_overflow` ask for it; None where SQL is not certain of all. Spark
        keeps them until the end of the `with`.
    """
    if layout.spec.fold is not None:
        yield None
        return
    with _compiled(chosen, layout) as part:
        kept = part.persist()
        try:
            # one job over all partitions: `isEmpty` looks into one after the other, and each is folded there
            found = kept.agg(f.expr(f"bool_or(_doubt OR {is_large(layout)})"), f.count("*")).collect()
            ((doubt, number),) = found
            yield None if doubt else Counted(kept, number)
        finally:
            kept.unpersist()


@contextmanager
def folded(
    chosen: Chosen, base: "DataFrame", layout: Layout, registry: Registry, skips: frozenset[tuple[str, int]]
) -> Iterator[Touched]:
    """Folds a batch onto rows.

    Args:
        chosen: the events that count.
        base: the rows that are there, with the slots of the layout.
        layout: of the table.
        registry: knows event types and upcasters.
        skips: the events that people decided to leave out.

    Yields:
        what changes; it is kept by Spark until the end of the `with`.
    """
    if not chosen.types:
        empty = base.limit(0).withColumn(GONE, f.expr("FALSE"))
        yield Touched(empty, chosen.parked)
    elif layout.spec.fold is not None:
        with _by_reference(chosen, base, layout, registry, skips) as found:
            yield found
    else:
        with _by_columns(chosen, base, layout, registry, skips) as found:
            yield found


@contextmanager
def _compiled(chosen: Chosen, layout: Layout) -> Iterator["DataFrame"]:
    session = chosen.events.sparkSession
    view = f"eventfold_{next(_numbers)}"
    chosen.events.createOrReplaceTempView(view)
    try:
        yield session.sql(compile_fold(Spark(view), layout, chosen.types).fold)
    finally:
        session.catalog.dropTempView(view)


@contextmanager
def _by_columns(
    chosen: Chosen,
    base: "DataFrame",
    layout: Layout,
    registry: Registry,
    skips: frozenset[tuple[str, int]],
) -> Iterator[Touched]:
    key = layout.slots[0].name
    with _compiled(chosen, layout) as part:
        merged = _merged(part, base, layout).persist()
    try:
        doubtful = merged.where("_doubt").select(key)
        if not doubtful.count():
            yield Touched(_shown(merged, layout), chosen.parked)
        elif layout.spec.key_is_stream:
            is_doubtful = f.broadcast(doubtful)
            stream = is_doubtful.withColumnRenamed(key, "stream")
            some = msgspec.structs.replace(
                chosen, with_skips=chosen.with_skips.join(stream, "stream", "left_semi")
            )
            held = base.join(is_doubtful, key, "left_semi")
            with _by_reference(some, held, layout, registry, skips) as found:
                certain = _shown(merged.where("NOT _doubt"), layout)
                yield Touched(certain.unionByName(found.rows), found.parked)
        else:
            with _by_reference(chosen, base, layout, registry, skips) as found:
                yield found
    finally:
        merged.unpersist()


def _merged(part: "DataFrame", base: "DataFrame", layout: Layout) -> "DataFrame":
    key = layout.slots[0].name
    s, t = part.alias("s"), base.alias("t")
    joined = s.join(t, f.col(f"s.`{key}`") == f.col(f"t.`{key}`"), "left")
    is_new = f.col(f"t.`{key}`").isNull()
    cells: list[Column] = []
    for (name, update), slot in zip(updates(layout).items(), layout.slots, strict=True):
        value = f.when(is_new, f.col(f"s.`{name}`")).otherwise(f.expr(update))
        cells.append(value.cast(slot_type(slot)).alias(name))
    doubt = f.coalesce(f.col("s._doubt"), f.expr("FALSE")) | f.expr(may_overflow(layout))
    return joined.select(*cells, f.col("s._empty").alias(GONE), doubt.alias("_doubt"))


def _shown(rows: "DataFrame", layout: Layout) -> "DataFrame":
    return rows.select(*(slot.name for slot in layout.slots), GONE)


@contextmanager
def _by_reference(
    chosen: Chosen,
    base: "DataFrame",
    layout: Layout,
    registry: Registry,
    skips: frozenset[tuple[str, int]],
) -> Iterator[Touched]:
    """Event by event, groups side by side; in one task where that would not be right."""
    fold = _Reference(chosen, base, layout, registry, skips)
    if layout.spec.key_is_stream:
        with fold.over(chosen.with_skips.withColumn(GROUP, f.col("stream")), touched=True) as found:
            yield found
        return
    fields = chosen.with_skips.schema.fields
    columns = StructType([*fields, StructField(KEY, StringType()), StructField(FAILS, BooleanType())])
    keyed = chosen.with_skips.mapInArrow(keyer(layout, registry, skips), columns).persist()
    try:
        if not keyed.where(FAILS).count():
            counted = keyed.where(f.col(KEY).isNotNull()).withColumnRenamed(KEY, GROUP).drop(FAILS)
            with fold.over(counted, touched=True) as found:
                if len(found.parked) == len(chosen.parked):
                    yield found
                    return
    finally:
        keyed.unpersist()
    with fold.over(chosen.with_skips.withColumn(GROUP, f.lit("")), touched=False) as found:
        yield found


class _Reference(msgspec.Struct, frozen=True):
    """The reference fold of a batch, with the arguments of `folded`."""

    chosen: Chosen
    base: "DataFrame"
    layout: Layout
    registry: Registry
    skips: frozenset[tuple[str, int]]

    @contextmanager
    def over(self, events: "DataFrame", *, touched: bool) -> Iterator[Touched]:
        """What it gives.

        Args:
            events: in groups, each of which is folded in one task.
            touched: groups are keys, and take the rows of these; else all rows are of one group.
        """
        layout = self.layout
        key, *_ = names = [slot.name for slot in layout.slots]
        group = f.col(key) if touched else f.lit("")
        held = self.base.select(f.struct(*names).alias(BASE), group.alias(GROUP))
        if touched:
            held = held.join(events.select(GROUP).distinct(), GROUP, "left_semi")
        both = events.unionByName(held, allowMissingColumns=True)
        spread = both.repartition(GROUP) if touched else both.coalesce(1)
        order = {
            "version": ["version"],
            "position": ["position"],
            "triple": ["recorded_us", "stream", "version"],
        }
        ordered = [GROUP, f.col(BASE).isNull(), *order[layout.ordered_by]]
        columns = [f"`{slot.name}` {slot_type(slot)}" for slot in layout.slots]
        columns += [f"{GONE} BOOLEAN", f"{PARKED} STRING"]
        fold = folder(layout, self.registry, self.skips)
        result = spread.sortWithinPartitions(*ordered).mapInArrow(fold, ", ".join(columns)).persist()
        try:
            texts = [row[0] for row in result.where(f.col(PARKED).isNotNull()).select(PARKED).collect()]
            rows = _shown(result.where(f.col(PARKED).isNull()), layout)
            yield Touched(rows, {**self.chosen.parked, **parked_streams(texts)})
        finally:
            result.unpersist()
