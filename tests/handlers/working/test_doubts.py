"""What was under way when a worker died is tried again alone; if it hangs then, the others do not wait for it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.handlers.working import follower
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff

STREAMS = 12


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for n in range(STREAMS):
            store.append(f"box-{n}", make_many(2), expected=0)
        yield store


@pytest.fixture
def crashed(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staff]:
    """Workers of whom one has died with as much under way as may be."""
    monkeypatch.setattr(follower, "_WAIT", 0.01)
    staff, stuck = Staff(store), threading.Event()
    staff.faults.update({(f"box-{n}", 1): stuck.wait for n in range(STREAMS)})
    worker = staff.worker("a")
    staff.turn(worker, turns=2)
    staff.until(lambda: len(staff.tried) == staff.handler.concurrency, worker)
    staff.die(worker)
    staff.faults.clear()
    stuck.set()
    staff.until(lambda: len(staff.taken) == staff.handler.concurrency)  # what the dead one had begun is taken
    yield staff
    staff.close()


def _heir(staff: Staff) -> HandlerFollower:
    """Who has the lease next."""
    heir = staff.worker("b")
    for _ in range(10):
        staff.now += staff.seconds / 2
        heir._desks.share.balance()
        heir._take_desks()
        if heir.partitions:
            return heir
    raise AssertionError("nobody has the lease")


def test_one_that_hangs_after_a_crash_holds_up_its_stream_and_no_other(crashed: Staff) -> None:
    hangs, heir = threading.Event(), _heir(crashed)
    crashed.faults["box-0", 1] = hangs.wait
    before = len(crashed.taken)
    crashed.turn(heir, turns=20, seconds=3.0)
    late = [(m.stream, m.version) for m in crashed.taken[before:]]
    assert {stream for stream, version in late if version == 2} == {f"box-{n}" for n in range(1, STREAMS)}
    hangs.set()
    crashed.settle(heir)
    assert (crashed.lost(), crashed.skipped(), crashed.parked()) == ([], [], {})


def test_while_nobody_knows_whether_it_hangs_the_others_wait(crashed: Staff) -> None:
    hangs, heir = threading.Event(), _heir(crashed)
    crashed.faults["box-0", 1] = hangs.wait
    tried = len(crashed.tried)
    crashed.turn(heir, turns=20)
    assert crashed.tried[tried:] == [("box-0", 1)]
    hangs.set()
    crashed.settle(heir)
    assert crashed.lost() == []


def test_what_is_tried_again_tells_whether_the_target_is_down(crashed: Staff) -> None:
    heir = _heir(crashed)
    crashed.down = True
    tried = len(crashed.tried)
    crashed.turn(heir, turns=30, seconds=1.0)
    assert len(crashed.tried) - tried < 8  # the pauses grow
    crashed.down = False
    crashed.settle(heir, seconds=30.0)
    assert (crashed.lost(), crashed.skipped(), crashed.parked()) == ([], [], {})
