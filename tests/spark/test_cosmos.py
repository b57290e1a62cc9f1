"""Spark folds a table from the change feed of Cosmos DB, through splits and whatever comes late."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

import eventfold as ef
from eventfold.engines.port import From
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.open import open_source
from eventfold.engines.spark.sources.ranges import LogEnds
from eventfold.engines.spark.sources.translated import own
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.port import Feed
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make
from tests.spark.pairs import said
from tests.spark.shop import Shop

pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_numbers = count()


@pytest.fixture(scope="module")
def account() -> Iterator[StandIn]:
    """Its key stands in the environment that Spark was started with, so that workers sign in too."""
    with StandIn(partitions=2, key=os.environ["EVENTFOLD_COSMOS_KEY"]) as found:
        yield found


class CosmosShop(Shop):
    def __init__(self, session: "SparkSession", folder: Path, account: StandIn) -> None:
        self.account, self.database = account, f"shop{next(_numbers)}"
        self.url = account.url(self.database)
        super().__init__(session, folder, log=self.url)

    def split(self) -> None:
        """The largest range."""
        ranges = self.account.ranges(self.database, "events")
        widest = max(
            ranges, key=lambda one: int(one[2].ljust(8, "0")[:8], 16) - int(one[1].ljust(8, "0")[:8], 16)
        )
        self.account.split(self.database, "events", widest[0])


@pytest.fixture
def shop(session: "SparkSession", tmp_path: Path, account: StandIn) -> Iterator[CosmosShop]:
    yield CosmosShop(session, tmp_path, account)
    account.lag(0)


def by_name(feed: Feed, known: dict[str, Mark]) -> int:
    """The control: who notes how far it has come under the name of a range, and begins with those it does not know."""
    number = 0
    for partition in feed.partitions():
        page = feed.read(Cursor(feed.log_id, {partition.name: known.get(partition.name, Mark())}), 1_000)
        known |= page.cursor.marks
        number += len(page.events)
    return number


def test_ranges_split_between_batches_and_each_event_comes_once(shop: CosmosShop) -> None:
    known: dict[str, Mark] = {}
    taken = []
    with ef.open_store(shop.log) as store:
        for first, last in ((0, 20), (20, 40), (40, 45)):
            if first:
                shop.split()
            shop.note(first, last)
            job = shop.job(open_source(None, store=shop.log, lake=shop.lake))
            if first == 20:
                job.run()
            else:  # starts no stream, which takes long
                job.batch(end(shop), 0)
            taken.append((job.events, by_name(store.feed(), known)))
    assert [events for events, _ in taken] == [20, 20, 5]
    assert sum(number for _, number in taken) > 45
    assert shop.published(job) == shop.expected()


def end(shop: CosmosShop) -> "DataFrame":
    """A batch that ends where the log does."""
    with ef.open_store(shop.log) as store:
        return shop.session.createDataFrame([(store.feed().end().to_json(),)], "end STRING")


@pytest.mark.nightly
def test_killed_between_two_commits_or_given_again_nothing_is_doubled(shop: CosmosShop) -> None:
    shop.note(0, 20)
    source = open_source("store", store=shop.log, lake=shop.lake)
    job = shop.job(source, landed=mock.Mock(side_effect=ZeroDivisionError))
    first = end(shop)
    with pytest.raises(ZeroDivisionError):
        job.batch(first, 0)
    shop.split()
    job = shop.job(source)
    job.batch(first, 0)
    shop.note(20, 30)
    second = end(shop)
    shop.note(30, 35)
    job.batch(second, 1)
    job.batch(first, 0)
    assert (job.events, job.batches) == (10, 1)
    job.batch(end(shop), 0)
    assert (job.events, job.batches) == (15, 2)
    assert shop.published(job) == shop.expected()


class Came(ef.Event):
    to: str
    n: int


class Places(ef.Table, name="places"):
    """Its key spans streams."""

    place = ef.key(Came.to)
    earliest = ef.first(Came.n)
    latest = ef.last(Came.n)
    seen = ef.count()


LATE = ef.App("late", tables=[Places], events=[Came])


def published(job: TableJob) -> list[dict[str, Any]]:
    found = job.publication.rows(max(job.publication.versions()))
    assert found is not None
    return list(found.to_pylist())


def test_events_that_come_late_take_their_place(shop: CosmosShop) -> None:
    def came(stream: str, n: int) -> None:
        with ef.open_store(shop.log) as store:
            store.append(stream, [make(event_type="Came", data={"to": "here", "n": n})], expected=ef.ANY)

    with ef.open_store(shop.log) as store:
        feed, names = store.feed(), [f"box-{n}" for n in range(20)]
        parts = [p.name for p in feed.partitions()]
        slow, quick = (next(n for n in names if feed.partition_of(n, parts) == part) for part in parts)
    came(slow, 1)
    for n in (2, 3, 4):
        came(quick, n)
    shop.account.lag(1)  # each range lacks its newest transaction
    job = TableJob(
        shop.session,
        Places.spec,
        LATE.registry,
        source=open_source(None, store=shop.log, lake=shop.lake),
        lake=shop.lake,
        checkpoints=str(shop.folder / "checkpoints"),
    )
    job.batch(end(shop), 0)
    (before,) = published(job)
    assert (before["earliest"], before["latest"], before["seen"]) == (2, 3, 2)
    shop.account.lag(0)
    job.batch(end(shop), 1)
    (after,) = published(job)
    assert (after["earliest"], after["latest"], after["seen"]) == (1, 4, 4)
    # the control: who takes them in the order in which they came keeps the first that it saw
    assert before["earliest"] != after["earliest"]


def go(shop: CosmosShop, place: str, *, is_first: bool) -> str:
    """Takes the table to a place with some more events; what the page should say of that."""
    shop.note(0, 5)
    if place == "embedded on the log":
        shop.embedded()
        return "done"
    if not is_first:
        shop.hand_over()
    which: From
    if place == "Spark on the lake copy":
        shop.copy()
        which, batch = "lake-copy", shop.session.createDataFrame([("1000",)], "end STRING")
    else:
        which, batch = "store", end(shop)
    try:
        job = shop.job(open_source(which, store=shop.log, lake=shop.lake))
    except ef.errors.CursorInvalid as error:
        return "rebuild" if "eventfold rebuild" in error.message else error.message
    stood = job.publication.head()
    assert stood is not None
    job.batch(batch, 0)
    return "done" if own(stood.stamp.cursor) == stood.stamp.cursor else "translated"


def test_each_pair_of_places_does_what_the_page_says(shop: CosmosShop) -> None:
    log, spark, lake = "embedded on the log", "Spark on the log", "Spark on the lake copy"
    pairs: dict[tuple[str, str], str] = {}
    ways = (lake, lake, spark, lake, spark, log, lake, log, spark), (lake, log)
    for n, way in enumerate(ways):
        shop.lake, shop.state = str(shop.folder / f"lake{n}"), f"state{n}"
        stands = ""
        for place in way:
            found = go(shop, place, is_first=not stands)
            if stands:
                pairs[stands, place] = found
            if found == "done":
                stands = place
        assert shop.standing() == shop.expected(), way
    assert pairs == said("ranges")


def test_where_nothing_has_come_there_is_no_batch(shop: CosmosShop) -> None:
    shop.note(0, 5)
    with ef.open_store(shop.log) as store:
        feed = store.feed()
        page = feed.read(feed.start(), 100)
        ends = LogEnds({"log": shop.log, "begun": page.cursor.to_json()}).ends()
        assert page.cursor != feed.end()  # other text of the same place
    assert ends.next(ends.start(), None, 9) == ends.start()
    assert ends.next(ends.start(), ends.now(), 9) == ends.start()
