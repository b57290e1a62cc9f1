"""The state in SQLite: rows and cursor in one commit, leases, one log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold import Registry, Store, open_store
from eventfold.errors import ForeignCursor, OwnerFenced, StaleCursor
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Changes, TableState
from eventfold.readmodels.sqlite import open_url
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


def catch_up(projector: Projector, limit: int = 1000) -> None:
    while not projector.step(limit).caught_up:
        pass


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
    assert state.layout.show(state.rows(["box-1"])["box-1"])["events"] == 1


def test_state_of_another_log_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    open_url(url, "one").close()
    with pytest.raises(ForeignCursor):
        open_url(url, "another")


@pytest.mark.parametrize("name", ["ledger", "tallies"])
def test_a_table_may_be_called_as_what_the_state_counts_in(tmp_path: Path, name: str) -> None:
    class Books(ef.Table, category="box", name=name):
        box = ef.key()
        notes = ef.count("Noted")

    app = ef.App("books", tables=[Books], untyped=True)
    with app.open(f"sqlite:///{tmp_path}/log.db", lake=str(tmp_path / "lake")) as live:
        live.store.append("box-1", [make(1)], expected=0)
        live.catch_up()
        assert live.verify().ok
        assert live.query(f"SELECT notes FROM {name}").rows() == [{"notes": 1}]
