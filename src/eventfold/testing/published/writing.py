"""What a publication writes: rows of every type, one version at a time, onto the version that was looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold.errors import EventfoldError, ForeignCursor, StaleCursor, StorageFailed
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.publishing.publication import Publication, stamp_of
from eventfold.testing.making import make
from eventfold.testing.published.world import OpenPlace, Rows, World, things

HOSTILE: tuple[dict[str, object], ...] = (
    {},
    {"text": "", "whole": 0, "money": "0", "wide": "0", "share": 0.0, "flag": False, "raw": ""},
    {"text": "it's \"quoted\" %_\\ (a OR b) ' --", "whole": 2**63 - 1},
    {"whole": -(2**63), "money": "-9999999999999999.99", "wide": "99999999999999999999999999999999.999999"},
    {"money": "0.01", "wide": "-0.000001", "share": 1e308, "flag": True},
    {"at": "0001-01-01T00:00:00Z", "day": "0001-01-01"},
    {"at": "9999-12-31T23:59:59.999999Z", "day": "9999-12-31"},
    {"text": "审批 \U0001d11e Zoë ﬁ", "raw": "AP8="},
    {"text": "x" * 40_000},
)
KEYS = ("a", "ü b", "a/b", "a.b_c-d=", "'; DROP TABLE x; --", "審")


class OverAPlace:
    """The fixtures of every suite of publications; a place overrides `open_place` and `rows_of`."""

    examples = 25
    """How many generated histories a law is tried with."""

    @pytest.fixture
    def open_place(self) -> OpenPlace:
        """Opens the place under test; override it."""
        raise NotImplementedError("override the fixture open_place")

    def spec(self) -> TableSpec:
        """The table; a place that keeps only declared columns declares them."""
        return things()

    def rows_of(self, place: Publication, world: World) -> Rows:
        """The rows that the newest version has, by key, with the columns that the place keeps; override it."""
        raise NotImplementedError("override rows_of")

    @pytest.fixture
    def world(self, tmp_path: Path, open_place: OpenPlace) -> Iterator[World]:
        """A log, a state and the place."""
        world = World(tmp_path, open_place, self.spec())
        yield world
        world.close()

    def assert_equal(self, world: World, place: Publication | None = None) -> None:
        """What is published is what the state has, and its stamp says so.

        Raises:
            AssertionError: it is not.
        """
        opened, now = place or world.place(), world.state.head()
        head = opened.head()
        assert head is not None
        said = head.stamp
        assert (said.generation, said.change, said.cursor) == (now.generation, now.change, now.cursor)
        found, wanted = self.rows_of(opened, world), world.wanted()
        assert found.keys() == wanted.keys()
        for key, row in found.items():
            assert dict(row) == {name: wanted[key][name] for name in row}


class WritingContract(OverAPlace):
    """What holds of each write."""

    def test_nothing_is_there_at_first(self, world: World) -> None:
        assert world.place().head() is None
        assert world.place().lacks_files() is False

    def test_values_of_every_type_come_back(self, world: World) -> None:
        for at, fields in enumerate(HOSTILE):
            world.set(f"hostile-{at}", **fields)
        for key in KEYS:
            world.set(key, text=key)
        world.publish()
        self.assert_equal(world)
        for key in KEYS:
            world.set(key, whole=1, text="again")
        world.publish()
        self.assert_equal(world)
        for key in KEYS:
            world.take(key)
        world.publish()
        self.assert_equal(world)

    def test_rows_that_change_and_go_are_one_version(self, world: World) -> None:
        for key in "abcd":
            world.set(key, whole=1)
        first = world.publish()
        world.set("a", whole=2)
        world.take("b")
        world.set("e", whole=5)
        second = world.publish()
        assert first is not None
        assert second is not None
        assert second.number > first.number
        self.assert_equal(world)

    def test_a_key_that_came_and_went_between_two_versions_is_left_out(self, world: World) -> None:
        world.set("a", whole=1)
        world.publish()
        world.set("b", whole=1)
        world.take("b")
        world.publish()
        self.assert_equal(world)
        world.set("b", whole=2)
        world.publish()
        self.assert_equal(world)

    def test_where_no_row_changes_the_stamp_moves_alone(self, world: World) -> None:
        world.set("a", whole=1)
        world.publish()
        world.store.append("other-a", [make(event_type="Set", data={"whole": 2})], expected=0)
        world.publish()
        self.assert_equal(world)

    def test_nothing_new_is_no_version(self, world: World) -> None:
        world.set("a", whole=1)
        made = world.publish()
        assert world.publish() is None
        assert made is not None
        head = world.place().head()
        assert head is not None
        assert head.number == made.number

    def test_many_rows_come_in_many_batches(self, world: World) -> None:
        for n in range(1_500):
            world.set(f"n{n}", whole=n)
        world.publish()
        self.assert_equal(world)
        for n in range(0, 1_500, 2):
            world.take(f"n{n}")
        world.publish()
        self.assert_equal(world)

    @pytest.mark.parametrize("how", ["merge", "overwrite"])
    def test_of_two_writers_on_one_version_one_writes(self, world: World, how: str) -> None:
        world.set("a", whole=1)
        world.publish()
        one, two = world.place(), world.place()
        on, late = one.head(), two.head()
        assert on is not None
        assert late is not None
        world.set("b", whole=2)
        world.fold()
        stamp = stamp_of("things", world.state.head())
        with world.state.batches(on.stamp.change) as changed:
            one.merge(on, changed.rows, changed.deleted, stamp)
        world.set("c", whole=3)
        world.fold()
        with pytest.raises(StaleCursor), world.state.batches(0) as changed:
            newer = stamp_of("things", changed.head)
            if how == "merge":
                two.merge(late, changed.rows, changed.deleted, newer)
            else:
                two.overwrite(late, changed.rows, newer)
        assert sorted(self.rows_of(world.place(), world)) == ["a", "b"]
        world.publish()
        self.assert_equal(world)

    def test_a_place_of_another_log_is_refused(self, world: World) -> None:
        world.set("a", whole=1)
        world.publish()
        with pytest.raises(ForeignCursor):
            world.place("another log").head()
        self.assert_equal(world)

    @pytest.mark.parametrize("first", [True, False], ids=["overwrite", "merge"])
    def test_rows_that_cannot_be_read_to_the_end_write_nothing(self, world: World, *, first: bool) -> None:
        world.set("a", whole=1)
        world.publish()
        place = world.place()
        on = place.head()
        assert on is not None
        world.set("b", whole=1)
        world.fold()
        stamp = stamp_of("things", world.state.head())
        rows = pa.RecordBatchReader.from_batches(schema(world.layout), _breaking(world))
        with pytest.raises((EventfoldError, OSError, pa.ArrowException)):
            if first:
                place.overwrite(on, rows, stamp)
            else:
                place.merge(on, rows, ["a"], stamp)
        head = world.place().head()
        assert head is not None
        assert head.stamp == on.stamp
        assert sorted(self.rows_of(world.place(), world)) == ["a"]
        world.publish()
        self.assert_equal(world)

    def test_a_rebuilt_table_takes_the_place_of_all(self, world: World) -> None:
        for key in "abc":
            world.set(key, whole=1)
        world.publish()
        world.take("a")
        world.rebuild()
        made = world.publish()
        assert made is not None
        assert made.stamp.generation == world.state.head().generation
        self.assert_equal(world)

    def test_any_history_is_published_as_it_is(self, tmp_path: Path, open_place: OpenPlace) -> None:
        keys = st.sampled_from("abc")
        ops = st.lists(
            st.tuples(st.just("set"), keys, st.integers(0, 9))
            | st.tuples(st.just("take"), keys)
            | st.sampled_from([("publish",), ("rebuild",)]),
            max_size=12,
        )

        @settings(
            max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(histories=ops)
        def law(histories: list[tuple[Any, ...]]) -> None:
            world = World(tmp_path, open_place, self.spec())
            try:
                for what, *arguments in (*histories, ("publish",)):
                    if what == "set":
                        world.set(arguments[0], whole=arguments[1], text=str(arguments[1]))
                    elif what == "take":
                        world.take(arguments[0])
                    elif what == "rebuild":
                        world.fold()
                        world.rebuild()
                    else:
                        world.publish()
                        self.assert_equal(world)
            finally:
                world.close()

        law()


def _breaking(world: World) -> Iterator[pa.RecordBatch]:
    yield from world.state.changed(0).rows.to_batches()
    raise StorageFailed("The state has gone.")
