"""The difference of a table between two moments equals that of two dictionaries folded by the reference."""

import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold import ANY, NewEvent, Registry, Store, field, key, last, open_store
from eventfold import collect as collected
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.errors import CapabilityMissing, PositionBeyondHead, RangeInvalid, TimeInvalid
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.asking.diff import Diff
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import Scope
from eventfold.testing.generated import histories, tables
from eventfold.testing.partitioned import PartitionedStore
from tests.laws import examples

REGISTRY = Registry(untyped=True)
LAWS = settings(max_examples=examples(14, nightly=80), deadline=None, suppress_health_check=list(HealthCheck))
Shown = dict[str, dict[str, Any]]
Naive = tuple[Shown, Shown, dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]]]


def table_over(store: Store, spec: TableSpec, *, lake: str | None = None) -> LiveTable:
    layout = bind(spec, total_order=store.capabilities.total_order)
    state = open_state("sqlite://", store.log_id)
    publication = open_publication(lake, layout, store.log_id) if lake else None
    return LiveTable(layout, store, state, REGISTRY, open_engine(), publication)


def reference_rows(table: LiveTable, store: Store, to: Cursor) -> Shown:
    feed = store.feed()
    events = feed.arrow(feed.start(), to, EVENT_COLUMNS)
    folded = ReferenceEngine().fold(events, table.layout, REGISTRY, scope=Scope())
    names = [slot.name for _, slot in table.layout.shown]
    return {row[table.layout.spec.key_name]: row for row in folded.rows.select(names).to_pylist()}


def naive(before: Shown, after: Shown, *, internal: bool) -> Naive:
    def differ(key: str) -> set[str]:
        names = [n for n in before[key] if internal or not n.startswith("_")]
        return {n for n in names if before[key][n] != after[key][n]}

    both = before.keys() & after.keys()
    return (
        {k: after[k] for k in after.keys() - before.keys()},
        {k: before[k] for k in before.keys() - after.keys()},
        {k: (before[k], after[k], differ(k)) for k in both if differ(k)},
    )


def found(diff: Diff) -> Naive:
    changes = list(diff)
    assert len(changes) == len(diff)
    added: Shown = {c.key: c.after for c in changes if c.kind == "added" and c.after is not None}
    removed: Shown = {c.key: c.before for c in changes if c.kind == "removed" and c.before is not None}
    changed = {
        c.key: (c.before, c.after, set(c.columns))
        for c in changes
        if c.before is not None and c.after is not None
    }
    assert len(added) + len(removed) + len(changed) == len(changes)
    return added, removed, changed


def mirrored(of: Naive) -> Naive:
    added, removed, changed = of
    return removed, added, {k: (after, before, names) for k, (before, after, names) in changed.items()}


def check(table: LiveTable, store: Store, a: Cursor, b: Cursor, *, internal: bool, key: str | None) -> None:
    before, after = reference_rows(table, store, a), reference_rows(table, store, b)
    if key is not None:
        before = {k: row for k, row in before.items() if k == key}
        after = {k: row for k, row in after.items() if k == key}
    wanted = naive(before, after, internal=internal)
    assert found(table.diff(a, b, key=key, internal=internal)) == wanted
    assert found(table.diff(b, a, key=key, internal=internal)) == mirrored(wanted)
    assert len(table.diff(a, a, internal=True)) == 0


@pytest.mark.slow
@pytest.mark.more_at_night
@LAWS
@given(
    spec=tables(),
    history=histories(),
    seed=st.integers(0, 99),
    internal=st.booleans(),
    key=st.sampled_from([None, None, "k1", "box-1"]),
)
def test_a_diff_on_one_partition_equals_that_of_two_folded_dictionaries(
    spec: TableSpec, history: list[tuple[str, NewEvent]], seed: int, internal: bool, key: str | None
) -> None:
    store = open_store("sqlite://")
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as lake:
        table = table_over(store, spec, lake=lake)
        for stream, event in history:
            store.append(stream, [event], expected=ANY)
            if dice.random() < 0.1:
                table.rebuild()  # publishes, so that some moments are folded from published rows
        a, b = (store.feed().at_position(dice.randint(0, len(history))) for _ in "ab")
        check(table, store, a, b, internal=internal, key=key)
    store.close()


@pytest.mark.slow
@pytest.mark.more_at_night
@LAWS
@given(
    spec=tables(in_order=False),
    history=histories(),
    seed=st.integers(0, 99),
    internal=st.booleans(),
    key=st.sampled_from([None, None, "k2", "box-2"]),
)
def test_a_diff_over_partitions_equals_that_of_two_folded_dictionaries(
    spec: TableSpec, history: list[tuple[str, NewEvent]], seed: int, internal: bool, key: str | None
) -> None:
    inner = open_store("sqlite://")
    store = PartitionedStore(inner, 4, seed=seed)
    feed, dice = store.feed(), random.Random(seed)
    cursors = [feed.start()]
    for stream, event in history:
        inner.append(stream, [event], expected=ANY)
        if dice.random() < 0.1:
            feed.split(dice.choice(feed.partitions()).name)
        cursors.append(feed.read(cursors[-1], dice.randint(1, 4)).cursor)
    a, b = dice.choice(cursors), dice.choice(cursors)
    check(table_over(store, spec), store, a, b, internal=internal, key=key)
    inner.close()


def boxes(*, lists: bool = False) -> TableSpec:
    columns = {
        "id": key(),
        "money": last(field("Noted", "money"), "decimal(38,20)"),
        "text": last(field("Noted", "text"), "string", nulls=True),
    }
    if lists:
        columns["seen"] = collected(field("Noted", "money"), "decimal(38,20)", limit=3)
    return compile_table("boxes", "box", columns, events=["Noted"])


def note(data: str) -> NewEvent:
    return NewEvent(new_id(), "Noted", 1, data)


@pytest.fixture
def log() -> Any:
    store = open_store("sqlite://")
    yield store
    store.close()


def test_a_decimal_that_differs_in_its_last_digit_has_changed(log: Store) -> None:
    table = table_over(log, boxes(lists=True))
    log.append("box-1", [note('{"money":"123456789012345678.00000000000000000001"}')], expected=ANY)
    log.append("box-1", [note('{"money":"123456789012345678.00000000000000000002"}')], expected=ANY)
    (change,) = table.diff(1, 2)
    assert change.columns == ("money", "seen")
    assert change.before is not None
    assert change.before["money"] == Decimal("123456789012345678.00000000000000000001")


def test_a_null_is_neither_an_empty_text_nor_a_missing_row(log: Store) -> None:
    table = table_over(log, boxes())
    for data in ('{"text":""}', '{"text":null}', '{"text":"x"}'):
        log.append("box-1", [note(data)], expected=ANY)
    assert [(c.kind, c.columns) for c in table.diff(0, 2)] == [("added", ())]
    assert [(c.kind, c.columns) for c in table.diff(1, 2)] == [("changed", ("text",))]
    assert [(c.kind, c.columns) for c in table.diff(2, 3)] == [("changed", ("text",))]


def test_an_event_that_leaves_the_values_alone_changes_internal_columns_only(log: Store) -> None:
    table = table_over(log, boxes())
    log.append("box-1", [note('{"text":"x"}'), note('{"text":"x"}')], expected=ANY)
    assert len(table.diff(1, 2)) == 0
    assert [c.columns for c in table.diff(1, 2, internal=True)] == [("_version",)]


def test_every_kind_of_moment_names_the_same_rows(log: Store) -> None:
    table = table_over(log, boxes())
    log.append("box-1", [note('{"text":"x"}')], expected=ANY)
    log.append("box-2", [note('{"text":"y"}')], expected=ANY)
    first = next(iter(log.read("box-1")))
    # both may have been recorded in one microsecond: then the time names the later moment
    by_time = table.at(time=first.recorded_at)
    assert [c.key for c in table.diff(1)] == ["box-2"]
    assert [c.key for c in table.diff(log.feed().at_position(1), "now")] == ["box-2"]
    assert [c.key for c in table.diff(table.at(position=1), 2)] == ["box-2"]
    assert [c.key for c in table.diff(datetime(2000, 1, 1, tzinfo=UTC), "now")] == ["box-1", "box-2"]
    assert found(table.diff(first.recorded_at)) == found(table.diff(by_time))


def test_what_waits_is_named(log: Store) -> None:
    table = table_over(log, boxes())
    log.append("box-1", [note('{"money":"much"}')], expected=ANY)
    assert list(table.diff(0).parked) == ["box-1"]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda table: table.diff("yesterday"), TimeInvalid),
        (lambda table: table.diff(True), RangeInvalid),
        (lambda table: table.diff(1.5, "now"), RangeInvalid),
        (lambda table: table.diff(-1), RangeInvalid),
        (lambda table: table.diff(7), PositionBeyondHead),
        (lambda table: table.diff(datetime(2024, 1, 1)), TimeInvalid),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_what_is_no_moment_is_refused(
    log: Store, ask: Callable[[LiveTable], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(table_over(log, boxes()))


def test_what_at_answered_of_another_table_is_no_moment(log: Store) -> None:
    other = table_over(log, boxes(lists=True))
    with pytest.raises(RangeInvalid):
        table_over(log, boxes()).diff(other.at(position=0))


def test_a_position_is_no_moment_where_a_log_has_no_total_order(log: Store) -> None:
    table = table_over(PartitionedStore(log, 2), boxes())
    with pytest.raises(CapabilityMissing):
        table.diff(0)
