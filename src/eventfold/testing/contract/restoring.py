"""Restoring: events keep the time at which another log recorded them, and no time ever decreases."""

import pytest

from eventfold import limits
from eventfold.errors import EventIdReused, TimeInvalid, WrongExpectedVersion
from eventfold.events.envelope import NewEvent
from eventfold.store.port import Store, Write
from eventfold.testing.making import make, read_all

LONG_AGO = 1_000_000


def _recorded(*times: int) -> list[NewEvent]:
    return [make(n, recorded_us=us) for n, us in enumerate(times)]


class RestoringContract:
    """What `append` promises of events that were recorded before."""

    def test_a_recorded_time_is_kept(self, store: Store) -> None:
        store.append("order-1", _recorded(-LONG_AGO, 5, 5), expected=0)
        store.append("order-1", _recorded(6), expected=3)
        assert [e.recorded_us for e in store.read("order-1")] == [-LONG_AGO, 5, 5, 6]
        assert [e.recorded_us for e in read_all(store.feed())] == [-LONG_AGO, 5, 5, 6]

    def test_what_is_appended_afterwards_is_recorded_now(self, store: Store) -> None:
        store.append("order-1", _recorded(LONG_AGO), expected=0)
        store.append("order-1", [make()], expected=1)
        first, second = store.read("order-1")
        assert first.recorded_us == LONG_AGO
        assert second.recorded_us > 1_600_000_000_000_000

    def test_a_time_ahead_of_the_clock_holds_until_the_clock_has_caught_up(self, store: Store) -> None:
        store.append("order-1", _recorded(limits.TIME_MAX_US), expected=0)
        store.append("order-1", [make()], expected=1)
        assert [e.recorded_us for e in store.read("order-1")] == [limits.TIME_MAX_US] * 2

    @pytest.mark.parametrize("times", [(5,), (10, 9), (11, 12, 11)])
    def test_a_time_before_that_of_the_event_before_is_refused(
        self, store: Store, times: tuple[int, ...]
    ) -> None:
        store.append("order-1", _recorded(10), expected=0)
        with pytest.raises(TimeInvalid):
            store.append("order-1", _recorded(*times), expected=1)
        assert store.head("order-1") == len(read_all(store.feed())) == 1
        store.append("order-1", _recorded(10), expected=1)

    def test_where_positions_are_ordered_no_time_decreases_along_them(self, store: Store) -> None:
        store.append("order-1", _recorded(10), expected=0)
        if not store.capabilities.total_order:
            store.append("order-2", _recorded(5), expected=0)
            assert store.head("order-2") == 1
            return
        with pytest.raises(TimeInvalid):
            store.append("order-2", _recorded(5), expected=0)
        assert store.head("order-2") == 0
        if store.capabilities.atomic_over_streams:
            with pytest.raises(TimeInvalid):
                store.append_all([Write("order-2", _recorded(11), 0), Write("order-3", _recorded(10), 0)])
            assert len(read_all(store.feed())) == 1

    def test_a_repeat_is_known_whatever_was_recorded_since(self, store: Store) -> None:
        events = _recorded(1, 2)
        store.append("order-1", events, expected=0)
        store.append("order-1", [make()], expected=2)
        answer = store.append("order-1", events, expected=0)
        assert (answer.version, answer.deduplicated) == (2, True)
        again = store.append("order-1", events, expected=3)
        assert (again.version, again.deduplicated) == (2, True)

    def test_a_version_that_is_taken_is_a_conflict(self, store: Store) -> None:
        store.append("order-1", _recorded(1, 2), expected=0)
        with pytest.raises(WrongExpectedVersion):
            store.append("order-1", _recorded(1), expected=1)

    def test_a_reused_id_is_a_conflict(self, store: Store) -> None:
        event = make(1, recorded_us=5)
        store.append("order-1", [event, make(recorded_us=7)], expected=0)
        with pytest.raises(EventIdReused):
            store.append("order-1", [make(2, event_id=event.id, recorded_us=6)], expected=2)

    @pytest.mark.parametrize("us", [limits.TIME_MIN_US - 1, limits.TIME_MAX_US + 1])
    def test_a_time_that_no_calendar_has_is_refused(self, store: Store, us: int) -> None:
        with pytest.raises(TimeInvalid):
            store.append("order-1", _recorded(us), expected=0)
