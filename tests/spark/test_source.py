"""The log as a source of Spark gives every event once, whatever ranges, batches and restarts it is read in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eventfold import open_store
from eventfold.engines.spark.registering import register
from eventfold.engines.spark.sources.log import COLUMNS, EventfoldSource
from eventfold.testing.making import make

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.fixture
def log(tmp_path: Path) -> str:
    return write(f"sqlite:///{tmp_path / 'log.db'}", 0, 25)


def write(url: str, first: int, last: int) -> str:
    with open_store(url) as store:
        for n in range(first, last):
            store.append(f"box-{n}", [make(n), make(n)], expected=0)
    return url


@pytest.fixture
def spark(session: "SparkSession") -> "SparkSession":
    session.dataSource.register(EventfoldSource)
    return session


def expected(url: str) -> list[dict[str, Any]]:
    with open_store(url) as store:
        feed = store.feed()
        batches = feed.arrow(feed.start(), feed.end(), COLUMNS.names)
        return [row for batch in batches for row in batch.to_pylist()]


def rows(frame: "DataFrame") -> list[dict[str, Any]]:
    return sorted(frame.toArrow().to_pylist(), key=lambda row: int(row["position"]))


@pytest.mark.parametrize("ranges", [1, 3, 1000])
def test_a_read_gives_every_event_in_any_ranges(spark: "SparkSession", log: str, ranges: int) -> None:
    frame = spark.read.format("eventfold").option("log", log).option("ranges", str(ranges)).load()
    assert rows(frame) == expected(log)


def test_an_empty_log_has_no_event(spark: "SparkSession", tmp_path: Path) -> None:
    url = write(f"sqlite:///{tmp_path / 'empty.db'}", 0, 0)
    assert rows(spark.read.format("eventfold").option("log", url).load()) == []


def run(spark: "SparkSession", url: str, place: Path, most: int) -> list[int]:
    """Reads what is there and ends; returns how many events each batch had."""
    stream = spark.readStream.format("eventfold").option("log", url).option("most", str(most)).load()
    query = (
        stream.writeStream.format("parquet")
        .option("checkpointLocation", str(place / "checkpoint"))
        .trigger(availableNow=True)
        .start(str(place / "out"))
    )
    query.awaitTermination()
    return [progress["numInputRows"] for progress in query.recentProgress if progress["numInputRows"]]


def test_a_stream_ends_with_everything_in_capped_batches_and_goes_on_where_it_stood(
    spark: "SparkSession", log: str, tmp_path: Path
) -> None:
    assert run(spark, log, tmp_path, 20) == [20, 20, 10]
    assert rows(spark.read.parquet(str(tmp_path / "out"))) == expected(log)
    assert run(spark, log, tmp_path, 20) == []
    write(log, 25, 30)
    assert run(spark, log, tmp_path, 1000) == [10]
    assert rows(spark.read.parquet(str(tmp_path / "out"))) == expected(log)


def test_another_log_under_the_same_name_is_refused(spark: "SparkSession", log: str, tmp_path: Path) -> None:
    run(spark, log, tmp_path, 20)
    for file in tmp_path.glob("log.db*"):
        file.unlink()
    write(log, 0, 40)
    with pytest.raises(Exception, match="ForeignCursor"):
        run(spark, log, tmp_path, 20)
    assert len(rows(spark.read.parquet(str(tmp_path / "out")))) == 50


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs the URL"),
        ({"log": "sqlite://"}, "every worker can open"),
        ({"log": "sqlite:////nowhere/log.db"}, "nowhere"),
        ({"ranges": "0"}, "ranges"),
        ({"most": "many"}, "most"),
    ],
)
def test_options_that_cannot_be_are_told(
    spark: "SparkSession", log: str, options: dict[str, str], said: str
) -> None:
    given = options if "log" in options or not options else {"log": log, **options}
    with pytest.raises(Exception, match=said):
        spark.read.format("eventfold").options(**given).load().count()


def test_a_second_session_of_a_process_reads_too(spark: "SparkSession", log: str) -> None:
    """As two notebooks on a cluster have them; Spark refuses the second what the active one knows."""
    names = []
    for session in (spark, spark.newSession(), spark.newSession()):
        names += [register(session, EventfoldSource) for _ in range(2)]
        assert rows(session.read.format(names[-1]).option("log", log).load()) == expected(log)
    assert names == ["eventfold"] * 2 + ["eventfold-2"] * 4
    with pytest.raises(Exception, match="DATA_SOURCE_ALREADY_EXISTS"):
        spark.newSession().dataSource.register(EventfoldSource)
