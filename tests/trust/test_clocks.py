"""No order, version or cursor depends on a clock; recorded times never decrease."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold import ANY, open_store
from eventfold.errors import OwnerFenced, StaleCursor
from eventfold.feed.cursor import read_cursor
from eventfold.readmodels.folding.projector import Projector
from eventfold.sqlite.connect import Place
from eventfold.store.sqlite.store import SqliteStore
from eventfold.testing.making import make, numbers, read_all
from tests.readmodels.folding.test_crashes import REGISTRY, found, fresh_state, wanted
from tests.trust.figures import record
from tests.trust.system import needs, python

DAY, HOUR = 86_400_000_000, 3_600_000_000

APPENDER = """
import sys, time
from eventfold import ANY, open_store
from eventfold.testing.making import make
store = open_store(sys.argv[1])
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    store.append(f"box-{n % 3}", [make(n)], expected=ANY)
print(time.time_ns() // 1000, store.feed().end().to_json())
store.close()
"""


def append_at(offset: str, url: str, first: int, last: int) -> tuple[int, str]:
    """A process whose clock is so far off appends; returns what time it was there, and its cursor at the end."""
    needs("faketime", ("faketime", "-f", "-1d", "true"))
    done = python(APPENDER, url, str(first), str(last), under=("faketime", "-f", offset) if offset else ())
    assert done.returncode == 0, done.stderr
    time, cursor = done.stdout.split(maxsplit=1)
    return int(time), cursor.strip()


def check_log(url: str, count: int) -> None:
    """Events in the order of their appends, positions and versions dense, times that never go back."""
    store = open_store(url)
    events = read_all(store.feed())
    assert numbers(events) == list(range(count))
    assert [e.position for e in events] == list(range(1, count + 1))
    times = [e.recorded_us for e in events]
    assert times == sorted(times)
    for stream in ("box-0", "box-1", "box-2"):
        own = list(store.read(stream))
        assert [e.version for e in own] == list(range(1, len(own) + 1))
        assert [e.id for e in own] == [e.id for e in events if e.stream == stream]
    store.close()


@pytest.mark.slow
def test_clocks_a_day_behind_and_a_year_ahead_change_no_order(tmp_path: Path) -> None:
    url, state_url = f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/state.db"
    cursors, clocks = [], []
    for n, offset in enumerate(["", "-1d", "+1y", "", "-1d"]):
        clock, cursor = append_at(offset, url, n * 6, n * 6 + 6)
        clocks.append(clock)
        cursors.append(cursor)
        store = open_store(url)
        projector = Projector(fresh_state(store, state_url), store.feed(), REGISTRY)
        while not projector.step(4).caught_up:
            pass
        assert projector.cursor == read_cursor(cursor)
        store.close()
    assert clocks[1] < clocks[0] - DAY / 2  # the clocks were really off
    assert clocks[2] > clocks[0] + 300 * DAY
    check_log(url, 30)
    store = open_store(url)
    for n, cursor in enumerate(cursors, 1):
        store.feed().check(read_cursor(cursor))
        assert numbers(store.feed().read(read_cursor(cursor), 100).events) == list(range(n * 6, 30))
    assert found(fresh_state(store, state_url)) == wanted(store)
    store.close()


@pytest.mark.slow
def test_two_processes_an_hour_apart_take_turns_without_a_step_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    for n in range(6):
        append_at("-1h" if n % 2 else "", url, n * 4, n * 4 + 4)
    check_log(url, 24)
    record("clocks", "processes", events=30 + 24, steps_back=0)


def jumping(seed: int) -> Iterator[int]:
    """A clock that jumps by up to a year, either way."""
    dice, now = random.Random(seed), 1_700_000_000_000_000
    while True:
        now += dice.choice([1, 1_000, HOUR, -HOUR, -DAY, 365 * DAY, -365 * DAY])
        yield now


@pytest.mark.parametrize("seed", range(5))
def test_a_clock_that_jumps_at_every_append_changes_no_order(tmp_path: Path, seed: int) -> None:
    clock = jumping(seed)
    store = SqliteStore(Place(path=str(tmp_path / "log.db")), clock=lambda: next(clock))
    for n in range(60):
        store.append(f"box-{n % 3}", [make(n)], expected=n // 3)
    feed = store.feed()
    times = [event.recorded_us for event in read_all(feed)]
    for at, time in enumerate(times, 1):
        held = feed.at_time(time).marks["0"].position
        assert times[held - 1] == time
        assert held >= at
    store.close()
    check_log(f"sqlite:///{tmp_path}/log.db", 60)


def test_control_the_jumping_clock_itself_goes_back() -> None:
    clock = jumping(0)
    times = [next(clock) for _ in range(60)]
    assert times != sorted(times)


def test_a_worker_whose_rival_lives_a_year_ahead_commits_nothing_more(tmp_path: Path) -> None:
    needs("faketime", ("faketime", "-f", "-1d", "true"))
    url, state_url = f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/state.db"
    store = open_store(url)
    for n in range(12):
        store.append(f"box-{n % 3}", [make(n)], expected=ANY)
    old = Projector(fresh_state(store, state_url), store.feed(), REGISTRY)
    old.epoch = old.state.acquire("old", 3600)
    old.step(4)
    code = """
import sys
from tests.trust.test_clocks import *
store = open_store(sys.argv[1])
new = Projector(fresh_state(store, sys.argv[2]), store.feed(), REGISTRY)
new.epoch = new.state.acquire("new", 30)
while not new.step(5).caught_up:
    pass
"""
    done = python(code, url, state_url, under=("faketime", "-f", "+1y"))
    assert done.stderr == ""
    with pytest.raises((OwnerFenced, StaleCursor)):
        old.step(4)
    assert found(old.state) == wanted(store)
    store.close()


def test_a_lease_taken_by_a_clock_that_was_ahead_does_not_hold_for_a_year(tmp_path: Path) -> None:
    needs("faketime", ("faketime", "-f", "-1d", "true"))
    url, state_url = f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/state.db"
    store = open_store(url)
    store.append("box-1", [make(1)], expected=0)
    code = """
import sys
from tests.trust.test_clocks import *
store = open_store(sys.argv[1])
print(fresh_state(store, sys.argv[2]).acquire("gone", 30))
"""
    done = python(code, url, state_url, under=("faketime", "-f", "+1y"))
    assert done.stderr == ""
    state = fresh_state(store, state_url)
    assert state.acquire("here", 30) == int(done.stdout) + 1
    with pytest.raises(OwnerFenced):
        state.acquire("rival", 30)
    store.close()
