"""The streaming job takes each event once, whatever dies, and a table goes from engine to engine without a rebuild."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

import apsw
import pytest

import eventfold as ef
from eventfold.engines.spark import job as jobs
from eventfold.engines.spark import merging
from eventfold.engines.spark.settings import setting
from eventfold.engines.spark.sources.lakecopy import LakeCopySource
from eventfold.engines.spark.sources.port import Source
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.readmodels.publishing.publication import Prepared, Version
from eventfold.testing.making import make
from tests.spark.shop import Boxes, Shop, rows_of

pytest.importorskip("pyspark.sql")

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.fixture
def shop(session: "SparkSession", tmp_path: Path) -> Shop:
    return Shop(session, tmp_path)


def test_a_table_goes_from_engine_to_engine_and_back_without_a_rebuild(shop: Shop) -> None:
    shop.note(0, 60)
    with shop.opened() as live:
        live.catch_up()
    shop.note(60, 90)
    shop.hand_over()
    job = shop.job(most=20)
    ran = job.run()
    assert (ran.events, ran.batches, ran.position) == (30, 2, 90)
    assert shop.published(job) == shop.expected()
    shop.note(90, 120)
    with shop.opened("of a machine that has none") as live:
        live.table(Boxes).take_over()
        live.catch_up()
        assert live.verify().ok
        found = rows_of(live.table(Boxes).publication)
        assert live.table(Boxes).at(position=75).rows() is not None
    assert found == shop.expected()
    shop.note(120, 130)
    shop.hand_over()
    job = shop.job()
    assert job.run().events == 10
    assert shop.published(job) == shop.expected()


def test_a_table_that_spark_makes_is_folded_from_the_beginning(shop: Shop) -> None:
    shop.note(0, 50)
    job = shop.job(most=25)
    assert job.run().batches == 2
    assert shop.published(job) == shop.expected()
    assert job.run().events == 0


class Died(Exception):
    pass


def test_killed_between_the_two_commits_it_goes_on_without_a_repeat(shop: Shop) -> None:
    shop.note(0, 50)

    def die(_version: Version) -> None:
        raise Died

    job = shop.job(most=20, landed=die)
    for position in (20, 40):
        with pytest.raises(Exception, match="Died"):
            job.run()
        there = job.publication.head()
        assert there is not None
        assert there.stamp.cursor.marks["0"].position == position
    job = shop.job(most=20)
    assert job.run().events == 10
    assert shop.published(job) == shop.expected()


def test_other_borders_change_nothing(shop: Shop) -> None:
    shop.note(0, 50)
    job = shop.job()
    job.run()
    shop.note(50, 60)
    job = shop.job(most=7)
    ran = job.run()
    assert (ran.events, ran.batches) == (10, 2)
    assert shop.published(job) == shop.expected()


def end(shop: Shop, position: int) -> "DataFrame":
    """A batch that ends at a position."""
    with ef.open_store(shop.log) as store:
        return shop.session.createDataFrame([(store.feed().at_position(position).to_json(),)], "end STRING")


def test_the_same_batch_again_and_one_that_overlaps(shop: Shop) -> None:
    shop.note(0, 30)
    job = shop.job()
    job.batch(end(shop, 20), 0)
    job.batch(end(shop, 20), 0)
    job.batch(end(shop, 30), 1)
    job.batch(end(shop, 25), 1)
    assert (job.events, job.batches) == (30, 2)
    assert shop.published(job) == shop.expected()


def test_a_sum_that_may_leave_its_type_is_left_to_the_reference(shop: Shop) -> None:
    """Where the MERGE adds what comes to what is there, only it knows both."""
    with ef.open_store(shop.log) as store:
        for number in (4 * 10**15, 1, 4 * 10**15, 2):
            store.append("box-1", [make(data={"n": number})], expected=ef.ANY)
    job = shop.job(most=2)
    added: list[type[BaseException]] = []

    def watched(path: str, rows: Any, layout: Any, prepared: Prepared) -> None:
        try:
            merging.merge_parts(path, rows, layout, prepared)
        except merging.NotCertain as error:
            added.append(type(error))
            raise

    with mock.patch.object(jobs, "merge_parts", watched):
        assert job.run().events == 4
    assert added == [merging.NotCertain]
    assert shop.published(job) == shop.expected()


def test_no_event_comes_to_the_driver(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch brings there is one row for each type, each key in doubt, and each answer of a count."""
    shop.note(0, 200)
    brought: list[int] = []
    frame = type(end(shop, 200))

    def counting(brings: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: Any, *given: Any) -> Any:
            found = brings(self, *given)
            brought.append(len(found))
            return found

        return counted

    for name in ("collect", "toArrow", "toPandas"):
        monkeypatch.setattr(frame, name, counting(getattr(frame, name)))
    for name in ("toLocalIterator", "foreach", "foreachPartition"):
        monkeypatch.delattr(frame, name)
    job = shop.job()
    assert job.run().events == 200
    assert brought
    assert max(brought) < 7
    monkeypatch.undo()
    assert shop.published(job) == shop.expected()


def brought_to_the_end(shop: Shop, source: Callable[[], Source]) -> bool:
    """Restores the table to half of the log, which moves no more, and starts a job; whether it has all then."""
    shop.note(0, 10)
    shop.copy()
    shop.job(source()).run()
    kept = shutil.copytree(Path(shop.lake) / Boxes.spec.name, shop.folder / "kept")
    shop.note(10, 20)
    shop.copy()
    assert shop.job(source()).run().position == 20
    shutil.rmtree(Path(shop.lake) / Boxes.spec.name)
    shutil.copytree(kept, Path(shop.lake) / Boxes.spec.name)
    job = shop.job(source())
    return job.run().position == 20 and shop.published(job) == shop.expected()


SOURCES: dict[str, Callable[[Shop], Source]] = {
    "store": lambda shop: StoreSource(shop.log),
    "lake-copy": lambda shop: LakeCopySource(shop.lake),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_table_that_was_restored_is_brought_to_the_end_by_the_next_start(shop: Shop, name: str) -> None:
    assert brought_to_the_end(shop, lambda: SOURCES[name](shop))
    assert not list((shop.folder / "checkpoints").glob("boxes/1/*"))


def test_a_checkpoint_that_outlives_its_start_would_leave_it_behind(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.TableJob, "forget", lambda _: None)
    monkeypatch.setattr(jobs, "uuid4", mock.Mock(return_value=UUID(int=0)))
    assert not brought_to_the_end(shop, lambda: StoreSource(shop.log))


def tampered(shop: Shop, statement: str, *values: int) -> None:
    """As somebody might who has the file, and not the rules that it keeps."""
    with closing(apsw.Connection(shop.log.removeprefix("sqlite:///"))) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(statement, values)


def test_a_log_with_a_hole_is_refused(shop: Shop) -> None:
    shop.note(0, 30)
    job = shop.job()
    tampered(shop, "DELETE FROM events WHERE position = 7")
    with pytest.raises(Exception, match="do not read back"):
        job.batch(end(shop, 30), 0)
    assert shop.published(job) == []


def test_a_log_that_was_swapped_is_refused(shop: Shop) -> None:
    shop.note(0, 10)
    job = shop.job()
    job.batch(end(shop, 5), 0)
    there, ten = shop.published(job), end(shop, 10)
    for position in (10, 5):  # where the batch ends, and where the table stands
        tampered(shop, "UPDATE events SET event_id = randomblob(16) WHERE position = ?", position)
        with pytest.raises(ef.errors.ForeignCursor):
            job.batch(ten, 1)
    assert shop.published(job) == there


def test_of_two_jobs_one_lands_each_batch(shop: Shop) -> None:
    shop.note(0, 20)
    slow, quick = shop.job(), shop.job()
    merge = merging.merge_parts

    def after_the_other(path: str, rows: Any, layout: Any, prepared: Prepared) -> None:
        with mock.patch.object(jobs, "merge_parts", merge):
            quick.batch(end(shop, 20), 0)
        merge(path, rows, layout, prepared)

    with (
        mock.patch.object(jobs, "merge_parts", after_the_other),
        pytest.raises(ef.errors.StaleCursor),
    ):
        slow.batch(end(shop, 10), 0)
    slow.batch(end(shop, 20), 0)
    assert (slow.events, quick.events) == (0, 20)
    assert shop.published(slow) == shop.expected()


def test_a_commit_whose_stamp_was_set_on_another_session_is_noticed_and_nobody_goes_on_from_it(
    shop: Shop,
) -> None:
    """Spark takes such a MERGE without a word, fence and stamp left out."""
    shop.note(0, 20)
    job = shop.job()
    other = shop.session.newSession()
    with (
        mock.patch.object(merging, "setting", lambda _session, values: setting(other, values)),
        pytest.raises(ef.errors.StaleCursor),
    ):
        job.batch(end(shop, 20), 0)
    with pytest.raises(ef.errors.CursorLost, match="no stamp"):
        job.batch(end(shop, 20), 0)
    with shop.opened() as live:
        live.table(Boxes).take_over(rebuild=True)
    assert rows_of(job.publication) == shop.expected()


def test_without_the_fence_the_slower_one_brings_old_rows_back(shop: Shop) -> None:
    """The control: the same race, and the commit of the slower one records another transaction."""
    shop.note(0, 20)
    slow, quick = shop.job(), shop.job()
    merge = merging.merge_parts

    def after_the_other(path: str, rows: Any, layout: Any, prepared: Prepared) -> None:
        with mock.patch.object(jobs, "merge_parts", merge):
            quick.batch(end(shop, 20), 0)
        unfenced = Prepared(prepared.on, prepared.stamp, f"{prepared.application}/other", 1)
        merge(path, rows, layout, unfenced)

    with mock.patch.object(jobs, "merge_parts", after_the_other):
        slow.batch(end(shop, 10), 0)
    assert (slow.events, quick.events) == (10, 20)
    assert shop.published(slow) != shop.expected()


def test_what_another_engine_has_is_refused(shop: Shop) -> None:
    shop.note(0, 10)
    with shop.opened() as live:
        live.catch_up()
    with pytest.raises(ef.errors.EngineFenced, match="take-over boxes --engine spark"):
        shop.job()
    shop.hand_over()
    job = shop.job()
    shop.embedded()
    shop.note(10, 20)
    with pytest.raises(ef.errors.EngineFenced):
        job.batch(end(shop, 20), 0)
    assert rows_of(job.publication) != shop.expected()
    with shop.opened() as live:
        live.catch_up()
        assert live.verify().ok
    assert rows_of(job.publication) == shop.expected()


def test_parked_streams_and_skips_go_with_the_table(shop: Shop) -> None:
    shop.note(0, 20)
    with ef.open_store(shop.log) as store:
        store.append("box-1", [make(data={"n": "many"}), make(data={"n": 5})], expected=ef.ANY)
    job = shop.job(most=21)
    assert job.run().parked == 1
    with shop.opened() as live:
        table = live.table(Boxes)
        table.take_over()
        (waiting,) = table.parked().values()
        assert (waiting.stream, waiting.code) == ("box-1", "value-unfit")
        table.skip("box-1", reason="a test")
        live.catch_up()
    shop.note(20, 40)
    shop.hand_over()
    job = shop.job()
    assert job.run().parked == 0
    with shop.opened() as live:
        live.table(Boxes).take_over()
        live.catch_up()
        assert live.verify().ok
