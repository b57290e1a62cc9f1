"""The partitioned test feed keeps the contract of stores, through splits as well; one that loses an event is seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold import ANY, Cursor, RecordedEvent, Store, open_store
from eventfold.errors import CapabilityMissing, ForeignCursor, TimeInvalid
from eventfold.feed.cursor import read_cursor
from eventfold.testing.contract.feeding import FeedContract
from eventfold.testing.making import make, read_all
from eventfold.testing.partitioned import PartitionedFeed, PartitionedStore
from eventfold.testing.partitioned.nodes import Node
from eventfold.testing.store_contract import OpenStore, SharedFeedContract, StoreContract


class Divided(StoreContract, SharedFeedContract):
    partitions: int

    @pytest.fixture
    def open_it(self, tmp_path: Path) -> OpenStore:
        return lambda: PartitionedStore(open_store(f"sqlite:///{tmp_path}/log.db"), self.partitions, seed=7)

    def test_where_positions_are_ordered_no_time_decreases_along_them(self, store: Store) -> None:
        """Stricter than its feed: the log that is divided has a total order of its own."""
        store.append("order-1", [make(recorded_us=10)], expected=0)
        with pytest.raises(TimeInvalid):
            store.append("order-2", [make(recorded_us=5)], expected=0)


class TestOnePartition(Divided):
    partitions = 1


class TestFourPartitions(Divided):
    partitions = 4


class TestAfterSplits(FeedContract, SharedFeedContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = PartitionedStore(open_store("sqlite://"), 2, seed=3)
        for partition in ("0", "1", "0.0", "1.1"):
            store.feed().split(partition)
        yield store
        store.close()


STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "read", "split"]), st.integers(0, 9)), min_size=5, max_size=60
)


def follow(steps: list[tuple[str, int]], seed: int) -> tuple[list[RecordedEvent], list[RecordedEvent]]:
    """What a follower saw, and what is in the log, after appends, reads and splits in any order."""
    store = open_store("sqlite://")
    feed = PartitionedFeed(store.feed(), 3, seed=seed)
    cursor, seen = feed.start(), list[RecordedEvent]()
    for what, n in steps:
        if what == "append":
            store.append(f"box-{n}", [make(n), make(n)], expected=ANY)
        elif what == "split":
            partitions = feed.partitions()
            feed.split(partitions[n % len(partitions)].name)
        else:
            page = feed.read(cursor, n + 1)
            seen += page.events
            before, cursor = cursor, read_cursor(page.cursor.to_json())
            assert feed.compare(before, cursor) in {"before", "equal"}
            assert feed.lag(before) == (feed.lag(cursor) or 0) + len(page.events)
    seen += read_all(feed, cursor, limit=4)
    everything = read_all(store.feed())
    store.close()
    return seen, everything


def holds(seen: list[RecordedEvent], everything: list[RecordedEvent]) -> bool:
    """Every event once, every stream in its order."""
    streams = {event.stream for event in everything}
    in_order = all(
        [e.version for e in seen if e.stream == s] == [e.version for e in everything if e.stream == s]
        for s in streams
    )
    return in_order and sorted(e.id for e in seen) == sorted(e.id for e in everything)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_through_any_splits_a_follower_sees_every_event_once_and_in_order(
    steps: list[tuple[str, int]], seed: int
) -> None:
    seen, everything = follow(steps, seed)
    assert holds(seen, everything)


def test_a_stream_belongs_to_a_partition_of_now_and_to_what_that_came_from() -> None:
    store = open_store("sqlite://")
    feed = PartitionedFeed(store.feed(), 2)
    earlier = feed.start().marks
    feed.split("0")
    feed.split("0.1")
    now = feed.end().marks
    streams = [f"box-{n}" for n in range(40)]
    for stream in streams:
        store.append(stream, [make(1)], expected=0)
    parents = {feed.partition_of(stream, now): feed.partition_of(stream, earlier) for stream in streams}
    assert parents == {"0.0": "0", "0.1.0": "0", "0.1.1": "0", "1": "1"}
    assert all(event.partition == feed.partition_of(event.stream, now) for event in read_all(feed))
    store.close()


def test_a_feed_that_loses_what_stood_before_a_split_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [("append", n) for n in range(10)] + [("split", 0), ("split", 1)]
    assert holds(*follow(steps, 1))
    original = PartitionedFeed._descended

    def hasty(self: PartitionedFeed, cursor: Cursor) -> Cursor:
        """Goes on in the children before the parent is read to its end."""
        marks = {
            name: mark
            for node in self._nodes()
            for name, mark in (
                [(child.name, child.mark(child.base)) for child in node.children]
                if node.children and node.name in cursor.marks
                else []
            )
        }
        kept = {n: m for n, m in cursor.marks.items() if not any(c.startswith(f"{n}.") for c in marks)}
        return original(self, Cursor(cursor.log, {**kept, **marks}))

    monkeypatch.setattr(PartitionedFeed, "_descended", hasty)
    assert not holds(*follow(steps, 1))


def test_moments_need_a_total_order_and_unknown_partitions_are_foreign() -> None:
    store = open_store("sqlite://")
    feed = PartitionedFeed(store.feed())
    with pytest.raises(CapabilityMissing):
        feed.at_position(1)
    with pytest.raises(CapabilityMissing):
        feed.at_time(1)
    with pytest.raises(ForeignCursor):
        feed.check(Cursor(feed.log_id, {"9": feed.start().marks["0"]}))
    store.close()


def test_a_token_is_reached_when_its_events_are_read() -> None:
    store = open_store("sqlite://")
    feed = PartitionedFeed(store.feed(), 4)
    for n in range(20):
        done = store.append(f"box-{n % 7}", [make(n)], expected=ANY)
        place = feed.at(done.token)
        assert feed.compare(place, feed.end()) == "equal"
        if n == 9:
            feed.split("2")
    assert feed.lag(feed.at(done.token)) == 0
    store.close()


def test_positions_go_on_after_a_split() -> None:
    node = Node("0", 0, 10)
    node.split()
    assert [child.base for child in node.children] == [0, 0]
