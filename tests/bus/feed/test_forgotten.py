"""What a topic has forgotten is read from the log, where that is open, and the topic is followed from there on."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.bus.feed import forgotten
from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.feed.window import Window
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.errors import CursorExpired
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import read_all
from eventfold.testing.partitioned import PartitionedStore
from tests.bus.conftest import MakeTopic
from tests.bus.memory import MemoryTopic
from tests.bus.relay.judge import events_of
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared

SHARES = st.lists(st.sampled_from([0.0, 0.3, 0.7, 1.0]) | st.floats(0, 1), min_size=3, max_size=3)


class Scene:
    """A log, its topic, and a reader that comes late."""

    def __init__(self, partitions: int, parts: int) -> None:
        self._folder = TemporaryDirectory()
        store: Store = open_store(f"sqlite:///{self._folder.name}/log.db")
        self.store = PartitionedStore(store, parts) if parts > 1 else store
        self.topic = MemoryTopic(partitions)

    def relay(self, events: int, page: int) -> None:
        fill(self.store, events)
        catch_up([Relay(self.store, self.topic, page=page)])

    def feed(self, *, with_log: bool = True) -> BusFeed:
        return BusFeed(self.topic, self.store.log_id, self.store.feed() if with_log else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self._folder.cleanup()


def follow(feed: BusFeed, cursor: Cursor, limit: int) -> tuple[list[RecordedEvent], Cursor]:
    """To the end, as a follower does."""
    events: list[RecordedEvent] = []
    for _ in range(10_000):
        page = feed.read(cursor, limit)
        events += page.events
        cursor = page.cursor
        if page.caught_up:
            return events, cursor
    raise AssertionError("it never came to the end")


def by_stream(events: Sequence[RecordedEvent]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for event in events:
        found.setdefault(event.stream, []).append(event.version)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3),
    st.sampled_from([1, 3]),
    st.lists(st.tuples(st.integers(1, 25), st.sampled_from([3, 8, 100])), min_size=1, max_size=4),
    st.integers(0, 60),
    st.lists(SHARES, min_size=2, max_size=2),
    st.sampled_from([1, 4, 1_000]),
)
def test_whatever_was_forgotten_is_given_once_and_in_order(
    partitions: int,
    parts: int,
    rounds: list[tuple[int, int]],
    read: int,
    cuts: list[list[float]],
    limit: int,
) -> None:
    """Also where the topic forgets more while it is read, and where the relay goes on."""
    with Scene(partitions, parts) as scene:
        for number, at_once in rounds:
            scene.relay(number, at_once)
        events, cursor = list[RecordedEvent](), scene.store.feed().start()
        if read:
            first = scene.feed().read(cursor, read)
            events, cursor = list(first.events), first.cursor
        for cut in cuts:
            scene.topic.forget(cut)
            feed = scene.feed()
            page = feed.read(cursor, limit)
            scene.topic.forget([share / 2 for share in cut])
            more, cursor = follow(feed, page.cursor, limit)
            events += [*page.events, *more]
            assert by_stream(events) == by_stream(events_of(scene.store))
            if parts == 1:
                assert events == events_of(scene.store)
            assert feed.compare(cursor, scene.store.feed().end()) == "equal"
            assert feed.compare(feed.end(), cursor) == "equal"
            scene.relay(7, 100)


def test_what_the_relay_has_not_sent_is_waited_for_still() -> None:
    """Beyond what was forgotten the log is not asked."""
    with Scene(1, 1) as scene:
        scene.relay(20, 5)
        scene.topic.forget([0.5])
        fill(scene.store, 10)
        feed = scene.feed()
        events, cursor = follow(feed, feed.start(), 1_000)
        assert [event.position for event in events] == list(range(1, 21))
        assert not feed.wait(cursor, 0.0)
        assert feed.wait(feed.start(), 0.0)


def test_a_topic_that_began_at_the_end_of_its_log_is_filled_up_from_the_log() -> None:
    with Scene(2, 1) as scene:
        fill(scene.store, 10)
        catch_up([Relay(scene.store, scene.topic, begin=scene.store.feed().end)])
        scene.relay(10, 5)
        feed = scene.feed()
        assert [event.position for event in follow(feed, feed.start(), 3)[0]] == list(range(11, 21))


def test_without_the_log_it_is_an_error() -> None:
    with Scene(1, 1) as scene:
        scene.relay(20, 5)
        start = scene.feed(with_log=False).start()
        scene.topic.forget([0.5])
        with pytest.raises(CursorExpired):
            read_all(scene.feed(with_log=False), start)


def test_who_goes_over_too_early_is_seen_to_lose_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a reader that takes what the topic has for all there is."""
    monkeypatch.setattr(forgotten.Beginning, "is_behind", lambda *_: False)
    monkeypatch.setattr(Window, "_check", lambda *_: None)
    with Scene(1, 1) as scene:
        scene.relay(20, 5)
        scene.topic.forget([0.5])
        feed = scene.feed()
        assert len(follow(feed, feed.start(), 1_000)[0]) < 20


def test_a_cut_topic_of_kafka(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    name = topic(3)
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:

        def relay(events: int) -> None:
            fill(store, events)
            with closing(KafkaTopic(kafka.plain, name)) as there:
                catch_up([Relay(store, there, page=20)])

        relay(60)
        relay(40)
        with closing(KafkaTopic(kafka.plain, name)) as there:
            cut = [TopicPartition(name, n, there.bounds(n).end // 2) for n in range(3)]
        admin = AdminClient(kafka.plain)
        for answer in admin.delete_records(cut).values():
            answer.result(30)
        with closing(BusFeed(KafkaTopic(kafka.plain, name), store.log_id, store.feed())) as feed:
            events, cursor = follow(feed, feed.start(), 7)
            assert events == events_of(store)
            relay(15)
            while not (page := feed.read(cursor, 100)).events:
                pass
            assert page.events == events_of(store)[100:]
