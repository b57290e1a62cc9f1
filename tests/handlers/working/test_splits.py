"""A partition that splits takes along what was done beyond its checkpoint, and waits for what is under way."""

import threading
from collections.abc import Iterator

import pytest

from eventfold.handlers.declaring.after import after
from eventfold.handlers.working.reading import PAGE
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.store.open import open_store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff

STREAMS = PAGE + 40
FIRST = ("box-0", 1)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    key = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, key)
    with StandIn(partitions=1, key=key) as account:
        yield account


@pytest.mark.slow
def test_what_was_done_beyond_the_checkpoint_is_not_done_again(account: StandIn) -> None:
    """The first event hangs, all others are done, more than a page; the worker dies; its heir finds it split."""
    with open_store(account.url("log")) as store:
        for n in range(STREAMS):
            store.append(f"box-{n}", make_many(1), expected=0)
        staff, stuck = Staff(store, concurrency=16), threading.Event()
        staff.faults[FIRST] = stuck.wait
        worker = staff.worker("a")
        staff.until(lambda: len(staff.taken) == STREAMS - 1, worker, seconds=0.3)
        staff.turn(worker, turns=4)  # what was taken last is written down
        assert staff.lost() == [FIRST]
        staff.die(worker)
        staff.faults.clear()
        account.split("log", "events")
        staff.settle(staff.worker("b"))
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        stuck.set()
        staff.close()


@pytest.mark.slow
def test_a_deadline_that_is_under_way_through_a_split_is_taken_once(account: StandIn) -> None:
    with open_store(account.url("log")) as store:
        for n in range(6):
            store.append(f"box-{n}", make_many(1), expected=0)
        staff, stuck = Staff(store, when=after(hours=1)), threading.Event()
        staff.faults[FIRST] = stuck.wait
        worker = staff.worker("a")
        staff.turn(worker, turns=8, seconds=900.0)
        staff.until(lambda: len(staff.taken) == 5 and FIRST in staff.tried, worker, seconds=0.3)
        assert staff.lost() == [FIRST]
        account.split("log", "events")
        for n in range(6):
            store.append(f"box-{n}", make_many(1), expected=1)
        staff.turn(worker, turns=12)
        stuck.set()
        staff.turn(worker, turns=20, seconds=900.0)
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        staff.close()
