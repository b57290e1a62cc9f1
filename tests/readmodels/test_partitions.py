"""Tables over one and four partitions, through splits, restarts and pages of any size, equal the fold of the log."""

import random
import tempfile

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eventfold import ANY, NewEvent, Registry, Store, Table, count, delete_on, key, open_store
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.errors import TableInvalid
from eventfold.readmodels.arrowform import EVENT_COLUMNS
from eventfold.readmodels.history import ReferenceEngine
from eventfold.readmodels.layout import Layout, bind
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import Folded, Scope
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.table import TableSpec
from eventfold.readmodels.values import field
from eventfold.testing.generated import histories, tables
from eventfold.testing.partitioned import PartitionedStore

REGISTRY = Registry(untyped=True)
History = list[tuple[str, NewEvent]]
LAWS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def rows_of(layout: Layout, table: pa.Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = table.sort_by(layout.spec.key_name).to_pylist()
    return found


def fold_of_the_log(store: Store, layout: Layout) -> Folded:
    feed = store.feed()
    events = feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS)
    return ReferenceEngine().fold(events, layout, REGISTRY, scope=Scope())


@LAWS
@given(
    spec=tables(in_order=False),
    history=histories(),
    partitions=st.sampled_from([1, 4]),
    seed=st.integers(0, 99),
)
def test_a_table_over_partitions_equals_the_fold_of_the_log(
    spec: TableSpec, history: History, partitions: int, seed: int
) -> None:
    layout = bind(spec, total_order=False)
    store = open_store("sqlite://")
    divided = PartitionedStore(store, partitions, seed=seed)
    feed = divided.feed()
    state = open_state("sqlite://", store.log_id).live(layout, feed.start())
    dice = random.Random(seed)
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
        if dice.random() < 0.3:
            Projector(state, feed, REGISTRY).step(dice.randrange(1, 5))  # a new one: a restart at every page
        if dice.random() < 0.1:
            feed.split(dice.choice(feed.partitions()).name)
    while not Projector(state, feed, REGISTRY).step(3).caught_up:
        pass
    wanted = fold_of_the_log(store, layout)
    found = state.changed(0)
    assert rows_of(layout, found.rows) == rows_of(layout, wanted.rows)
    assert {p.stream: (p.version, p.last_version) for p in found.parked} == {
        s: (p.version, p.last_version) for s, p in wanted.parked.items()
    }
    store.close()


@settings(LAWS, max_examples=20)
@given(spec=tables(in_order=False), history=histories(most=12), seed=st.integers(0, 99))
def test_rebuilds_and_moments_over_partitions(spec: TableSpec, history: History, seed: int) -> None:
    layout = bind(spec, total_order=False)
    store = open_store("sqlite://")
    divided = PartitionedStore(store, 4, seed=seed)
    feed = divided.feed()
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as lake:
        state = open_state("sqlite://", store.log_id)
        publication = open_publication(lake, layout, store.log_id)
        table = LiveTable(layout, divided, state, REGISTRY, open_engine(), publication)
        moments = []
        for stream, event in history:
            store.append(stream, [event], expected=ANY)
            if dice.random() < 0.3:
                moments.append((feed.end(), rows_of(layout, fold_of_the_log(store, layout).rows)))
            if dice.random() < 0.2:
                table.rebuild()
            if dice.random() < 0.1:
                feed.split(dice.choice(feed.partitions()).name)
        shown = [slot.name for _, slot in layout.shown]
        for cursor, wanted in moments:
            assert table.at(cursor=cursor).rows() == [{name: row[name] for name in shown} for row in wanted]
    store.close()


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


def test_a_table_that_needs_an_order_is_refused_where_there_is_none() -> None:
    class Customers(Table, events=["Opened", "Closed"]):
        customer = key(field("Opened", "k"), field("Closed", "k"))
        orders = count("Opened")
        gone = delete_on("Closed")

    with pytest.raises(TableInvalid, match="customers"):
        bind(Customers.spec, total_order=False)
    assert bind(Customers.spec, total_order=True).ordered_by == "position"
