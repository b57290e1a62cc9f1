"""The contract of handlers on SQLite, where pages are done in one go whenever they may."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.handlers.working.follower import SWEPT
from eventfold.handlers.working.origins.window import LEAST, SIZE
from eventfold.handlers.working.sweep import Sweep
from eventfold.store.open import open_store
from eventfold.store.port import Store, Write
from eventfold.testing.contract.handling import STREAMS, HandlingContract
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff


class TestSweeping(HandlingContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store(f"sqlite:///{tmp_path}/log.db") as store:
            yield store

    @pytest.fixture
    def staff(self, store: Store) -> Iterator[Staff]:
        for version in range(3):
            for n in range(STREAMS):
                store.append(f"box-{n}", make_many(1), expected=version)
        staff = Staff(store, sweeps=True, concurrency=SWEPT)
        yield staff
        staff.close()


def test_what_is_stopped_has_begun_a_prefix_whoever_takes_at_the_same_time() -> None:
    """Many times, a thread takes one after the other while another stops it."""
    for _ in range(300):
        sweep = Sweep(Cursor("log", {}), [_event(n) for n in range(200)])
        seen: list[int] = []
        thread = threading.Thread(target=lambda s=sweep, t=seen: t.extend(e.version for e in s.left))
        thread.start()
        begun = sweep.stop()
        thread.join()
        assert seen == list(range(begun))


@pytest.mark.parametrize("which", [0, 5, 11])
def test_one_that_fails_in_a_sweep_is_parked_and_the_others_are_taken_once(
    store_of_many: Store, which: int
) -> None:
    staff = Staff(store_of_many, sweeps=True, concurrency=1_000)
    staff.faults[f"box-{which}", 1] = _fail
    staff.settle(staff.worker("a"))
    assert (staff.lost(), staff.repeated(), set(staff.parked())) == (
        [(f"box-{which}", 1)],
        [],
        {f"box-{which}"},
    )
    assert staff.tried.count((f"box-{which}", 1)) == 3
    staff.close()


def test_one_that_hangs_in_a_sweep_holds_up_no_other_and_is_repeated_after_a_crash(
    store_of_many: Store,
) -> None:
    staff, stuck = Staff(store_of_many, sweeps=True, concurrency=1_000), threading.Event()
    staff.faults["box-40", 1] = stuck.wait
    worker = staff.worker("a")
    staff.turn(worker, turns=6)
    staff.until(lambda: len(staff.taken) >= SIZE - LEAST, worker)  # as many as are remembered beyond it
    assert ("box-40", 1) in staff.lost()
    staff.die(worker)
    staff.faults.clear()
    staff.settle(staff.worker("b"))
    assert (staff.lost(), staff.repeated()) == ([], [])
    stuck.set()
    staff.close()


def test_what_a_sweep_has_done_before_it_was_broken_is_not_done_again(store_of_many: Store) -> None:
    """Its worker dies while one hangs; of what came before that one nothing is repeated."""
    staff, stuck = Staff(store_of_many, sweeps=True, concurrency=1_000), threading.Event()
    staff.faults["box-700", 1] = stuck.wait
    worker = staff.worker("a")
    staff.turn(worker, turns=2)
    staff.until(lambda: len(staff.taken) >= 700)
    staff.die(worker)
    staff.faults.clear()
    staff.settle(staff.worker("b"))
    before = {(f"box-{n}", 1) for n in range(700)}
    assert (staff.lost(), before.intersection(staff.repeated())) == ([], set())
    stuck.set()
    staff.close()


def test_many_events_of_few_streams_go_the_usual_way_however_many_may_be_side_by_side(tmp_path: Path) -> None:
    """More are read than a window takes, and no page has each stream once."""
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for n in range(40):
            store.append(f"box-{n}", make_many(50), expected=0)
        staff = Staff(store, sweeps=True, concurrency=10_000)
        staff.settle(staff.worker("a"))
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        staff.close()


def test_a_worker_with_a_full_window_before_a_target_that_is_down_has_nothing_to_do(
    store_of_many: Store,
) -> None:
    staff = Staff(store_of_many)
    staff.down = True
    worker = staff.worker("a")
    staff.turn(worker, turns=12)
    assert worker.step()  # it waits; to be asked again at once would keep a processor busy
    assert worker.where() is None
    staff.close()


def _fail() -> None:
    raise ValueError("it is poison")


def _event(number: int) -> RecordedEvent:
    return RecordedEvent(number, "box-1", number, "Noted", 1, bytes(16), 0, None, "{}", "{}")


@pytest.fixture
def store_of_many(tmp_path: Path) -> Iterator[Store]:
    """A thousand streams with one event each."""
    with open_store(f"sqlite:///{tmp_path}/many.db") as store:
        store.append_all([Write(f"box-{n}", make_many(1), 0) for n in range(500)])
        store.append_all([Write(f"box-{n}", make_many(1), 0) for n in range(500, 1_000)])
        yield store
