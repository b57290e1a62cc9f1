"""A projector that crashes, also in the middle of a transaction, or is killed: no row is ever wrong or doubled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eventfold import ANY, Registry, Store, open_store
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Page
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.open import open_state
from eventfold.readmodels.port import Scope, TableState
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.testing.making import make
from eventfold.testing.partitioned import PartitionedFeed, PartitionedStore

REGISTRY = Registry(untyped=True)
LAYOUT = bind(
    compile_table(
        "boxes",
        "box",
        {
            "id": c.key(),
            "total": c.sum(v.field("Noted", "n"), "int64"),
            "events": c.count("Noted"),
            "all": c.collect(v.field("Noted", "n"), "int64"),
        },
    ),
    total_order=True,
)
EVENTS, LIMIT = 14, 3
Crash = Callable[[str], None]


def filled(url: str = "sqlite://", partitions: int = 0, *, split: bool = False) -> Store:
    """The log, its feed whole or divided; a split comes in the middle of it."""
    store: Store = open_store(url)
    if partitions:
        store = PartitionedStore(store, partitions, seed=5)
    for n in range(EVENTS):
        if split and n == EVENTS // 2:
            feed = store.feed()
            assert isinstance(feed, PartitionedFeed)
            for partition in feed.partitions():
                feed.split(partition.name)
        data = {"n": "poison"} if n == 8 else {"n": n}
        store.append(f"box-{n % 4}", [make(data=data)], expected=ANY)
    return store


def wanted(store: Store) -> list[dict[str, Any]]:
    feed = store.feed()
    events = feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS)
    rows: list[dict[str, Any]] = (
        ReferenceEngine().fold(events, LAYOUT, REGISTRY, scope=Scope()).rows.sort_by("id").to_pylist()
    )
    return rows


def found(state: TableState) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = state.changed(0).rows.sort_by("id").to_pylist()
    return rows


class Crashed(BaseException):
    """The process is gone: nothing catches it."""


class Crashing:
    """Counts the boundaries that are passed, and crashes at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.passed = at, 0

    def __call__(self, _where: str) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Crashed


class Feed:
    """A feed with a boundary before and after each read."""

    def __init__(self, feed: Any, crash: Crash) -> None:
        self._feed, self._crash = feed, crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def read(self, after: Cursor, limit: int, **filters: Any) -> Page:
        self._crash("before read")
        page: Page = self._feed.read(after, limit, **filters)
        self._crash("after read")
        return page


class State:
    """A state with boundaries around its calls, and inside its transaction."""

    def __init__(self, state: SqliteTableState, crash: Crash, monkeypatch: pytest.MonkeyPatch) -> None:
        self._state, self._crash = state, crash
        write, move = SqliteTableState._write_rows, SqliteTableState._move

        def writing(this: SqliteTableState, *arguments: Any) -> None:
            crash("before rows")
            write(this, *arguments)
            crash("after rows")

        def moving(this: SqliteTableState, *arguments: Any) -> None:
            move(this, *arguments)
            crash("after cursor")

        monkeypatch.setattr(SqliteTableState, "_write_rows", writing)
        monkeypatch.setattr(SqliteTableState, "_move", moving)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def commit(self, *arguments: Any, **keywords: Any) -> int:
        self._crash("before commit")
        change = self._state.commit(*arguments, **keywords)
        self._crash("after commit")
        return change


def run_with_crashes(store: Store, state: SqliteTableState, at: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Runs to the end, crashing once, and starting again; returns how many boundaries there were."""
    crash = Crashing(at)
    with monkeypatch.context() as patched:
        crashing = State(state, crash, patched)
        while True:
            try:
                projector = Projector(crashing, Feed(store.feed(), crash), REGISTRY)
                while not projector.step(LIMIT).caught_up:
                    pass
            except Crashed:
                continue
            return crash.passed


def fresh_state(store: Store, url: str = "sqlite://") -> SqliteTableState:
    state = open_state(url, store.log_id).live(LAYOUT, store.feed().start())
    assert isinstance(state, SqliteTableState)
    return state


FEEDS = pytest.mark.parametrize(
    ("partitions", "split"),
    [(0, False), (1, False), (4, False), (4, True)],
    ids=["sqlite", "1", "4", "split"],
)


@FEEDS
def test_a_crash_at_any_boundary_leaves_right_rows(
    monkeypatch: pytest.MonkeyPatch, partitions: int, split: bool
) -> None:
    store = filled(partitions=partitions, split=split)
    boundaries = run_with_crashes(store, fresh_state(store), 0, monkeypatch)
    assert boundaries >= 30
    for at in range(1, boundaries + 1):
        state = fresh_state(store)
        run_with_crashes(store, state, at, monkeypatch)
        assert found(state) == wanted(store), f"crash at boundary {at}"
        assert {p.stream for p in state.parked().values()} == {"box-0"}
    store.close()


def test_rows_and_cursor_in_two_commits_would_be_wrong_at_many_boundaries() -> None:
    store = filled()
    wrong = 0
    for at in range(1, 20):
        state, crash = fresh_state(store), Crashing(at)
        memory: dict[str, Cursor] = {"cursor": store.feed().start()}
        while True:
            try:
                _effect_then_checkpoint(store, state, crash, memory)
                break
            except Crashed:
                continue
        wrong += found(state) != wanted(store)
    assert wrong >= 4
    store.close()


def _effect_then_checkpoint(
    store: Store, state: SqliteTableState, crash: Crash, memory: dict[str, Cursor]
) -> None:
    projector = Projector(state, store.feed(), REGISTRY)
    while True:
        projector.begin()
        crash("before read")
        page = store.feed().read(memory["cursor"], LIMIT)
        batch = projector._fold(page.events)
        here = state.head().cursor
        state.commit(batch.changes(), read=here, then=here)
        crash("between rows and cursor")
        memory["cursor"] = page.cursor
        crash("after cursor")
        if page.caught_up:
            return


CHILD = """
import sys
from tests.readmodels.folding.test_crashes import *
store = open_store(sys.argv[1])
projector = Projector(fresh_state(store, sys.argv[2]), store.feed(), REGISTRY)
print("ready", flush=True)
while not projector.step(2).caught_up:
    pass
print("done", flush=True)
"""
ROOT = Path(__file__).parents[3]


def _child(log: str, state: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, log, state],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )


def _killed_rounds(folder: Path, rounds: int) -> Iterator[int]:
    log, place = f"sqlite:///{folder}/log.db", f"sqlite:///{folder}/state.db"
    store = filled(log)
    for n in range(rounds):
        for _ in range(60):
            store.append(f"box-{n % 5 + 10}", [make(n)], expected=ANY)
        child = _child(log, place)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.001 * (n * 7 % 13))  # where in its work the kill comes, not a wait for anything
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        state = fresh_state(store, place)
        position = state.head().cursor.marks["0"].position
        events = store.feed().arrow(store.feed().start(), state.head().cursor, EVENT_COLUMNS)
        prefix = ReferenceEngine().fold(events, LAYOUT, REGISTRY, scope=Scope())
        assert found(state) == prefix.rows.sort_by("id").to_pylist()
        yield position
    last = Projector(fresh_state(store, place), store.feed(), REGISTRY)
    while not last.step(100).caught_up:
        pass
    assert found(fresh_state(store, place)) == wanted(store)
    store.close()


def test_a_killed_projector_leaves_the_fold_of_a_prefix(tmp_path: Path) -> None:
    positions = list(_killed_rounds(tmp_path, 4))
    assert positions == sorted(positions)


@pytest.mark.nightly
def test_sixty_killed_projectors_leave_the_fold_of_a_prefix(tmp_path: Path) -> None:
    positions = list(_killed_rounds(tmp_path, 60))
    assert len(set(positions)) > 10
