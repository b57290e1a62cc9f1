"""Every publication passes the contract, and one that breaks a promise does not."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.publishing.publication import Publication, Stamp, Version
from eventfold.testing.publication_contract import PublicationContract
from eventfold.testing.published.memory import Memory, MemoryPublication
from eventfold.testing.published.world import OpenPlace, Rows, World


def in_lake(lake: str) -> OpenPlace:
    return lambda name, layout, log_id: DeltaPublication(open_place(lake, name), layout, log_id)


class TestDelta(PublicationContract):
    examples = 5

    @pytest.fixture
    def open_place(self, tmp_path: Path) -> OpenPlace:
        return in_lake(str(tmp_path))

    def rows_of(self, place: Publication, world: World) -> Rows:
        assert isinstance(place, DeltaPublication)
        found = place.rows(max(place.versions()))
        assert found is not None
        shown = found.select([slot.name for _, slot in world.layout.shown])
        return {row["thing"]: row for row in shown.to_pylist()}


@pytest.mark.slow
class TestDeltaInAnObjectStore(TestDelta):
    examples = 1

    @pytest.fixture
    def open_place(self, address: str) -> OpenPlace:
        return in_lake(address)

    @pytest.mark.nightly  # some thirty publications, each by a place that is opened anew
    def test_a_crash_at_any_step_is_made_good_by_the_next_publication(self, world: World) -> None:
        super().test_a_crash_at_any_step_is_made_good_by_the_next_publication(world)


class InMemory(PublicationContract):
    made: type[MemoryPublication] = MemoryPublication

    @pytest.fixture
    def open_place(self) -> OpenPlace:
        places: dict[str, Memory] = {}
        return lambda name, layout, log_id: self.made(places.setdefault(name, Memory()), layout, log_id)

    def rows_of(self, place: Publication, world: World) -> Rows:
        assert isinstance(place, MemoryPublication)
        shown = [slot.name for _, slot in world.layout.shown]
        return {key: {name: row[name] for name in shown} for key, row in place.read().items()}


class TestMemory(InMemory):
    pass


class NeverDeletes(MemoryPublication):
    def merge(self, on: Version, rows: Any, deleted: Any, *stamp: Any) -> Version:
        return super().merge(on, rows, (), *stamp)


class LooksAtNothing(MemoryPublication):
    def merge(self, on: Version, rows: Any, deleted: Any, *stamp: Any) -> Version:
        return super().merge(self._memory.version or on, rows, deleted, *stamp)


class MergesAll(MemoryPublication):
    """In the place of an overwrite."""

    def overwrite(self, on: Version | None, rows: Any, *stamp: Any) -> Version:
        if on is None:
            return super().overwrite(on, rows, *stamp)
        return super().merge(on, rows, (), *stamp)


class TakesHalf(MemoryPublication):
    """Of rows that cannot be read to the end."""

    def _write(self, on: Version | None, kept: Any, rows: Any, deleted: Any, stamp: Stamp) -> Version:
        batches: Any = []
        with suppress(Exception):  # the fault that is shown
            batches.extend(rows)
        return super()._write(on, kept, batches, deleted, stamp)


class ForgetsTheStamp(MemoryPublication):
    """Of a version without rows."""

    def merge(self, on: Version, rows: Any, deleted: Any, stamp: Stamp, *left_out: Any) -> Version:
        batches: Any = [batch for batch in rows if batch.num_rows]
        if not batches and not deleted:
            return on
        return super().merge(on, batches, deleted, stamp, *left_out)


class TakesEveryLog(MemoryPublication):
    def head(self) -> Version | None:
        return self._memory.version


Broken = tuple[type[MemoryPublication], Callable[[InMemory, World], None]]
BROKEN: list[Broken] = [
    (NeverDeletes, InMemory.test_rows_that_change_and_go_are_one_version),
    (
        LooksAtNothing,
        lambda suite, world: suite.test_of_two_writers_on_one_version_one_writes(world, "merge"),
    ),
    (MergesAll, InMemory.test_a_rebuilt_table_takes_the_place_of_all),
    (MergesAll, InMemory.test_a_place_that_stays_away_for_too_long_is_written_anew),
    (
        TakesHalf,
        lambda suite, world: suite.test_rows_that_cannot_be_read_to_the_end_write_nothing(world, first=True),
    ),
    (ForgetsTheStamp, InMemory.test_where_no_row_changes_the_stamp_moves_alone),
    (TakesEveryLog, InMemory.test_a_place_of_another_log_is_refused),
]


@pytest.mark.parametrize(("broken", "law"), BROKEN)
def test_a_publication_that_breaks_a_promise_fails(tmp_path: Path, broken: Any, law: Any) -> None:
    suite, memory = InMemory(), Memory()
    suite.made = broken
    world = World(tmp_path, lambda _, layout, log_id: broken(memory, layout, log_id), suite.spec())
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        law(suite, world)
    world.close()
