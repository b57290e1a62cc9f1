"""What runs in the Python workers of Spark: upcasters, and the reference fold group by group.

The functions here are sent to the workers with what they close over; nothing in them knows Spark.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import pyarrow as pa

from eventfold.errors import EventfoldError
from eventfold.events.registry import Registry
from eventfold.feed.parking import ParkedStream
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.folding.arrowform import from_rows, schema, to_rows
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.history import fold_events, recorded
from eventfold.readmodels.folding.reference import Reference
from eventfold.readmodels.port import Scope

GROUP = "_group"
BASE = "_base"
GONE = "_gone"
PARKED = "_parked"
KEY = "_key"
FAILS = "_fails"
Batches = Iterable[pa.RecordBatch]
_ROWS = 10_000


def upcaster(registry: Registry, unsure: str) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Brings data to the current schema version; where that fails, marks the event in the column `unsure`."""

    def upcast(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            data: list[str] = []
            versions: list[int] = []
            failed: list[bool] = []
            for event in recorded(batch):
                try:
                    data.append(registry.current_data(event))
                    # what is current must not be upcast again by the reference
                    versions.append(registry.version_of(event.type) or event.schema_version)
                    failed.append(False)
                except EventfoldError:
                    data.append(event.data)
                    versions.append(event.schema_version)
                    failed.append(True)
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns["data"] = pa.array(data, pa.string())
            columns["schema_version"] = pa.array(versions, columns["schema_version"].type)
            columns[unsure] = pa.array(failed, pa.bool_())
            yield pa.RecordBatch.from_pydict(columns)

    return upcast


def keyer(
    layout: Layout, registry: Registry, skips: frozenset[tuple[str, int]]
) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Says beside each event which key it has for the reference fold, and whether that fails to take it.

    In the columns `KEY` and `FAILS`; an event that does not count has neither.
    """

    def keyed(batches: Batches) -> Iterator[pa.RecordBatch]:
        reference = Reference(layout, registry)
        for batch in batches:
            keys: list[str | None] = []
            fails: list[bool] = []
            for event in recorded(batch):
                key, failed = None, False
                if (event.stream, event.version) not in skips:
                    try:
                        taken = reference.take(event)
                        key = None if taken is None else taken.key
                    except EventfoldError:
                        failed = True
                keys.append(key)
                fails.append(failed)
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, pa.array(keys, pa.string()), pa.array(fails, pa.bool_())],
                names=[*batch.schema.names, KEY, FAILS],
            )

    return keyed


def folder(
    layout: Layout, registry: Registry, skips: frozenset[tuple[str, int]]
) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Folds sorted events group by group with the reference fold.

    Rows come sorted by `_group`, in each the rows that are there already (in `_base`) before the events in their order.
    What comes out has the slots of the layout, `_gone` for a key whose row is removed, and instead of a row the parked
    streams as JSON in `_parked`.
    """

    def fold(batches: Batches) -> Iterator[pa.RecordBatch]:
        out = _Out(layout)
        group: object = None
        batch: Batch | None = None
        for part in batches:
            for name, some in _runs(part):
                if batch is None or name != group:
                    if batch is not None:
                        yield from out.take(batch)
                    group, batch = name, Batch(Reference(layout, registry), skips=skips)
                _feed(layout, batch, some)
        if batch is not None:
            yield from out.take(batch)
        yield from out.rest()

    return fold


class _Out:
    """Gathers what groups gave, so that a batch is not as small as a group."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rows: list[Row] = []
        self._gone: list[bool] = []
        self._parked: list[str | None] = []

    def take(self, batch: Batch) -> Iterator[pa.RecordBatch]:
        for key, row in batch.rows.items():
            self._add(row if row is not None else self._layout.empty(key), gone=row is None)
        for parked in batch.parked.values():
            self._add(self._layout.empty(""), parked=msgspec.json.encode(parked).decode())
        if len(self._rows) >= _ROWS:
            yield from self.rest()

    def rest(self) -> Iterator[pa.RecordBatch]:
        if not self._rows:
            return
        table = from_rows(self._layout, self._rows)
        table = table.append_column(GONE, pa.array(self._gone, pa.bool_()))
        table = table.append_column(PARKED, pa.array(self._parked, pa.string()))
        self._rows, self._gone, self._parked = [], [], []
        yield from table.combine_chunks().to_batches()

    def _add(self, row: Row, *, gone: bool = False, parked: str | None = None) -> None:
        if row[1] is None:
            row[1] = "" if self._layout.ordered_by == "triple" else 0
        self._rows.append(row)
        self._gone.append(gone)
        self._parked.append(parked)


def parked_streams(texts: Iterable[str]) -> dict[str, ParkedStream]:
    """The parked streams that came out of a fold, by name."""
    found = (msgspec.json.decode(text, type=ParkedStream) for text in texts)
    return {parked.stream: parked for parked in found}


def _runs(part: pa.RecordBatch) -> Iterator[tuple[object, pa.RecordBatch]]:
    """The stretches of one group."""
    names = part.column(GROUP).to_pylist()
    start = 0
    for at in range(1, len(names) + 1):
        if at == len(names) or names[at] != names[start]:
            yield names[start], part.slice(start, at - start)
            start = at


def _feed(layout: Layout, batch: Batch, some: pa.RecordBatch) -> None:
    base = some.column(BASE)
    held = len(base) - base.null_count
    if held:
        rows = pa.Table.from_arrays(base.slice(0, held).flatten(), names=base.type.names).cast(_loose(layout))
        batch.rows.update((str(row[0]), row) for row in to_rows(layout, rows))
    if held < len(base):
        fold_events(batch, recorded(some.slice(held)), Scope())


def _loose(layout: Layout) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema(layout)])
