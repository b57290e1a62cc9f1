"""The projector over SQLite state: rows and cursor in one commit, parked streams, restarts, two owners."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold import ANY, NewEvent, Registry, Store, open_store
from eventfold.errors import ForeignCursor, OwnerFenced, StaleCursor
from eventfold.readmodels import columns as c
from eventfold.readmodels import values as v
from eventfold.readmodels.arrowform import EVENT_COLUMNS
from eventfold.readmodels.history import ReferenceEngine
from eventfold.readmodels.layout import Layout, bind
from eventfold.readmodels.port import Changes, Scope, Skip, TableState
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.sqlite import open_url
from eventfold.readmodels.table import TableSpec, compile_table
from eventfold.testing.generated import histories, tables
from eventfold.testing.making import make

REGISTRY = Registry(untyped=True)
LAYOUT = bind(
    compile_table(
        "boxes",
        "box",
        {"id": c.key(), "n": c.last(v.field("Noted", "n"), "int64"), "events": c.count("Noted")},
    ),
    total_order=True,
)


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def state_of(store: Store, layout: Layout = LAYOUT) -> TableState:
    return open_url("sqlite://", store.log_id).live(layout, store.feed().start())


def sorted_rows(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=lambda row: str(row["id"]))


def catch_up(projector: Projector, limit: int = 1000) -> None:
    while not projector.step(limit).caught_up:
        pass


def shown(state: TableState) -> dict[str, dict[str, object]]:
    return {
        key: state.layout.show(row) for key, row in state.rows(["box-1", "box-2", "k1", "k2", "k3"]).items()
    }


def test_rows_and_cursor_move_together(store: Store) -> None:
    store.append("box-1", [make(1), make(2)], expected=0)
    state = state_of(store)
    catch_up(Projector(state, store.feed(), REGISTRY))
    assert shown(state) == {"box-1": {"id": "box-1", "_version": 2, "n": 2, "events": 2}}
    assert store.feed().compare(state.head().cursor, store.feed().end()) == "equal"


def test_a_poisoned_event_parks_its_stream_and_no_other(store: Store) -> None:
    store.append("box-1", [make(1), make(data={"n": "poison"}), make(3)], expected=0)
    store.append("box-2", [make(7)], expected=0)
    state = state_of(store)
    projector = Projector(state, store.feed(), REGISTRY)
    catch_up(projector)
    parked = state.parked()["box-1"]
    assert (parked.version, parked.last_version, parked.code) == (2, 3, "value-unfit")
    assert [shown(state)[key]["n"] for key in ("box-1", "box-2")] == [1, 7]
    store.append("box-1", [make(4)], expected=3)
    catch_up(projector)
    assert state.parked()["box-1"].last_version == 4
    assert not projector.retry(store, "box-1")
    skip = Skip(stream="box-1", version=2, reason="typing error", actor="anna", skipped_us=0)
    assert projector.skip(store, "box-1", skip)
    assert (shown(state)["box-1"]["n"], shown(state)["box-1"]["events"], state.parked()) == (4, 3, {})


def test_an_older_owner_cannot_commit(store: Store) -> None:
    store.append("box-1", [make(1)], expected=0)
    state = state_of(store)
    late, quick = Projector(state, store.feed(), REGISTRY), Projector(state, store.feed(), REGISTRY)
    late.begin()
    catch_up(quick)
    with pytest.raises(StaleCursor):
        late.step()
    epoch = state.acquire("a", 60)
    with pytest.raises(OwnerFenced):
        state.acquire("b", 60)
    state.release("a")
    assert state.acquire("b", 60) > epoch
    cursor = state.head().cursor
    with pytest.raises(OwnerFenced):
        state.commit(Changes(), read=cursor, then=cursor, epoch=epoch)


def test_a_commit_that_fails_changes_neither_rows_nor_cursor(store: Store) -> None:
    store.append("box-1", [make(1)], expected=0)
    state = state_of(store)
    before = state.head()
    end = store.feed().end()
    with pytest.raises(Exception, match="NOT NULL"):
        state.commit(Changes(rows={"box-1": [None, None, None, None]}), read=before.cursor, then=end)
    assert state.head() == before
    catch_up(Projector(state, store.feed(), REGISTRY))
    assert shown(state)["box-1"]["events"] == 1


def test_state_of_another_log_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    open_url(url, "one").close()
    with pytest.raises(ForeignCursor):
        open_url(url, "another")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=tables(), history=histories(), limit=st.sampled_from([1, 3, 1000]))
def test_state_equals_the_fold_of_the_log_after_every_page(
    spec: TableSpec, history: list[tuple[str, NewEvent]], limit: int
) -> None:
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
    feed = store.feed()
    state = state_of(store, layout)
    caught_up = False
    while not caught_up:
        caught_up = (
            Projector(state, feed, REGISTRY).step(limit).caught_up
        )  # a new one: a restart at every page
        head = state.head()
        events = feed.arrow(feed.start(), head.cursor, EVENT_COLUMNS)
        wanted = ReferenceEngine().fold(events, layout, REGISTRY, scope=Scope())
        found = state.changed(0)
        assert sorted_rows(found.rows) == sorted_rows(wanted.rows)
        assert {p.stream: p.version for p in found.parked} == {s: p.version for s, p in wanted.parked.items()}
    store.close()


def test_a_retry_beside_a_running_projector_doubles_nothing(store: Store) -> None:
    store.append("box-1", [make(1), make(data={"n": "poison"}), make(3)], expected=0)
    state = state_of(store)
    running = Projector(state, store.feed(), REGISTRY)
    catch_up(running)
    skip = Skip(stream="box-1", version=2, reason="typing error", actor="anna", skipped_us=0)
    assert Projector(state, store.feed(), REGISTRY).skip(store, "box-1", skip)
    store.append("box-1", [make(4)], expected=3)
    with pytest.raises(StaleCursor):
        running.step()  # it still believes that the stream is parked
    catch_up(running)
    assert state.parked() == {}
    assert (shown(state)["box-1"]["n"], shown(state)["box-1"]["events"]) == (4, 3)


def test_a_retry_beside_a_page_that_is_being_folded_loses_no_row(store: Store) -> None:
    store.append("box-1", [make(data={"n": "poison"}), make(2)], expected=0)
    state = state_of(store)
    running = Projector(state, store.feed(), REGISTRY)
    catch_up(running)
    head = running.begin()
    skip = Skip(stream="box-1", version=1, reason="typing error", actor="anna", skipped_us=0)
    assert Projector(state, store.feed(), REGISTRY).skip(store, "box-1", skip)
    assert state.head().cursor == head.cursor
    with pytest.raises(StaleCursor):
        state.commit(Changes(rows={"box-1": None}), read=head.cursor, then=head.cursor, change=head.change)
    assert shown(state)["box-1"]["events"] == 1
