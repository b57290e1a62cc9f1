"""For any two definitions and any history a plan tells what a fold of the new one makes of the live rows."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold.engines.open import open_engine
from eventfold.events.envelope import NewEvent
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.open import open_state
from eventfold.readmodels.planning.planner import Planner
from eventfold.readmodels.port import Scope
from eventfold.store.open import open_store
from eventfold.store.port import ANY
from eventfold.testing.generated import histories, tables

UNTYPED = Registry(untyped=True)
Rows = dict[str, dict[str, Any]]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=tables(), after=tables(), history=histories(most=20), sample=st.sampled_from([None, 100]))
def test_a_plan_tells_what_a_fold_of_the_new_definition_makes(
    before: TableSpec, after: TableSpec, history: list[tuple[str, NewEvent]], sample: int | None
) -> None:
    store = open_store("sqlite://")
    feed, state = store.feed(), open_state("sqlite://", store.log_id)
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
    old, new = (bind(spec, total_order=True) for spec in (before, after))
    live = state.live(old, feed.start())
    while not Projector(live, feed, UNTYPED).step(7).caught_up:
        pass
    (generation,) = state.generations()
    told = Planner(new, store, state, UNTYPED, open_engine())(generation, "changed", sample)

    waiting = frozenset(
        (p.stream, n) for p in live.parked().values() for n in range(p.version, p.last_version + 1)
    )
    events = feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS)
    folded = ReferenceEngine().fold(events, new, UNTYPED, scope=Scope(skips=waiting))
    left, right = shown(old, live.changed(0).rows), shown(new, folded.rows)
    assert told.parked == len(folded.parked)
    assert (told.added, told.removed) == (len(right.keys() - left.keys()), len(left.keys() - right.keys()))
    assert told.added + len(left) - told.removed == len(right)
    renamed = {one.column for one in told.columns if one.kind == "renamed"}
    expected = Counter[str]()
    for name in exact(before, after) - renamed:
        expected[name] = sum(
            left[key].get(name) != right[key].get(name) for key in left.keys() & right.keys()
        )
    assert {name: told.by_column.get(name, 0) for name in expected} == dict(expected)
    for example in told.examples:
        assert (example.before is None) == (example.key not in left)
        assert (example.after is None) == (example.key not in right)
    store.close()
    state.close()


def shown(layout: Layout, rows: Any) -> Rows:
    names = [slot.name for _, slot in layout.shown if not slot.name.startswith("_")]
    return {row[layout.spec.key_name]: row for row in rows.select(names).to_pylist()}


def exact(before: TableSpec, after: TableSpec) -> set[str]:
    """The columns of both whose values are compared as they are."""
    both = before.columns.keys() & after.columns.keys()
    return {name for name in both if kind(before.columns[name]) == kind(after.columns[name]) != "loose"}


def kind(column: Column) -> str:
    loose = str(column.type) == "double"
    return "loose" if loose else f"{column.type} {column.reducer == 'collect'}"
