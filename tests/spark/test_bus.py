"""Spark folds a table from a topic: each event of the log once and in its order, whatever stands there twice."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import eventfold as ef
from eventfold.engines.spark.sources.bus import BusSource
from eventfold.engines.spark.sources.log import COLUMNS
from eventfold.engines.spark.sources.messages import DOUBT, EVENT, KIND, TOLD, classified, settled
from eventfold.testing.making import make
from tests.bus.making import make_topic
from tests.bus.sharing import Shared
from tests.spark.shop import APP
from tests.spark.test_job import brought_to_the_end
from tests.spark.topics import TopicShop

f = pytest.importorskip("pyspark.sql.functions")

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Open = Callable[..., TopicShop]
_numbers = count()


@pytest.fixture
def shop(session: "SparkSession", tmp_path: Path, kafka: Shared) -> Open:
    def made(partitions: int = 2) -> TopicShop:
        topic = make_topic(kafka.plain, f"spark-{next(_numbers)}", partitions)
        return TopicShop(session, tmp_path, kafka.plain, topic, partitions)

    return made


def test_messages_become_the_columns_of_the_log(shop: Open) -> None:
    here = shop()
    within = {"x": ',"metadata":{"schemaVersion":1}}', "y": 1, "metadata": {"schemaVersion": 1}}
    with ef.open_store(here.log) as store:
        plain = [make(n, metadata='{"actor":"é","exactly":1.10}', occurred_us=n) for n in range(3)]
        store.append("box-1", [make(1, data={"n": "1.10"}), *plain, make(schema_version=3)], expected=0)
        store.append("box-äß", [make(event_type="SRM: Created (2)")], expected=0)
        doubtful = [
            make(data=within),
            make(metadata='{"exact":{"a":1}}'),
            make(metadata='{"a":{"metadata":{"schemaVersion":2}}}'),
        ]
        store.append('box-"2"', [make(2)], expected=0)
        store.append("box-3", doubtful, expected=0)
        feed = store.feed()
        wanted = [
            row for batch in feed.arrow(feed.start(), feed.end(), COLUMNS.names) for row in batch.to_pylist()
        ]
    here.relay()
    first = here.messages(here.events())[0]
    here.send([first._replace(headers=[]), first._replace(value=b"{}")])
    rows = classified(here.records(), here.log_id, 2).persist()
    kinds = {row[0]: row[1] for row in rows.groupBy(KIND).count().collect()}
    assert (kinds[EVENT], kinds[DOUBT], kinds[TOLD] >= 2) == (7, 3 + 2, True)
    found = settled(rows, "t", here.log_id, 2).where(f.col(KIND) == EVENT).select(*COLUMNS.names)
    assert rows_of(found) == wanted
    rows.unpersist()
    here.topic = make_topic(here.client, f"{here.topic}-structured", 2)
    here.relay(is_structured=True)
    rows = settled(classified(here.records(), here.log_id, 2), "t", here.log_id, 2)
    assert rows_of(rows.where(f.col(KIND) == EVENT).select(*COLUMNS.names)) == wanted


def rows_of(frame: "DataFrame") -> list[dict[str, Any]]:
    return sorted(frame.toArrow().to_pylist(), key=lambda row: int(row["position"]))


def test_a_table_follows_a_topic_in_which_much_stands_twice(shop: Open) -> None:
    here = shop()
    here.note(0, 40)
    here.relay(page=10)
    here.send(here.messages(here.events()[:30]))  # as of a relay that had no acknowledgement
    here.note(40, 50)
    here.relay()
    (ran,) = APP.on_spark(here.log, lake=here.lake, bus=here.bus).run(most=60)
    assert (ran.events, ran.position) == (50, 50)
    assert ran.batches > 1
    job = here.job(here.source())
    assert here.published(job) == here.expected()
    # the control: a sum over messages as they come
    rows = classified(here.records(), here.log_id, 2).where(f.col(KIND) == EVENT)
    summed = rows.where("type = 'Noted'").agg(f.sum(f.get_json_object("data", "$.n").cast("bigint")))
    assert summed.first()[0] > sum(n for n in range(50) if n % 23 != 22)


def test_a_table_that_was_restored_is_brought_to_the_end_by_the_next_start(shop: Open) -> None:
    here = shop(1)

    def source() -> BusSource:
        here.relay()
        return here.source()

    assert brought_to_the_end(here, source)


def test_what_waits_for_the_relay_is_read_again_and_what_was_taken_back_never(shop: Open) -> None:
    here = shop()
    here.note(0, 20)
    events = here.events()
    messages = here.messages(events)
    here.send([*messages, here.told(events[19], 0), here.told(events[8], 1)])
    here.send([one._replace(key=b"x") for one in messages[15:]], aborted=True)
    job = here.job(here.source())
    assert job.run().position == 9
    here.send([here.told(events[14], 1)])
    job.batch(here.records(), 0)  # other borders, and all of it once more
    assert job.events == 9 + 6
    here.send([here.told(events[19], 1)])
    assert job.run().position == 20
    assert here.published(job) == here.expected()


def test_what_a_topic_lacks_is_told(shop: Open) -> None:
    here = shop(1)
    here.note(0, 10)
    events = here.events()
    messages = here.messages(events)
    here.send([*messages[:4], *messages[5:], here.told(events[9], 0)])
    job = here.job(here.source())
    with pytest.raises(ef.errors.FeedBroken, match="position 10"):
        job.batch(here.records(), 0)
    assert here.published(job) == []


def test_what_it_has_forgotten_is_told(shop: Open) -> None:
    here = shop(1)
    here.note(0, 10)
    events = here.events()
    here.send([*here.messages(events)[4:], here.told(events[9], 0)])
    job = here.job(here.source())
    with pytest.raises(ef.errors.CursorExpired, match="eventfold rebuild boxes"):
        job.batch(here.records(), 0)
