"""A power loss leaves the rows, the cursor and the parked streams of a table as one commit left them."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from eventfold import ANY, Store, open_store
from eventfold.errors import EventfoldError
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Changes, Scope
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.store.sqlite.store import SqliteStore
from eventfold.testing.making import make
from tests.readmodels.folding.test_crashes import LAYOUT, REGISTRY, fresh_state
from tests.trust.figures import record
from tests.trust.history import CHECKPOINT_PAGES
from tests.trust.power import Disk, images

EVENTS, POISON = 90, 41


@cache
def log() -> Store:
    store = open_store("sqlite://")
    for n in range(1, EVENTS + 1):
        store.append(f"box-{n % 7}", [make(data={"n": "poison" if n == POISON else n})], expected=ANY)
    return store


@cache
def rows_at(position: int) -> list[dict[str, Any]]:
    feed = log().feed()
    assert isinstance(log(), SqliteStore)
    events = feed.arrow(feed.start(), feed.at_position(position), EVENT_COLUMNS)
    folded = ReferenceEngine().fold(events, LAYOUT, REGISTRY, scope=Scope())
    rows: list[dict[str, Any]] = folded.rows.sort_by("id").to_pylist()
    return rows


def parked_at(position: int) -> dict[str, tuple[int, int]]:
    """The stream of the event that cannot be folded, with its version and that of the last one that waits."""
    if position < POISON:
        return {}
    stream = f"box-{POISON % 7}"
    before = [n for n in range(1, position + 1) if n % 7 == POISON % 7]
    return {stream: (before.index(POISON) + 1, len(before))}


def follow(url: str, disk: Disk, *, two_commits: bool) -> list[int]:
    """Folds the log page by page; returns the positions that were committed."""
    committed = []
    feed = log().feed()
    state = fresh_state(log(), url)
    state._writing._connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    projector = Projector(_TwoCommits(state) if two_commits else state, feed, REGISTRY)
    for limit in _limits():
        page = projector.step(limit)
        committed.append(page.cursor.marks["0"].position)
        disk.told()
        if page.caught_up:
            break
    state._writing.close()
    state._pool.close()
    return committed


def _limits() -> Iterator[int]:
    while True:
        yield from (1, 2, 1, 3)


class _TwoCommits:
    """What breaks the promise: rows first, the cursor in a commit of its own."""

    def __init__(self, state: SqliteTableState) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def commit(self, changes: Changes, *, read: Any, then: Any, epoch: int = 0, change: Any = None) -> int:
        number = self._state.commit(changes, read=read, then=read, epoch=epoch, change=change)
        return self._state.commit(Changes(), read=read, then=then, epoch=epoch, change=number)


def verdict(place: Path, promised: int) -> str:
    try:
        state = fresh_state(log(), f"sqlite:///{place}/state.db")
    except EventfoldError as error:
        return f"cannot be opened: {error.code}"
    try:
        changed = state.changed(0)
        position = changed.head.cursor.marks["0"].position
        if position < promised:
            return "lost"
        if changed.rows.sort_by("id").to_pylist() != rows_at(position):
            return "torn"
        parked = {p.stream: (p.version, p.last_version) for p in changed.parked}
        return "" if parked == parked_at(position) else "torn"
    finally:
        state._writing.close()
        state._pool.close()


def crashed(folder: Path, count: int, seed: int, *, two_commits: bool = False) -> Counter[str]:
    (folder / "state").mkdir()
    with Disk(folder / "state") as disk:
        committed = follow(f"sqlite:///{folder}/state/state.db", disk, two_commits=two_commits)
    assert committed[-1] == EVENTS
    place = folder / "image"
    place.mkdir()
    found: Counter[str] = Counter()
    for image in images(disk.steps, count, seed):
        image.write(place)
        found[verdict(place, committed[image.told - 1] if image.told else 0)] += 1
    return found


def test_a_power_loss_leaves_rows_and_cursor_of_one_commit(tmp_path: Path) -> None:
    assert crashed(tmp_path, 80, 1) == {"": 80}


@pytest.mark.nightly
def test_four_thousand_power_losses_leave_rows_and_cursor_of_one_commit(tmp_path: Path) -> None:
    found = crashed(tmp_path, 4_000, 2)
    record("power-loss-of-state", images=4_000, right=found[""], lost=found["lost"], torn=found["torn"])
    assert found == {"": 4_000}


def test_control_rows_and_cursor_in_two_commits_are_found_torn(tmp_path: Path) -> None:
    assert crashed(tmp_path, 60, 3, two_commits=True)["torn"] >= 5
