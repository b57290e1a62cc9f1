"""Spark folds a table from the lake copy, by whole commits, with the cursors of the log and without the log."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

import eventfold as ef
from eventfold.engines.spark.sources.lakecopy import LakeCopySource
from eventfold.engines.spark.sources.log import COLUMNS
from eventfold.readmodels.open import open_copy
from eventfold.testing.making import make
from tests.doors.calling import eventfold
from tests.spark.shop import Shop

pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.fixture
def shop(session: "SparkSession", tmp_path: Path) -> Shop:
    return Shop(session, tmp_path)


def end(shop: Shop, total: int) -> "DataFrame":
    """A batch that ends where the copy has so many events."""
    return shop.session.createDataFrame([(str(total),)], "end STRING")


def test_a_table_is_folded_by_commits_while_the_log_is_away(shop: Shop) -> None:
    shop.note(0, 50)
    shop.copy()
    expected = shop.expected()
    log = Path(shop.log.removeprefix("sqlite:///"))
    log.rename(log.with_suffix(".away"))
    stood: list[int] = []
    job = shop.job(
        LakeCopySource(shop.lake),
        most=30,
        landed=lambda made: stood.append(made.stamp.cursor.marks["0"].position),
    )
    ran = job.run()
    log.with_suffix(".away").rename(log)
    assert (ran.events, stood) == (50, [24, 50])
    assert shop.published(job) == expected
    shop.note(50, 60)
    shop.copy()
    told = eventfold("-a", "tests.spark.shop:APP", "--lake", shop.lake, "spark", "run", "--from", "lake-copy")
    assert told.code == 0, told
    assert "boxes: 10 events in " in told.err
    assert shop.published(job) == shop.expected()


def test_killed_between_two_commits_or_given_again_nothing_is_doubled(shop: Shop) -> None:
    shop.note(0, 30)
    shop.copy()
    job = shop.job(LakeCopySource(shop.lake), landed=mock.Mock(side_effect=ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        job.batch(end(shop, 16), 0)
    job = shop.job(LakeCopySource(shop.lake))
    for total in (16, 8, 30, 30):
        job.batch(end(shop, total), 0)
    assert (job.events, job.batches) == (14, 1)
    assert shop.published(job) == shop.expected()


def test_between_two_borders_the_commit_is_cut_by_position(shop: Shop) -> None:
    shop.note(0, 21)
    with shop.opened() as live:
        live.catch_up()  # to 21, in the middle of a commit of the copy
    shop.note(21, 40)
    shop.copy()
    shop.hand_over()
    job = shop.job(LakeCopySource(shop.lake))
    job.batch(end(shop, 40), 0)
    assert job.events == 19
    assert shop.published(job) == shop.expected()


def test_a_commit_that_lacks_events_is_refused(shop: Shop) -> None:
    shop.note(0, 10)
    shop.copy()
    source = LakeCopySource(shop.lake)
    job = shop.job(source)
    rows = source._rows
    with (
        mock.patch.object(source, "_rows", lambda *given: rows(*given).where("position <> 5")),
        pytest.raises(ef.errors.CursorLost, match="9 events in its commits 1 to 2"),
    ):
        job.batch(end(shop, 10), 0)
    assert shop.published(job) == []


@pytest.mark.nightly
def test_a_copy_that_was_made_anew_with_other_borders_is_gone_on_with(shop: Shop) -> None:
    shop.note(0, 20)
    shop.copy()
    job = shop.job(LakeCopySource(shop.lake))
    assert job.run().events == 20
    shutil.rmtree(Path(shop.lake) / "events")
    shop.note(20, 30)
    shop.copy(events=13)
    job = shop.job(LakeCopySource(shop.lake))
    assert job.run().events == 10
    assert shop.published(job) == shop.expected()


def rows(frame: "DataFrame") -> list[dict[str, Any]]:
    return sorted(frame.toArrow().to_pylist(), key=lambda row: int(row["position"]))


def test_rows_of_the_copy_are_those_of_the_log(shop: Shop) -> None:
    with ef.open_store(shop.log) as store:
        many = [
            make(n, data={"n": n, "amount": "1.10"}, metadata='{"actor":"é"}', occurred_us=n)
            for n in range(5)
        ]
        store.append("box-1", [*many, make(schema_version=3)], expected=0)
        feed = store.feed()
        wanted = [
            row for batch in feed.arrow(feed.start(), feed.end(), COLUMNS.names) for row in batch.to_pylist()
        ]
    shop.copy()
    # files put together by others have rows of several commits
    shop.session.sql(f"OPTIMIZE delta.`{shop.lake}/events`")
    assert rows(LakeCopySource(shop.lake)._rows(shop.session, 0, 1)) == wanted


def test_what_cannot_be_read_is_told(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ef.errors.LogNotFound, match="eventfold run --once"):
        LakeCopySource(shop.lake)
    (tmp_path / "other").mkdir()
    other = Shop(shop.session, tmp_path / "other")
    other.note(0, 3)
    other.copy()
    shop.job()
    shutil.copytree(Path(other.lake) / "events", Path(shop.lake) / "events")
    with pytest.raises(ef.errors.ForeignCursor):
        shop.job(LakeCopySource(shop.lake))


def test_who_asks_for_the_copy_of_a_log_gets_no_other_one(shop: Shop) -> None:
    shop.note(0, 3)
    shop.copy()
    with ef.open_store(shop.log) as store:
        assert open_copy(shop.lake, None).log_id == store.log_id
