"""A worker waits for the lease of another by its own clock, and follows one that has ended at once."""

import logging
import time

import pytest

from eventfold import Store, open_store
from eventfold.errors import OwnerFenced
from eventfold.feed.leases.owner import life, new_owner
from eventfold.readmodels.following.holding import LEASE_SECONDS, Hold
from eventfold.readmodels.port import TableState
from tests.feed.test_owner import BEFORE, changed
from tests.readmodels.folding.test_crashes import fresh_state


class Waiter:
    """A hold on a clock that only the test moves."""

    def __init__(self, state: TableState) -> None:
        self.now = 0.0
        self.state = state
        self.hold = Hold("boxes", "waiter", clock=lambda: self.now)

    def takes_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.hold.take(self.state) is not None


@pytest.fixture
def store() -> Store:
    return open_store("sqlite://")


@pytest.fixture
def waiter(store: Store) -> Waiter:
    return Waiter(fresh_state(store))


def test_an_owner_in_the_form_of_an_earlier_release_is_waited_for(
    waiter: Waiter, caplog: pytest.LogCaptureFixture
) -> None:
    waiter.state.acquire(BEFORE, 30)
    assert not waiter.takes_after(0)
    assert "The table boxes is held by worker-7.example:4711 for up to 30 s more; waiting." in caplog.text
    assert not waiter.takes_after(LEASE_SECONDS - 1)
    assert waiter.takes_after(1)
    assert "is kept by this worker now" in caplog.text
    assert caplog.text.count("held by") == 1


def test_a_lease_that_moves_is_never_taken_however_long_one_waits(waiter: Waiter) -> None:
    for _ in range(10):
        waiter.state.acquire(BEFORE, 3600)
        assert not waiter.takes_after(LEASE_SECONDS - 1)


def test_a_clock_that_was_turned_makes_nobody_wait_for_longer(
    waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 3_600 * 10**9)
    waiter.state.acquire(BEFORE, 30)  # by a clock that is an hour ahead
    monkeypatch.setattr(time, "time_ns", lambda: now)
    assert not waiter.takes_after(0)
    assert waiter.hold.seconds() <= LEASE_SECONDS
    assert not waiter.takes_after(LEASE_SECONDS / 2)
    assert waiter.takes_after(LEASE_SECONDS / 2)


def test_an_owner_that_has_ended_is_followed_at_once(
    waiter: Waiter, caplog: pytest.LogCaptureFixture
) -> None:
    if life(changed(5, "1")) != "ended":
        pytest.skip("this system does not tell whether a process has ended")
    epoch = waiter.state.acquire(changed(5, "1"), 30)
    assert waiter.hold.take(waiter.state) == epoch + 1
    assert "waiting" not in caplog.text


def test_an_owner_that_runs_is_stood_by_for_and_followed_when_it_gives_back(
    waiter: Waiter, caplog: pytest.LogCaptureFixture
) -> None:
    runs = new_owner()
    waiter.state.acquire(runs, 30)
    assert not waiter.takes_after(0)
    assert ("standing by" in caplog.text) == (life(runs) == "runs")
    waiter.state.release(runs)
    assert waiter.takes_after(1)
    with pytest.raises(OwnerFenced):
        waiter.state.acquire(runs, 30)


def test_a_lease_is_renewed_in_time_and_lost_where_another_took_it(
    waiter: Waiter, caplog: pytest.LogCaptureFixture
) -> None:
    assert waiter.takes_after(0)
    first = waiter.hold.take(waiter.state)
    assert waiter.takes_after(LEASE_SECONDS / 2)
    assert waiter.hold.take(waiter.state) == first
    waiter.state.release("waiter")
    waiter.state.acquire(BEFORE, 30)
    with caplog.at_level(logging.WARNING):
        assert not waiter.takes_after(LEASE_SECONDS / 2)
    assert not waiter.hold.held
