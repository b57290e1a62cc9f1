"""Negative controls: handlers built as one should not build them lose, skip or repeat, and the suite sees it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.desks import Desks
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins.window import Window
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import make_many
from eventfold.testing.staff import Place, Staff

STREAMS = 12


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        for n in range(STREAMS):
            store.append(f"box-{n}", make_many(3), expected=0)
        yield store


def _crash_under_way(store: Store) -> tuple[list[Place], list[Place]]:
    """A worker dies while as many effects are under way as may be; another goes on: what it has lost and skipped."""
    staff, stuck = Staff(store), threading.Event()
    staff.faults.update({(f"box-{n}", 1): stuck.wait for n in range(STREAMS)})
    worker = staff.worker("a")
    staff.turn(worker, turns=2)
    staff.die(worker)
    staff.faults.clear()
    staff.settle(staff.worker("b"))
    judged = staff.lost(), staff.skipped()
    staff.close()
    stuck.set()  # what the dead one had begun is taken only now
    return judged


def test_the_real_one_loses_nothing(store: Store) -> None:
    assert _crash_under_way(store) == ([], [])


def test_one_that_marks_before_the_effect_loses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(self: Window, effect: Effect, *, alone: bool) -> None:
        event = effect.event
        effect.place.put(event.stream, event.version)  # its outcome is written down before it has one

    monkeypatch.setattr(Window, "begin", begin)
    assert _crash_under_way(store)[0] != []


def test_one_that_commits_what_it_has_read_before_it_is_handled_loses(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Window, "advance", lambda self, **_: self.read)
    assert _crash_under_way(store)[0] != []


def test_one_that_forgets_what_it_has_done_beyond_its_checkpoint_repeats_more_than_was_under_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Window.progress

    def forgetful(self: Window, swept: int = 0) -> object:
        kept = progress(self, swept)
        return type(kept)(started=kept.started, tries=kept.tries)

    monkeypatch.setattr(Window, "progress", forgetful)
    assert len(_repeated_after_a_crash(store)) > 1


def test_the_real_one_repeats_what_was_under_way(store: Store) -> None:
    assert len(_repeated_after_a_crash(store)) <= 1


def _repeated_after_a_crash(store: Store) -> list[Place]:
    """One effect at a time; the first stream hangs until all others are done, then the worker dies."""
    staff, stuck = Staff(store, concurrency=2), threading.Event()
    staff.faults["box-0", 1] = stuck.wait
    worker = staff.worker("a")
    staff.turn(worker, turns=40)
    staff.die(worker)
    staff.faults.clear()
    staff.settle(staff.worker("b"))
    stuck.set()
    staff.close()
    assert staff.lost() == []
    return staff.repeated()


def test_one_that_ignores_who_holds_the_lease_begins_what_another_has_begun(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(self: Desks, desk: Desk, act: object) -> bool:
        return True  # it begins without having written that it does

    staff = Staff(store)
    worker = staff.worker("a")
    staff.settle(worker)
    heir = staff.worker("b")
    staff.settle(heir, seconds=staff.seconds)
    assert staff.repeated() == []
    staff.store.append("box-0", make_many(1), expected=3)
    for desk in worker._desks:
        desk.fill(lacking=1, idle=True)
    staff.settle(heir)
    monkeypatch.setattr(Desks, "fenced", careless)
    worker._commit(worker._choose(worker._desks.staying(), {}))
    for _ in range(60):
        worker._crew.wait(1.0)
        worker._crew.collect()
    assert staff.repeated() != []
    staff.close()
