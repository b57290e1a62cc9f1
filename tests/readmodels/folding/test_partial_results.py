"""The law of reducers: partial results merge to the same rows in any order, by any engine, over any borders."""

import random
from itertools import permutations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eventfold import ANY, NewEvent, Registry, Store, open_store
from eventfold.engines.open import open_engine
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.folding.reference import Reference
from eventfold.readmodels.port import Folded, Scope
from eventfold.testing.generated import histories, tables
from eventfold.testing.making import make
from tests.laws import examples

REGISTRY = Registry(untyped=True)
History = list[tuple[str, NewEvent]]
LAWS = settings(
    max_examples=examples(25, nightly=120), deadline=None, suppress_health_check=list(HealthCheck)
)


def rows_of(layout: Layout, table: pa.Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = table.sort_by(layout.spec.key_name).to_pylist()
    return found


def fold_of_the_log(store: Store, layout: Layout) -> Folded:
    feed = store.feed()
    events = feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS)
    return ReferenceEngine().fold(events, layout, REGISTRY, scope=Scope())


@pytest.mark.slow
@pytest.mark.more_at_night
@LAWS
@given(
    spec=tables(in_order=False),
    history=histories(misfits=False),
    seed=st.integers(0, 99),
    size=st.sampled_from([1, 3, 10]),
)
def test_partial_results_merge_to_the_same_rows_in_any_order(
    spec: TableSpec, history: History, seed: int, size: int
) -> None:
    layout = bind(spec, total_order=False)
    store = open_store("sqlite://")
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
    feed = store.feed()
    whole = pa.Table.from_batches(
        list(feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS))
        or [pa.RecordBatch.from_pylist([], schema=_empty())]
    )
    order = list(range(len(whole)))
    random.Random(seed).shuffle(order)
    if spec.key_is_stream:  # the events of a stream come in their order; the streams may come in any
        streams = whole.column("stream").to_pylist()
        queues = {s: [n for n in range(len(whole)) if streams[n] == s] for s in streams}
        order = [queues[streams[n]].pop(0) for n in order]
    mixed = whole.take(pa.array(order, pa.int64())).combine_chunks().to_batches(max_chunksize=size)
    in_order = fold_of_the_log(store, layout)
    found = [e.fold(iter(mixed), layout, REGISTRY, scope=Scope()) for e in (ReferenceEngine(), open_engine())]
    store.close()
    # which of several events takes a sum beyond its type, and is parked, is a matter of their order
    assume(not any(folded.parked for folded in (in_order, *found)))
    for folded in found:
        assert rows_of(layout, folded.rows) == rows_of(layout, in_order.rows)


def _empty() -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in EVENT_COLUMNS])


def test_an_older_event_that_comes_later_overwrites_nothing_newer() -> None:
    columns = {
        "id": c.key(v.field("Noted", "box")),
        "latest": c.last(v.field("Noted", "n"), "int64"),
        "earliest": c.first(v.field("Noted", "n"), "int64"),
    }
    layout = bind(compile_table("boxes", "", columns), total_order=False)
    store = open_store("sqlite://")
    for n, stream in enumerate(["a-1", "b-1", "a-1"], 1):
        store.append(stream, [make(data={"box": "x", "n": n}, recorded_us=n * 1_000_000)], expected=ANY)
    feed = store.feed()
    reference = Reference(layout, REGISTRY)
    for order in permutations(feed.read(feed.start(), 10).events):
        row = None
        for event in order:
            taken = reference.take(event)
            assert taken is not None
            row = reference.absorb(row, taken)
        assert row is not None
        shown = layout.show(row)
        assert (shown["id"], shown["latest"], shown["earliest"]) == ("x", 3, 1)
    store.close()
