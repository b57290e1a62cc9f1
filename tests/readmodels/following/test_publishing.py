"""Several places of one table: each is written when it is due, fails alone, and holds up nobody."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import CursorLost, EngineFenced, EventfoldError, StorageFailed
from eventfold.feed.loop import Loop
from eventfold.readmodels.following.apart import apart
from eventfold.readmodels.following.publishing import LONGEST_PAUSE, SHARE, Publishing
from eventfold.readmodels.following.worker import TableWorker
from eventfold.readmodels.publishing.publication import Publication, Version
from eventfold.testing.published.memory import Memory, MemoryPublication
from eventfold.testing.published.world import REGISTRY, World, things


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Failing(MemoryPublication):
    """Does not answer while it has an error."""

    error: EventfoldError | None = None
    asked = 0

    def head(self) -> Version | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return super().head()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, lambda *_: None, things())  # type: ignore[arg-type] # no place of its own
    world.set("a", whole=1)
    yield world
    world.close()


def place(world: World, kind: str, made: type[MemoryPublication] = MemoryPublication) -> Any:
    return made(Memory(), world.layout, world.store.log_id, kind)


def worker(world: World, lake: Publication | None, *others: Publication, every: float = 0.0) -> TableWorker:
    return TableWorker(
        lambda: world.state,
        world.feed,
        REGISTRY,
        owner="me",
        publication=lake,
        others=others,
        every=every,
    )


def test_each_place_has_its_own_time(world: World) -> None:
    clock, slow, quick = Clock(), place(world, "slow"), place(world, "quick")
    world.fold()
    kept = {
        one.kind: Publishing("things", one, world.feed, every=every, clock=clock)
        for one, every in ((slow, 60.0), (quick, None))
    }
    for _ in range(3):
        clock.now += 1.0
        for one in kept.values():
            one.turn(world.state)
    assert (kept["slow"].made, kept["quick"].made) == (None, 0)
    assert kept["quick"].due == clock.now + MemoryPublication.capabilities.every
    clock.now += 60.0
    kept["slow"].turn(world.state)
    assert kept["slow"].made == 0


def test_a_place_that_takes_long_is_written_less_often(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, slow = Clock(), place(world, "slow")
    world.fold()
    one = Publishing("things", slow, world.feed, every=1.0, clock=clock)
    clock.now = one.due
    inner = slow.overwrite

    def takes_ten_seconds(*arguments: Any) -> Any:
        clock.now += 10.0
        return inner(*arguments)

    monkeypatch.setattr(slow, "overwrite", takes_ten_seconds)
    one.turn(world.state)
    assert one.due == clock.now + SHARE * 10.0


def test_a_place_that_fails_is_tried_less_and_less_often_and_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    clock, gone = Clock(), place(world, "gone", Failing)
    world.fold()
    one = Publishing("things", gone, world.feed, every=1.0, clock=clock)
    gone.error = StorageFailed("The service does not answer.")
    pauses = []
    for _ in range(12):
        clock.now = one.due
        one.turn(world.state)
        pauses.append(one.due - clock.now)
    assert pauses[:5] == [1.0, 1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST_PAUSE
    assert one.problem == "The service does not answer."
    assert caplog.messages == ["table things, gone is not published now: The service does not answer."]
    gone.error = None
    clock.now = one.due
    one.turn(world.state)
    assert (one.problem, one.made, one.due) == ("", 0, clock.now + 1.0)


@pytest.mark.parametrize("error", [StorageFailed("gone"), CursorLost("no stamp")])
def test_a_place_that_cannot_go_on_stops_neither_the_fold_nor_others(
    world: World, error: EventfoldError
) -> None:
    lake, gone = place(world, "lake"), place(world, "gone", Failing)
    gone.error = error
    one = worker(world, lake, gone)
    assert one.step()
    assert lake.head().stamp.change == world.state.head().change
    assert [p.problem for p in one.publishings] == ["", error.message]
    with pytest.raises(type(error)):  # who asks for all of it is told
        one.finish()
    assert not one._hold.held


def test_where_the_lake_has_passed_to_others_the_table_stops(world: World) -> None:
    lake = place(world, "lake", Failing)
    one = worker(world, lake)
    one.step()
    lake.error = EngineFenced("taken over")
    one.publishings[0].due = 0.0
    with pytest.raises(EngineFenced):
        one.step()


def _running(world: World, *workers: TableWorker) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()

    def run() -> None:
        with apart(workers, stop):
            Loop(workers, world.feed).run(stop, poll=0.01)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, stop


def _until(what: Any) -> None:
    until = time.monotonic() + 30.0
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_place_that_hangs_holds_up_no_fold_and_no_other_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, hanging = place(world, "lake"), place(world, "hanging")
    let_go, inner = threading.Event(), hanging.overwrite

    def hangs(*arguments: Any) -> Any:
        assert let_go.wait(60.0)
        return inner(*arguments)

    monkeypatch.setattr(hanging, "overwrite", hangs)
    thread, stop = _running(world, worker(world, lake, hanging))
    _until(lambda: "a" in lake.read())
    world.set("b", whole=2)
    _until(lambda: "b" in lake.read())
    assert hanging.head() is None
    let_go.set()
    _until(lambda: "a" in hanging.read())
    stop.set()
    thread.join()
    assert sorted(hanging.read()) == ["a", "b"]


def test_what_a_lake_meets_in_its_thread_stops_the_table(world: World) -> None:
    lake = place(world, "lake", Failing)
    one = worker(world, lake)
    failures: list[EventfoldError] = []

    def run() -> None:
        try:
            with apart([one], threading.Event()):
                Loop([one], world.feed).run(threading.Event(), poll=0.01)
        except EventfoldError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    _until(lake.read)
    lake.error = EngineFenced("taken over")
    thread.join(30.0)
    assert [type(error) for error in failures] == [EngineFenced]


def test_a_fault_in_the_thread_of_a_place_is_not_kept_quiet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = place(world, "lake")
    monkeypatch.setattr(lake, "overwrite", lambda *_: 1 / 0)
    one = worker(world, lake)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with apart([one], threading.Event()):
                Loop([one], world.feed).run(threading.Event(), poll=0.01)
        except ZeroDivisionError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30.0)
    assert len(failures) == 1
