"""The events of a batch that a table looks at, made ready for SQL."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs
from pyspark.sql import functions as f

from eventfold.engines.spark.dialect import UNSURE
from eventfold.engines.spark.workers import upcaster
from eventfold.events.registry import Registry
from eventfold.feed.parking import ParkedStream
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.declaring.extract import plan
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.port import Scope

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


class Chosen(msgspec.Struct, frozen=True):
    """The events that count.

    Attributes:
        events: them, with current data, and whether SQL is to leave one to the reference fold.
        with_skips: the same with those that people decided to leave out, which wait behind a parked event too.
        types: that occur among them.
        parked: the streams that were parked before, with what waits behind them now.
    """

    events: "DataFrame"
    with_skips: "DataFrame"
    types: frozenset[str]
    parked: Mapping[str, ParkedStream]


def choose(
    events: "DataFrame",
    layout: Layout,
    registry: Registry,
    scope: Scope,
    versions: Collection[tuple[str, int]] | None = None,
    *,
    supposed: bool = False,
) -> Chosen:
    """The events of a batch that a table is to fold: type, category, scope; parked and skipped ones left out.

    Args:
        events: with the columns of the feed that the table needs.
        layout: of the table.
        registry: knows event types and upcasters.
        scope: which events count.
        versions: the types that occur, each with a schema version, and maybe others; None: they are looked for.
        supposed: nobody has looked whether there are others; SQL leaves those to the reference fold.
    """
    here, parked = _without_parked(_looked_at(events, layout, scope), scope)
    if versions is None:
        found = here.groupBy("type", "schema_version").count().collect()
        versions = [(str(row["type"]), int(row["schema_version"])) for row in found]
    elif layout.spec.types is not None:
        versions = [pair for pair in versions if pair[0] in layout.spec.types]
    types = frozenset(name for name, _ in versions)
    unknown = sorted(name for name in types if registry.version_of(name) is None and not registry.untyped)
    irregular = f.col(IRREGULAR) if IRREGULAR in here.columns else f.expr("FALSE")
    unsure = irregular | f.col("type").isin(unknown)
    if supposed:
        unsure = unsure | ~_among(versions)
    marked = here.withColumn(UNSURE, unsure)
    old = [pair for pair in versions if _is_old(*pair, layout, registry)]
    current = _current(marked, old, registry)
    return Chosen(_without_skips(current, scope), current, types, parked)


def current_versions(layout: Layout, registry: Registry) -> frozenset[tuple[str, int]] | None:
    """The types that a table looks at, as events are written today; None where SQL is not asked, or knows none."""
    spec = layout.spec
    if spec.fold is not None:
        return None
    found = {name: registry.version_of(name) for name in spec.types or registry.types}
    return frozenset((name, version) for name, version in found.items() if version is not None) or None


def _among(versions: Collection[tuple[str, int]]) -> "Column":
    found = f.expr("FALSE")
    for name, version in sorted(versions):
        found = found | ((f.col("type") == name) & (f.col("schema_version") == version))
    return found


def _looked_at(events: "DataFrame", layout: Layout, scope: Scope) -> "DataFrame":
    spec = layout.spec
    chosen = events
    if spec.types is not None:
        chosen = chosen.where(f.col("type").isin(sorted(spec.types)))
    if spec.category:
        chosen = chosen.where(f.col("stream").startswith(f"{spec.category}-"))
    if scope.occurred_to_us is not None:
        chosen = chosen.where(f.col("occurred_us") <= scope.occurred_to_us)
    if scope.recorded_to_us is not None:
        chosen = chosen.where(f.col("recorded_us") <= scope.recorded_to_us)
    return chosen


def _without_skips(chosen: "DataFrame", scope: Scope) -> "DataFrame":
    if not scope.skips:
        return chosen
    skips = chosen.sparkSession.createDataFrame(sorted(scope.skips), "stream STRING, version BIGINT")
    return chosen.join(f.broadcast(skips), ["stream", "version"], "left_anti").select(*chosen.columns)


def _without_parked(chosen: "DataFrame", scope: Scope) -> tuple["DataFrame", dict[str, ParkedStream]]:
    parked = dict(scope.parked)
    if not parked:
        return chosen, parked
    names = chosen.sparkSession.createDataFrame([(name,) for name in sorted(parked)], "stream STRING")
    waiting = chosen.join(f.broadcast(names), "stream", "left_semi").groupBy("stream").agg(f.max("version"))
    for stream, newest in waiting.collect():
        held = parked[stream]
        if newest > held.last_version:
            parked[stream] = structs.replace(held, last_version=newest)
    return chosen.join(f.broadcast(names), "stream", "left_anti"), parked


def _is_old(name: str, version: int, layout: Layout, registry: Registry) -> bool:
    current = registry.version_of(name)
    if current is None or version == current:
        return False
    found = plan(layout, name)
    return found is not None and found.needs_data


def _current(events: "DataFrame", old: list[tuple[str, int]], registry: Registry) -> "DataFrame":
    """Only events of old versions go through Python, and only where there are some."""
    if not old:
        return events
    pairs = events.sparkSession.createDataFrame(old, "type STRING, schema_version BIGINT")
    is_old = f.broadcast(pairs)
    keys = ["type", "schema_version"]
    fresh = events.join(is_old, keys, "left_semi").select(*events.columns)
    upcast = fresh.mapInArrow(upcaster(registry, UNSURE), fresh.schema)
    return events.join(is_old, keys, "left_anti").select(*events.columns).unionByName(upcast)
