"""Handlers: every effect, in the order of its stream, whoever dies; what fails is parked, who is down is waited for."""

import threading
from collections.abc import Iterator

import pytest

from eventfold.errors import TargetUnavailable
from eventfold.handlers.declaring.after import after
from eventfold.handlers.records import Deadline, Progress
from eventfold.store.port import Store
from eventfold.testing.making import make, make_many
from eventfold.testing.staff import Staff

STREAMS = 12


def _fill(store: Store, first: int = 1, count: int = 3) -> None:
    for n in range(STREAMS):
        store.append(f"box-{n}", make_many(count), expected=first - 1)


def _fail() -> None:
    raise ValueError("it is poison")


def _out() -> None:
    raise TargetUnavailable("503", retry_after=None)


class HandlingContract:
    """What handlers promise over a store."""

    @pytest.fixture
    def staff(self, store: Store) -> Iterator[Staff]:
        """Workers over a log of some streams with three events each."""
        _fill(store)
        staff = Staff(store)
        yield staff
        staff.close()

    def test_each_effect_is_taken_once_and_in_the_order_of_its_stream(
        self, store: Store, staff: Staff
    ) -> None:
        store.append("box-0", [make(event_type="Other"), make()], expected=3)
        worker = staff.worker("a")
        staff.settle(worker)
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        assert worker.handled == 3 * STREAMS + 1

    def test_who_comes_back_goes_on_where_it_stopped(self, store: Store, staff: Staff) -> None:
        worker = staff.worker("a")
        staff.settle(worker)
        worker.finish()
        _fill(store, first=4)
        staff.settle(staff.worker("b"))
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        assert store.effects().notes("tell", Progress.kind) == []

    def test_what_was_imported_is_taken_only_by_who_says_so(self, store: Store) -> None:
        store.append("box-0", [make(metadata='{"importedFrom":"old.csv"}'), make(1)], expected=0)
        plain, taking = Staff(store, name="plain"), Staff(store, name="taking", imported=True)
        for staff in (plain, taking):
            staff.settle(staff.worker("a"))
            staff.close()
        assert plain.places() == [("box-0", 2)]
        assert taking.places() == [("box-0", 1), ("box-0", 2)]

    def test_one_that_fails_parks_its_stream_and_no_other(self, store: Store, staff: Staff) -> None:
        staff.faults["box-3", 2] = _fail
        worker = staff.worker("a")
        staff.settle(worker)
        assert staff.lost() == [("box-3", 2), ("box-3", 3)]
        assert staff.tried.count(("box-3", 2)) == 3
        parked = staff.parked()["box-3"]
        assert (parked.version, parked.last_version, parked.attempts, parked.code) == (
            2,
            3,
            3,
            "handler-failed",
        )
        _fill(store, first=4, count=1)
        staff.settle(worker)
        assert staff.lost() == [("box-3", 2), ("box-3", 3), ("box-3", 4)]
        assert staff.parked()["box-3"].last_version == 4

    def test_a_parked_stream_is_retried_in_order_and_goes_on(self, store: Store, staff: Staff) -> None:
        staff.faults["box-3", 2] = _fail
        worker = staff.worker("a")
        staff.settle(worker)
        staff.ask("box-3")
        staff.turn(worker, turns=12)
        assert set(staff.parked()) == {"box-3"}  # it failed again
        del staff.faults["box-3", 2]
        staff.ask("box-3")
        staff.settle(worker, seconds=1.1)
        _fill(store, first=4)
        staff.settle(worker)
        assert (staff.lost(), staff.skipped(), staff.repeated(), staff.parked()) == ([], [], [], {})

    def test_what_a_person_skips_is_left_out_and_the_rest_goes_on(self, store: Store, staff: Staff) -> None:
        staff.faults["box-3", 1] = _fail
        worker = staff.worker("a")
        staff.settle(worker)
        staff.ask("box-3", "skip", "a test order")
        staff.settle(worker, seconds=1.1)
        assert (staff.lost(), staff.repeated(), staff.parked()) == ([("box-3", 1)], [], {})
        skips = store.effects().notes("tell", "skipped")
        assert ["a test order" in note.value for note in skips] == [True]

    def test_what_was_said_of_another_event_than_the_one_that_waits_skips_nothing(
        self, store: Store, staff: Staff
    ) -> None:
        staff.faults["box-3", 2] = _fail
        worker = staff.worker("a")
        staff.settle(worker)
        staff.ask("box-3", "skip", "it was about the first", version=1)
        staff.turn(worker, turns=6)
        assert (staff.parked()["box-3"].version, store.effects().notes("tell", "skipped")) == (2, [])

    def test_after_a_crash_as_many_are_repeated_as_were_under_way(self, staff: Staff) -> None:
        for version, owner in enumerate("abc", 1):
            worker, stuck = staff.worker(owner), threading.Event()
            hanging = {(f"box-{n}", version) for n in range(STREAMS)}
            staff.faults.update(dict.fromkeys(hanging, stuck.wait))
            # who died while one and the same event was under way each time would blame it
            staff.until(lambda h=hanging: not h.isdisjoint(staff.tried), worker, seconds=staff.seconds / 2)  # type: ignore[misc]  # mypy: a default
            staff.die(worker)
            stuck.set()
            staff.faults.clear()
        staff.settle(staff.worker("d"))
        assert (staff.lost(), staff.skipped(), staff.parked()) == ([], [], {})
        assert len(staff.repeated()) <= 3 * staff.handler.concurrency
        keys = {(m.stream, m.version): set[str]() for m in staff.taken}
        for message in staff.taken:
            keys[message.stream, message.version].add(message.key)
        assert {len(found) for found in keys.values()} == {1}

    def test_who_ends_the_process_is_found_out_and_parked_and_nobody_else_is(self, staff: Staff) -> None:
        """Workers die whenever it is under way; alone beside nothing, it is to blame."""
        for n in range(staff.handler.attempts + 2):  # twice it dies in company, which blames nobody
            worker, stuck, killed = staff.worker(f"w{n}"), threading.Event(), threading.Event()

            def kill(killed: threading.Event = killed, stuck: threading.Event = stuck) -> None:
                killed.set()
                stuck.wait()
                raise SystemExit

            staff.faults["box-5", 1] = kill
            staff.until(lambda k=killed: k.is_set() or bool(staff.parked()), worker, seconds=0.3)  # type: ignore[misc]
            staff.die(worker)
            stuck.set()
        last = staff.worker("last")
        staff.settle(last)
        assert {s: p.code for s, p in staff.parked().items()} == {"box-5": "handler-crashed"}
        assert {stream for stream, _ in staff.lost()} == {"box-5"}

    def test_an_outage_parks_nobody_and_loses_nothing(self, staff: Staff) -> None:
        worker = staff.worker("a")
        staff.down = True
        staff.turn(worker, turns=40, seconds=8.0)  # more than five minutes
        assert not staff.taken
        assert len(staff.tried) < 30  # the pauses grow
        staff.down = False
        staff.settle(worker, seconds=30.0)
        assert (staff.lost(), staff.skipped(), staff.repeated(), staff.parked()) == ([], [], [], {})

    def test_one_for_which_the_target_never_answers_is_found_out(self, store: Store, staff: Staff) -> None:
        """While others are taken; where nobody else is there, nobody can tell it from a target that is down."""
        staff.faults["box-3", 1] = _out
        worker = staff.worker("a")
        for version in range(4, 10):
            staff.turn(worker, turns=8, seconds=2.0)
            if not staff.parked():
                store.append("box-4", [make()], expected=version - 1)
        staff.settle(worker)
        assert set(staff.parked()) == {"box-3"}
        assert {stream for stream, _ in staff.lost()} == {"box-3"}
        assert staff.parked()["box-3"].code == "target-unavailable"

    def test_a_handler_that_is_held_begins_nothing(self, staff: Staff) -> None:
        staff.hold()
        worker = staff.worker("a")
        staff.turn(worker, turns=5)
        assert (staff.taken, worker.held) == ([], True)

    def test_who_lost_its_lease_begins_nothing_more(self, staff: Staff) -> None:
        worker = staff.worker("a")
        staff.turn(worker)
        staff.until(lambda: len(staff.taken) == min(staff.handler.concurrency, STREAMS))
        done = len(staff.tried)
        staff.now += staff.seconds
        heir = staff.worker("b")
        staff.turn(heir, turns=3, seconds=staff.seconds)
        before = list(staff.tried)
        worker.step()
        assert staff.tried == before
        assert done < 3 * STREAMS
        staff.settle(heir)
        assert (staff.lost(), staff.skipped()) == ([], [])

    def test_an_effect_waits_for_its_time_and_fires_once(self, store: Store) -> None:
        _fill(store)
        staff = Staff(store, when=after(hours=1))
        worker = staff.worker("a")
        staff.settle(worker)
        assert (staff.taken, len(store.effects().notes("tell", Deadline.kind))) == ([], 3 * STREAMS)
        worker.finish()
        again = staff.worker("b")
        staff.turn(again, turns=3, seconds=600.0)
        staff.turned = -7_200_000_000  # a clock that is set back makes nobody fire twice
        staff.settle(again, seconds=600.0)
        staff.turned = 0
        staff.turn(again, turns=12, seconds=900.0)
        assert (staff.lost(), staff.skipped(), staff.repeated()) == ([], [], [])
        assert store.effects().notes("tell", Deadline.kind) == []
        staff.close()

    def test_a_later_event_cancels_a_deadline(self, store: Store) -> None:
        _fill(store, count=1)
        staff = Staff(store, when=after(hours=1, unless="Paid"))
        worker = staff.worker("a")
        staff.settle(worker)
        store.append("box-2", [make(event_type="Paid")], expected=1)
        staff.turn(worker, turns=12, seconds=900.0)
        assert staff.lost() == [("box-2", 1)]
        assert store.effects().notes("tell", Deadline.kind) == []
        staff.close()

    def test_a_deadline_that_fails_parks_its_stream_and_is_retried(self, store: Store) -> None:
        _fill(store, count=2)
        staff = Staff(store, when=after(hours=1))
        staff.faults["box-3", 1] = _fail
        worker = staff.worker("a")
        staff.turn(worker, turns=15, seconds=900.0)
        assert staff.lost() == [("box-3", 1), ("box-3", 2)]
        assert set(staff.parked()) == {"box-3"}
        staff.faults.clear()
        staff.ask("box-3")
        staff.turn(worker, turns=10, seconds=600.0)
        assert (staff.lost(), staff.skipped(), staff.repeated(), staff.parked()) == ([], [], [], {})
        staff.close()

    def test_a_deadline_under_way_when_its_worker_dies_fires_again_under_the_same_key(
        self, store: Store
    ) -> None:
        _fill(store, count=1)
        staff = Staff(store, when=after(hours=1))
        worker, stuck = staff.worker("a"), threading.Event()
        staff.faults.update({(f"box-{n}", 1): stuck.wait for n in range(STREAMS)})
        staff.turn(worker, turns=8, seconds=600.0)
        staff.until(lambda: len(staff.tried) == staff.handler.concurrency, worker)
        staff.die(worker)
        stuck.set()
        staff.faults.clear()
        staff.turn(staff.worker("b"), turns=25, seconds=120.0)
        assert (staff.lost(), staff.parked()) == ([], {})
        assert len({message.key for message in staff.taken}) == STREAMS
        staff.close()
