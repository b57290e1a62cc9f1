"""The copy as a feed: the contract of every feed, as far as one of borders promises; and what only the copy can do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold import Store, open_store
from eventfold.errors import CapabilityMissing, CheckpointBeyondHead, CursorLost, LogNotFound
from eventfold.feed.cursor import Token
from eventfold.feed.port import ARROW_COLUMNS, IRREGULAR
from eventfold.readmodels.lakecopy.feed import LakeFeed
from eventfold.testing.contract.feeding import FeedContract, by_partition
from eventfold.testing.copied import copied
from eventfold.testing.making import read_all
from eventfold.testing.partitioned import PartitionedStore
from tests.readmodels.lakecopy.lake import Lake


class TestCommitsOfTwo(FeedContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store("sqlite://") as store:
            yield copied(store, tmp_path, events=2)


@pytest.mark.nightly
class TestPartitionsInCommitsOfTwo(FeedContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store("sqlite://") as store:
            yield copied(PartitionedStore(store), tmp_path, events=2)


def test_it_gives_the_events_of_the_log_in_its_order(lake: Lake) -> None:
    lake.happen(23, streams=5)
    lake.copy(events=5)
    feed = LakeFeed(lake.table())
    for limit in (1, 7, 100):
        assert read_all(feed, limit=limit) == lake.events()
    columns = [*ARROW_COLUMNS, IRREGULAR]
    for after, to in ((0, 5), (5, 20), (0, 23)):
        ours, theirs = (
            [
                row
                for batch in one.arrow(one.at_position(after), one.at_position(to), columns)
                for row in batch.to_pylist()
            ]
            for one in (feed, lake.feed)
        )
        assert ours == theirs
        assert len(ours) == to - after


def test_a_cursor_of_the_copy_is_one_of_the_log(lake: Lake) -> None:
    lake.happen(9)
    lake.copy(events=4)
    lake.happen(3)
    feed = LakeFeed(lake.table())
    border = feed.end()
    lake.feed.check(border)
    assert lake.feed.lag(border) == 3
    assert [*read_all(feed), *read_all(lake.feed, border)] == lake.events()
    assert feed.before(lake.feed.end()) == border
    assert feed.before(lake.feed.at_position(7)) == lake.feed.at_position(4)
    with pytest.raises(CheckpointBeyondHead, match="eventfold run"):
        feed.read(lake.feed.end(), 1)


def test_streams_keep_their_order_across_a_split(tmp_path: Path) -> None:
    with open_store("sqlite://") as plain:
        store = PartitionedStore(plain, partitions=2)
        lake = Lake(tmp_path, store)
        lake.happen(20, streams=6)
        store.feed().split(store.feed().partitions()[0].name)
        lake.happen(20, streams=6)
        lake.copy(events=100)
        found = read_all(LakeFeed(lake.table()))
        for stream in {event.stream for event in found}:
            assert [e.version for e in found if e.stream == stream] == list(range(1, 1 + store.head(stream)))
        wanted = lake.events()
        assert by_partition(list(found)) == by_partition(list(wanted))


def test_without_a_copy_there_is_no_feed(lake: Lake) -> None:
    with pytest.raises(LogNotFound, match="eventfold run --once"):
        LakeFeed(lake.table())


def test_without_the_log_it_does_not_know_where_a_stream_belongs(lake: Lake) -> None:
    lake.copy()
    with pytest.raises(CapabilityMissing, match="--store"):
        LakeFeed(lake.table()).partition_of("box-1", ["0"])


def test_a_token_leads_to_the_border_that_has_the_append(lake: Lake) -> None:
    lake.happen(9)
    lake.copy(events=4)
    feed = LakeFeed(lake.table())
    for position, border in ((1, 4), (4, 4), (5, 8), (9, 9)):
        assert feed.at(Token(lake.store.log_id, {"0": position})) == lake.feed.at_position(border)
    with pytest.raises(CheckpointBeyondHead):
        feed.at(Token(lake.store.log_id, {"0": 10}))
    with pytest.raises(CapabilityMissing):
        feed.at(Token(lake.store.log_id, {}, {"box-1": "session"}))


def test_others_may_put_its_files_together(lake: Lake) -> None:
    lake.happen(23, streams=5)
    lake.copy(events=5)
    lake.delta().optimize.compact()
    feed = LakeFeed(lake.table())
    assert read_all(feed) == lake.events()
    assert read_all(feed, lake.feed.at_position(5)) == lake.events()[5:]


def test_fewer_events_than_the_stamps_say_are_no_answer(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.happen(8)
    lake.copy(events=4)
    feed, table = LakeFeed(lake.table()), lake.table()
    files = table.files(1, 1)
    monkeypatch.setattr(type(table), "files", lambda *_: files)
    with pytest.raises(CursorLost, match="whose stamps say 8"):
        read_all(feed)
