"""What others write into a topic, or do to a message there, stops nobody and loses nothing: it is told, or left out."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from eventfold.bus.followed import followed
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.port import Received
from eventfold.bus.relay.relay import Relay
from eventfold.errors import EventfoldError, FeedBroken, ForeignCursor
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared

Raw = tuple[bytes | None, bytes | None, dict[str, Any]]


class Scene:
    """A log of some streams, and topics that it is relayed to."""

    def __init__(self, folder: Path, client: dict[str, Any]) -> None:
        self.store, self.client = f"sqlite:///{folder}/log.db", client
        self.events = 0

    def relay(self, name: str, events: int) -> None:
        self.events += events
        with open_store(self.store) as log, closing(KafkaTopic(self.client, name, mode="plain")) as topic:
            fill(log, events, 7)
            catch_up([Relay(log, topic)])

    def messages(self, name: str) -> list[Received]:
        with closing(KafkaTopic(self.client, name)) as topic:
            return list(topic.scan({n: topic.bounds(n) for n in range(topic.count())}))

    def send(self, name: str, partition: int, messages: Sequence[Raw]) -> None:
        failed: list[Any] = []
        producer = Producer(self.client)
        for key, value, headers in messages:
            told = lambda error, _: failed.append(error) if error else None  # noqa: E731 - for this one message
            producer.produce(name, value, key, partition, headers=list(headers.items()), on_delivery=told)
        assert producer.flush(30) == 0
        assert failed == []

    def read(self, name: str, found: list[int]) -> list[int]:
        """The positions that a reader is given, also where it is stopped."""
        with followed(open_store(self.store), KafkaTopic(self.client, name)) as log:
            feed = log.feed()
            cursor = feed.start()
            while True:
                page = feed.read(cursor, 1_000)
                found += [event.position for event in page.events]
                cursor = page.cursor
                if page.caught_up:
                    return found


@pytest.fixture
def scene(tmp_path: Path, kafka: Shared) -> Scene:
    return Scene(tmp_path, kafka.plain)


def raw(message: Received) -> Raw:
    return message.key, message.value, dict(message.headers)


def kind(message: Received) -> bytes:
    return dict(message.headers)["ce_type"]  # type: ignore[return-value]  # ours are bytes


def bad(message: Raw) -> list[Raw]:
    """What may become of a message, and what others may send."""
    key, value, headers = message
    without = {name: text for name, text in headers.items() if name != "ce_logid"}
    return [
        (b"k", b"hello", {"x": b"1"}),
        (None, None, {}),
        (key, None, headers),
        (key, value, without),
        (key, value, {**headers, "ce_eventfold": b"2"}),
        (key, value, {**headers, "ce_logposition": b"-7"}),
        (key, value, {**headers, "ce_subject": b"\xff"}),
        (key, (value or b"").replace(b'"n":', b'"m":').replace(b"box-", b"fox-"), headers),
        (key, b"{" * 100_000, headers),
        message,  # once more: its position goes back
    ]


def test_messages_of_others_stop_neither_relay_nor_reader_and_nothing_is_lost(
    scene: Scene, topic: MakeTopic
) -> None:
    name = topic(2)
    scene.relay(name, 20)
    events = [one for one in scene.messages(name) if kind(one) == b"Noted"]
    for partition in (0, 1):
        there = [raw(one) for one in events if one.partition == partition]
        scene.send(name, partition, [*bad(there[0]), *bad(there[-1])])
    scene.relay(name, 20)  # by a new relay, which begins with a look at that end
    assert scene.read(name, []) == list(range(1, scene.events + 1))


@pytest.mark.parametrize("harm", range(9))
def test_an_event_that_was_harmed_in_the_topic_is_a_hole_that_is_told(
    scene: Scene, topic: MakeTopic, harm: int
) -> None:
    """Nothing that stands behind it is given without it."""
    right, harmed = topic(1), topic(1)
    scene.relay(right, 12)
    messages = [raw(one) for one in scene.messages(right)]
    messages[4] = bad(messages[4])[harm]
    scene.send(harmed, 0, messages)
    given: list[int] = []
    with pytest.raises(FeedBroken, match="lacks events"):
        scene.read(harmed, given)
    assert given == list(range(1, len(given) + 1))
    assert len(given) < 5


def test_a_topic_that_is_copied_unharmed_is_read_whole(scene: Scene, topic: MakeTopic) -> None:
    right, copied = topic(1), topic(1)
    scene.relay(right, 12)
    scene.send(copied, 0, [raw(one) for one in scene.messages(right)])
    assert scene.read(copied, []) == list(range(1, 13))


def test_the_progress_of_another_log_is_a_typed_error(scene: Scene, topic: MakeTopic, tmp_path: Path) -> None:
    name, other = topic(1), topic(1)
    scene.relay(name, 5)
    (tmp_path / "other").mkdir()
    another = Scene(tmp_path / "other", scene.client)
    another.relay(other, 5)
    scene.send(name, 0, [raw(one) for one in another.messages(other)])
    with pytest.raises(ForeignCursor, match="another topic"):
        scene.read(name, [])
    with pytest.raises(EventfoldError, match="holds events of the log"):
        scene.relay(name, 1)
