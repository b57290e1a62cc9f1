"""What others do to a topic is parked or a typed error for who has nothing but the topic, too; others go on."""

from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Producer

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.streams import StreamReader
from eventfold.errors import (
    BusUnavailable,
    CursorExpired,
    FeedBroken,
    ForeignCursor,
    TopicRepartitioned,
    TopicUnfit,
)
from tests.bus.alone.scene import Scene, app
from tests.bus.conftest import MakeTopic
from tests.bus.feed.test_bad_messages import Raw, bad, kind, raw


def messages(scene: Scene, topic: str = "") -> list[Any]:
    with closing(KafkaTopic(scene.client, topic or scene.topic)) as there:
        return list(there.scan({n: there.bounds(n) for n in range(there.count())}))


def send(scene: Scene, topic: str, partition: int, *found: Raw) -> None:
    producer = Producer(scene.client)
    for key, value, headers in found:
        producer.produce(topic, value, key, partition, headers=list(headers.items()))
    assert producer.flush(30) == 0


def copied(scene: Scene, made: str, harm: dict[int, Raw | None]) -> str:
    """A topic of one partition that was copied with some messages changed, or left out."""
    for n, message in enumerate(messages(scene)):
        found = harm.get(n, raw(message))
        if found is not None:
            send(scene, made, 0, found)
    return f"kafka://{scene.client['bootstrap.servers']}/{made}"


@pytest.fixture
def alone(scene: Scene, topic: MakeTopic) -> Scene:
    """A topic of one partition with eight orders."""
    scene.topic = topic(1)
    scene.bus = f"kafka://{scene.client['bootstrap.servers']}/{scene.topic}"
    scene.order(*range(1, 9))
    scene.relay()
    return scene


def test_a_later_version_of_an_event_is_parked_and_other_streams_go_on(alone: Scene) -> None:
    alone.append("order-3", ("Paid", '{"amount": 4}', 9), ("Paid", '{"amount": 5}'))
    alone.append("order-4", ("Paid", '{"amount": 6}'))
    alone.relay()
    with alone.open(app, "topic") as live:
        live.catch_up()
        assert {s: (p.version, p.code) for s, p in live.table("totals").parked().items()} == {
            "order-3": (2, "schema-version-unknown")
        }
        assert live.table("totals").get("order-4")["paid"] == 6
        assert live.verify().ok


def test_what_others_send_is_passed_over_at_both_ends(alone: Scene) -> None:
    there = [raw(one) for one in messages(alone) if kind(one) == b"Created"]
    send(alone, alone.topic, 0, *bad(there[0]), *bad(there[-1]))
    with alone.open(app, "topic") as live:
        live.catch_up()
        assert len(live.table("totals").rows()) == 8
        assert live.verify().ok
        assert [event.version for event in live.store.read("order-1")] == [1]


@pytest.mark.parametrize("harm", ["body", "header", "none"])
def test_an_event_that_was_harmed_is_a_hole_that_is_told(alone: Scene, topic: MakeTopic, harm: str) -> None:
    key, value, headers = raw(messages(alone)[4])
    assert value is not None
    harmed: dict[str, Raw | None] = {
        "body": (key, value.replace(b"order-5", b"order-6"), headers),
        "header": (key, value, {**headers, "ce_logposition": b"-7"}),
        "none": None,
    }
    assert harmed["body"] != (key, value, headers)
    alone.bus = copied(alone, topic(1), {4: harmed[harm]})
    with alone.open(app, "topic") as live:
        with pytest.raises(FeedBroken, match="lacks events"):
            live.catch_up()
        assert len(live.table("totals").rows()) < 5


def test_a_stream_with_a_hole_is_not_read_as_if_it_were_whole(alone: Scene, topic: MakeTopic) -> None:
    alone.append("order-1", *[("Paid", f'{{"amount": {n}}}') for n in range(4)])
    alone.relay()
    made = messages(alone)
    ours = [n for n, one in enumerate(made) if one.key == b"order-1"]
    holed, headless, empty = topic(1), topic(1), topic(1)
    copied(alone, holed, {ours[2]: None})
    copied(alone, headless, dict.fromkeys(ours[:2]))
    copied(alone, empty, dict.fromkeys(ours))
    with alone.open(app, "topic") as live:
        log = live.store.log_id
        assert [e.version for e in live.store.read("order-1", after=1, to=4)] == [2, 3, 4]
        assert [e.version for e in live.store.read("order-1", backwards=True, limit=2)] == [5, 4]
        assert list(live.store.read("order-77")) == []
    for name, error in ((holed, FeedBroken), (headless, CursorExpired), (empty, CursorExpired)):
        with closing(KafkaTopic(alone.client, name)) as there, pytest.raises(error, match="order-1"):
            StreamReader(there, log).read("order-1", 1, 5)


def test_a_topic_that_cannot_be_followed_is_refused_when_it_is_opened(alone: Scene, topic: MakeTopic) -> None:
    other = Scene(alone.folder / "other", alone.client, topic(1))
    other.folder.mkdir()
    other.order(1)
    other.relay()
    two, wider, empty, compact = topic(2), topic(2), topic(1), topic(1, **{"cleanup.policy": "compact"})
    for n, of in enumerate((alone, other)):
        of.relay(theirs := topic(2))
        send(alone, two, n, *[raw(one) for one in messages(of, theirs) if one.partition == n])
    send(alone, wider, 0, *[raw(one) for one in messages(alone)])
    for name, error, said in (
        (two, ForeignCursor, "a topic has the events of one log"),
        (wider, TopicRepartitioned, "had 1 partitions"),
        (empty, BusUnavailable, "No relay has brought anything"),
        (compact, TopicUnfit, "compacted"),
        (f"{empty}-no", TopicUnfit, "no topic"),
    ):
        alone.bus = f"kafka://{alone.client['bootstrap.servers']}/{name}"
        with pytest.raises(error, match=said):
            alone.open(app, "topic")


def test_the_relay_of_another_log_stops_who_follows_with_an_error(alone: Scene, topic: MakeTopic) -> None:
    other = Scene(alone.folder / "other", alone.client, topic(1))
    other.folder.mkdir()
    other.order(1)
    other.relay()
    with alone.open(app, "topic") as live:
        live.catch_up()
        send(alone, alone.topic, 0, *[raw(one) for one in messages(other)])
        with pytest.raises(ForeignCursor, match="Take another topic"):
            live.catch_up()
        assert len(live.table("totals").rows()) == 8
