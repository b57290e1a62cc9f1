"""A thousand streams: a poison among them parks its own, an outage parks none, a rate is kept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventfold.errors import EffectRefused, TargetUnavailable
from eventfold.handlers.working.gate import Gate
from eventfold.store.open import open_store
from eventfold.store.port import Store, Write
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff

STREAMS = 1_000
POISON = ("box-500", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for first in (0, 500):
            store.append_all([Write(f"box-{n}", make_many(1), 0) for n in range(first, first + 500)])
        yield store


def _raiser(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        EffectRefused("404"),
        TargetUnavailable("503"),
        TargetUnavailable("429", retry_after=2),
    ],
    ids=["raises", "refused", "never answered", "always asked to come later"],
)
def test_one_poison_at_a_healthy_target_is_parked_and_nobody_else_is(store: Store, error: Exception) -> None:
    staff = Staff(store, concurrency=16)
    staff.faults[POISON] = _raiser(error)
    worker = staff.worker("a")
    staff.settle(worker)
    assert (set(staff.parked()), staff.lost(), staff.repeated()) == ({"box-500"}, [POISON], [])
    assert staff.tried.count(POISON) == staff.handler.attempts
    staff.close()


def test_two_poisons_that_the_target_never_answers_are_told_from_each_other(store: Store) -> None:
    """They fail at the same time, so that neither can be blamed until each was tried beside others."""
    staff = Staff(store, concurrency=16)
    others = {("box-3", 1), ("box-4", 1)}
    staff.faults.update(dict.fromkeys(others, _raiser(TargetUnavailable("503"))))
    worker = staff.worker("a")
    staff.settle(worker)
    assert (set(staff.parked()), set(staff.lost())) == ({"box-3", "box-4"}, others)
    staff.close()


@pytest.mark.parametrize(
    "poisons", [12, pytest.param(450, marks=pytest.mark.nightly)], ids=["some", "more than can be told apart"]
)
def test_many_poisons_hold_up_nobody_for_ever(store: Store, poisons: int) -> None:
    """Each is told from a target that is down by others; where these run out, it counts that some were taken since."""
    staff = Staff(store, concurrency=16, attempts=2)
    bad = {(f"box-{n}", 1) for n in range(poisons)}
    staff.faults.update(dict.fromkeys(bad, _raiser(TargetUnavailable("503"))))
    worker = staff.worker("a")
    for _ in range(5_000):
        staff.turn(worker, seconds=10.0)
        if len(staff.taken) + len(staff.parked()) == STREAMS:
            break
    assert {(stream, 1) for stream in staff.parked()} == set(staff.lost()) == bad
    staff.close()


def test_an_outage_of_five_minutes_parks_nobody(store: Store) -> None:
    staff = Staff(store, concurrency=16)
    worker = staff.worker("a")
    staff.turn(worker, turns=3)
    staff.down = True
    before = len(staff.tried)
    staff.turn(worker, turns=150, seconds=2.0)
    assert len(staff.tried) - before < 40
    staff.down = False
    staff.settle(worker, seconds=2.0)
    assert (staff.lost(), staff.repeated(), staff.parked()) == ([], [], {})
    staff.close()


def test_a_target_that_comes_and_goes_parks_nobody(store: Store) -> None:
    staff = Staff(store, concurrency=16)
    worker = staff.worker("a")
    for turn in range(60):
        staff.down = turn % 3 != 0
        staff.turn(worker, turns=2, seconds=3.0)
    staff.down = False
    staff.settle(worker, seconds=2.0)
    assert (staff.lost(), staff.repeated(), staff.parked()) == ([], [], {})
    staff.close()


def test_a_target_gets_no_more_in_a_second_than_its_rate(store: Store) -> None:
    now = 0.0
    gate = Gate("slow", rate=20.0, clock=lambda: now)
    staff = Staff(store)
    worker = staff.worker("a", gate=gate)
    taken = []
    for _ in range(50):
        now += 0.1
        staff.turn(worker, seconds=0.1)
        taken.append(len(staff.tried))
    assert taken[-1] > 90
    assert max(later - earlier for earlier, later in zip(taken, taken[10:], strict=False)) <= 22
    staff.close()
