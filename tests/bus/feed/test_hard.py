"""What topics do that a log never does: aborted transactions at an end, messages of others, forgotten beginnings."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec import structs

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.marks import Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message
from eventfold.bus.relay.relay import Relay
from eventfold.errors import BusUnavailable, CursorExpired, FeedBroken, LogMismatch
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.kafka.broker import KafkaBroker
from eventfold.testing.making import read_all
from tests.bus.conftest import MakeTopic
from tests.bus.making import make_topic
from tests.bus.relay.judge import events_of
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared


class Scene:
    """A log of some events in a topic of three partitions."""

    def __init__(self, store: Store, client: dict[str, Any], name: str) -> None:
        self.store, self.client, self.name = store, client, name
        fill(store, 40)
        self.relay()

    def relay(self) -> None:
        with closing(KafkaTopic(self.client, self.name)) as topic:
            catch_up([Relay(self.store, topic)])
        end, until = self.store.feed().end(), time.monotonic() + 20
        with closing(self.feed()) as feed:
            while True:  # a transaction is acknowledged a moment before it is seen
                with suppress(BusUnavailable):
                    if feed.compare(feed.end(), end) == "equal":
                        return
                assert time.monotonic() < until
                time.sleep(0.02)

    def feed(self) -> BusFeed:
        return BusFeed(KafkaTopic(self.client, self.name), self.store.log_id)

    def produce(self, *messages: Message, partition: int = 0) -> None:
        producer = Producer(self.client)
        for message in messages:
            producer.produce(self.name, message.value, message.key, partition, headers=message.headers)
        assert producer.flush(30) == 0

    def rest(self, cursor: Cursor) -> list[RecordedEvent]:
        with closing(self.feed()) as feed:
            return read_all(feed, cursor)


@pytest.fixture
def scene(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> Iterator[Scene]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        yield Scene(store, kafka.plain, topic(3))


def test_aborted_transactions_at_the_end_are_passed(scene: Scene) -> None:
    producer = Producer({**scene.client, "transactional.id": f"stranger-{scene.name}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for partition in range(3):
        producer.produce(scene.name, b"given up", partition=partition)
    producer.flush(30)
    producer.abort_transaction(30)
    with closing(scene.feed()) as feed:
        assert feed.compare(feed.end(), scene.store.feed().end()) == "equal"
        assert [event.position for event in read_all(feed)] == list(range(1, 41))


def test_who_begins_now_on_a_quiet_topic_misses_nothing_that_comes(scene: Scene) -> None:
    with closing(scene.feed()) as feed:
        now = feed.end()
    fill(scene.store, 7)
    scene.relay()
    assert scene.rest(now) == events_of(scene.store)[40:]


def test_messages_of_others_are_left_out(scene: Scene) -> None:
    event = events_of(scene.store)[-1]
    ours = MessageEncoder(scene.store.log_id, 3).event(event)
    other = MessageEncoder("another-log", 3).event(event)
    half = ours._replace(headers=ours.headers[:4])
    scene.produce(
        Message(0, None, b"hello", []),
        half,
        other,
        ours._replace(value=ours.value.replace(b'"n":', b'"m":x')),
        ours,
    )
    fill(scene.store, 5)
    scene.relay()
    with closing(scene.feed()) as feed:
        assert read_all(feed) == events_of(scene.store)


def test_a_hole_is_an_error_and_nothing_behind_it_is_given(scene: Scene) -> None:
    with closing(scene.feed()) as feed:
        end = feed.end()
    event = structs.replace(events_of(scene.store)[-1], position=44, version=99)
    scene.produce(MessageEncoder(scene.store.log_id, 3).event(event, Place(42, 98)))
    with pytest.raises(FeedBroken, match="up to position 42"):
        scene.rest(end)


def test_what_the_topic_has_forgotten_is_an_error_with_a_way_out(scene: Scene) -> None:
    with closing(scene.feed()) as feed:
        start, middle = feed.start(), feed.read(feed.start(), 10).cursor
        end = feed.end()
    fill(scene.store, 20)
    scene.relay()
    with closing(KafkaTopic(scene.client, scene.name)) as topic:
        ends = [TopicPartition(scene.name, n, topic.bounds(n).end - 2) for n in range(3)]
    admin = AdminClient(scene.client)
    for answer in admin.delete_records(ends).values():
        answer.result(30)
    for cursor in (start, middle):
        with pytest.raises(CursorExpired, match="raise its retention"):
            scene.rest(cursor)
    with suppress(CursorExpired):
        assert scene.rest(end) == events_of(scene.store)[40:]


def test_a_topic_that_was_made_anew_is_read_anew(scene: Scene) -> None:
    with closing(scene.feed()) as feed:
        middle = feed.read(feed.start(), 10).cursor
    admin = AdminClient(scene.client)
    admin.delete_topics([scene.name])[scene.name].result(30)
    name = make_topic(scene.client, f"{scene.name}-new", 3)
    scene.name = name
    effects = scene.store.effects()
    assert effects.readers()
    scene.relay()
    assert scene.rest(middle) == events_of(scene.store)[10:]


def test_while_the_broker_is_away_nothing_is_taken_for_the_end(tmp_path: Path, kafka_jars: Path) -> None:
    broker = KafkaBroker(tmp_path / "broker", jars=kafka_jars).start()
    try:
        with open_store(f"sqlite:///{tmp_path}/log.db") as store:
            scene = Scene(store, broker.client(), make_topic(broker.client(), "events", 3))
            feed = BusFeed(KafkaTopic(scene.client, scene.name, patience=3.0), store.log_id)
            page = feed.read(feed.start(), 10)
            cursor = feed.read(page.cursor, 100).cursor
            broker.kill()
            with pytest.raises((BusUnavailable, LogMismatch)) as caught:
                feed.read(cursor, 100)
            assert isinstance(caught.value, BusUnavailable)
            broker.start()
            fill(store, 5)
            scene.relay()
            assert read_all(feed, cursor) == events_of(store)[40:]
            feed.close()
    finally:
        broker.stop()
