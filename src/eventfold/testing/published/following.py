"""What holds of a publication over time: whenever its writer ends, however late it comes, and beside others."""

from itertools import count
from typing import Any

import pytest

from eventfold.errors import OwnerFenced
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.testing.contract.crashing import CrashAt, Crashed, Watched
from eventfold.testing.published.memory import Memory, MemoryPublication
from eventfold.testing.published.world import World
from eventfold.testing.published.writing import OverAPlace


class FollowingContract(OverAPlace):
    """What holds of many writes."""

    def test_a_crash_at_any_step_is_made_good_by_the_next_publication(self, world: World) -> None:
        for at in count(1):
            for key in "abc":
                world.set(key, whole=at)
            world.take("b")
            world.fold()
            step = CrashAt(at)
            try:
                _publish(world, step)
                world.set("d", whole=at)
                world.take("c")
                world.fold()
                _publish(world, step)
                world.rebuild()
                _publish(world, step)
                step("end")
            except Crashed:
                world.set("e", whole=at)
                world.publish()
                self.assert_equal(world)
            else:
                self.assert_equal(world)
                assert at > 6
                return

    def test_a_state_that_was_lost_publishes_as_if_it_had_not_been(self, world: World) -> None:
        for key in "abc":
            world.set(key, whole=1)
        world.publish()
        world.take("a")
        world.state = world.states.fresh(world.layout, world.feed.start(), above=0)
        world.publish()
        self.assert_equal(world)

    def test_an_older_generation_publishes_nothing(self, world: World) -> None:
        world.set("a", whole=1)
        old = world.state
        world.fold()
        fresh = world.states.fresh(world.layout, world.feed.start())
        world.fold(fresh)
        Publisher(fresh, world.place(), world.feed).publish()
        with pytest.raises(OwnerFenced):
            Publisher(old, world.place(), world.feed).publish()
        assert sorted(self.rows_of(world.place(), world)) == ["a"]

    def test_a_place_that_comes_late_hears_of_every_row_that_went(self, world: World) -> None:
        quick = _quick(world)
        for key in "abc":
            world.set(key, whole=1)
        world.publish()
        world.publish(quick)
        for key in "ab":
            world.take(key)
            world.publish(quick)
        assert sorted(quick.read()) == ["c"]
        assert _writes(world) == ["merge"]
        self.assert_equal(world)

    def test_a_place_that_stays_away_for_too_long_is_written_anew(self, world: World) -> None:
        quick = _quick(world)
        for key in "abc":
            world.set(key, whole=1)
        world.publish()
        world.publish(quick)
        for key in "ab":
            world.take(key)
            world.publish(quick, keep=0.0)
        assert world.state.head().forgotten > 1
        assert _writes(world) == ["overwrite"]
        self.assert_equal(world)
        world.set("d", whole=1)
        world.fold()
        assert _writes(world) == ["merge"]
        self.assert_equal(world)

    def test_without_the_marks_a_row_that_went_would_stay(self, world: World) -> None:
        """The control: what is forgotten cannot be merged."""
        quick, place = _quick(world), world.place()
        for key in "ab":
            world.set(key, whole=1)
        world.publish(place)
        world.publish(quick)
        world.take("a")
        world.publish(quick, keep=0.0)
        on = place.head()
        assert on is not None
        with world.state.batches(0) as changed:  # all rows, as if nothing had been forgotten
            place.merge(on, changed.rows, changed.deleted, on.stamp)
        assert sorted(self.rows_of(place, world)) == ["a", "b"]
        assert sorted(world.wanted()) == ["b"]

    def test_a_place_that_keeps_the_past_has_each_version(self, world: World) -> None:
        place: Any = world.place()
        if not place.capabilities.past:
            assert not hasattr(place, "versions")
            return
        made = []
        for n in range(3):
            world.set("a", whole=n)
            made.append(world.publish())
        for n, version in enumerate(made):
            assert version is not None
            assert place.stamp(version.number).change == version.stamp.change
            assert place.rows(version.number).column("whole").to_pylist() == [n]
            assert bool(place.files(version.number)) is place.capabilities.files


def _publish(world: World, step: CrashAt) -> None:
    state: Any = Watched(world.state, "state", step)
    place: Any = Watched(world.place(), "place", step)
    Publisher(state, place, world.feed).publish()


def _quick(world: World) -> MemoryPublication:
    return MemoryPublication(Memory(), world.layout, world.store.log_id, "quick")


def _writes(world: World) -> list[str]:
    """Publishes, and tells how the place was written to."""
    step = CrashAt(0)
    place: Any = Watched(world.place(), "place", step)
    given: Publication = place
    world.publish(given)
    return [
        name for _, _, name in (one.partition(".") for one in step.passed) if name in {"merge", "overwrite"}
    ]
