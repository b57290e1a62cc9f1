"""A worker that comes late does what has fallen due before it says that it is done."""

from pathlib import Path

from eventfold.handlers.declaring.after import after
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
