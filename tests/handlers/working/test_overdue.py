"""A worker that comes late does what has fallen due before it says that it is done."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.handlers.declaring.after import after
from eventfold.handlers.records import Deadline
from eventfold.handlers.working.origins import deadlines
from eventfold.store.open import open_store
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff


def test_what_was_due_before_it_was_read_is_done_by_who_catches_up(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        store.append("box-1", make_many(2), expected=0)
        staff = Staff(store, when=after(seconds=60))
        staff.now = 120.0
        staff.settle(staff.worker("a"))
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        staff.close()


def test_deadlines_of_one_stream_that_are_due_together_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        store.append("box-1", make_many(20), expected=0)
        staff = Staff(store, when=after(seconds=60))
        worker = staff.worker("a")
        staff.now = 120.0
        staff.turn(worker, turns=2, seconds=0.6)
        staff.turn(worker, turns=80, seconds=0.01)
        assert (len(staff.taken), staff.skipped()) == (20, [])
        staff.close()


@pytest.mark.parametrize("streams", [3, 1_000])
def test_more_deadlines_than_are_taken_up_at_once_fire_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streams: int
) -> None:
    """Many are due of each of several streams; one stream fails and is parked, and goes on when it is mended."""
    monkeypatch.setattr(deadlines, "_STREAMS", streams)
    monkeypatch.setattr(deadlines, "_PAGE", 50)
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for n in range(8):
            store.append(f"box-{n}", make_many(30), expected=0)
        staff = Staff(store, when=after(seconds=60), attempts=1)
        staff.faults["box-3", 5] = _fail
        worker = staff.worker("a")
        staff.now = 120.0
        staff.settle(worker)
        assert staff.lost() == [("box-3", version) for version in range(5, 31)]
        staff.faults.clear()
        staff.ask("box-3")
        staff.settle(worker)
        staff.turn(worker, turns=60, seconds=1.0)
        assert (staff.lost(), staff.skipped(), staff.repeated(), staff.parked()) == ([], [], [], {})
        staff.close()


def test_what_is_due_is_not_read_again_for_each_that_fires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    pages = deadlines.Due.pages

    def counted(self: deadlines.Due) -> Iterator[list[Deadline]]:
        for page in pages(self):
            read.append(len(page))
            yield page

    monkeypatch.setattr(deadlines.Due, "pages", counted)
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for n in range(10):
            store.append(f"box-{n}", make_many(20), expected=0)
        staff = Staff(store, when=after(seconds=60))
        worker = staff.worker("a")
        staff.turn(worker)
        staff.now = 120.0
        for _ in range(5_000):
            if len(staff.taken) < 200:
                staff.turn(worker, seconds=0.001)
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        assert sum(read) < 3 * 200
        staff.close()


def _fail() -> None:
    raise ValueError("it is refused")
