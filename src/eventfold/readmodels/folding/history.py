"""Folding a history event by event: the reference fold in the form of an engine.

It serves where no columnar engine is installed, for folds written in Python, and as the judge of every other engine.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.feed.port import IRREGULAR, Feed
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.folding.arrowform import from_rows, to_rows
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.reference import Reference, Taken
from eventfold.readmodels.port import Folded, Scope

_DEFAULTS: dict[str, Any] = {"partition": "0", "id": b"", "metadata": "{}", "position": 0}


class ReferenceEngine:
    """Folds with one Python object per event."""

    def fold(
        self,
        events: Iterable[pa.RecordBatch],
        layout: Layout,
        registry: Registry,
        *,
        scope: Scope,
        base: pa.Table | None = None,
    ) -> Folded:
        """As `Engine.fold`."""
        batch = Batch(Reference(layout, registry), scope.parked, scope.skips)
        if base is not None:
            batch.rows.update((str(row[0]), row) for row in to_rows(layout, base))
        count = 0
        for columns in events:
            count += columns.num_rows
            fold_events(batch, recorded(columns), scope)
        rows: Iterable[Row] = (row for row in batch.rows.values() if row is not None)
        return Folded(from_rows(layout, rows), batch.parked, count)


def fold_events(
    batch: Batch,
    events: Iterable[RecordedEvent],
    scope: Scope,
    note: Callable[[Taken], object] | None = None,
) -> None:
    """Folds the events of a scope into a batch; `note` sees the values of each."""
    for event in events:
        if scope.occurred_to_us is not None and event.occurred_us > scope.occurred_to_us:
            continue
        if scope.recorded_to_us is not None and event.recorded_us > scope.recorded_to_us:
            continue
        taken = batch.take(event)
        if taken is not None:
            if note is not None:
                note(taken)
            batch.absorb(taken)


def recorded(columns: pa.RecordBatch) -> Iterator[RecordedEvent]:
    """The rows of a record batch as events; columns that were not asked for have a neutral value."""
    count = columns.num_rows

    def column(name: str) -> Iterable[Any]:
        if name in columns.schema.names:
            values: list[Any] = columns.column(name).to_pylist()
            return values
        return [_DEFAULTS.get(name, 0)] * count

    for p, s, v, t, n, i, r, o, d, m, part in zip(
        column("position"),
        column("stream"),
        column("version"),
        column("type"),
        column("schema_version"),
        column("id"),
        column("recorded_us"),
        column("occurred_us"),
        column("data"),
        column("metadata"),
        column("partition"),
        strict=True,
    ):
        yield RecordedEvent(p, s, v, t, n, i or bytes(16), r, o, d, m, part)


def columns_of(layout: Layout, scope: Scope, feed: Feed) -> list[str]:
    """What a fold reads, and where a log of several partitions has its events: a stream does not tell that."""
    columns = needed_columns(layout, scope)
    if not feed.capabilities.total_order:
        columns += [name for name in ("partition", "position") if name not in columns]
    return columns


def needed_columns(layout: Layout, scope: Scope) -> list[str]:
    """The columns of the feed that a fold of this table reads."""
    spec = layout.spec
    values = [v for c in (spec.key, *spec.columns.values()) for v in c.values]
    names = {v.name for v in values if hasattr(v, "name")}
    names.update(c.by.name for c in spec.columns.values() if c.by)
    columns = ["stream", "version", "type", "schema_version"]
    if layout.ordered_by == "position":
        columns.append("position")
    if "recorded_at" in names or layout.ordered_by == "triple" or scope.recorded_to_us is not None:
        columns.append("recorded_us")
    if "occurred_at" in names or scope.occurred_to_us is not None:
        columns.append("occurred_us")
    if "event_id" in names:
        columns.append("id")
    if names & {"actor", "correlation_id", "causation_id"}:
        columns.append("metadata")
    if layout.ordered_by == "triple":
        columns.append("partition")
    columns += ["data", IRREGULAR]
    return columns
