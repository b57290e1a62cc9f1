"""`eventfold bus` shows a topic, its relay and its readers, and says in a sentence what is amiss."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from eventfold.bus.feed.place import Standing, to_token
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared
from tests.doors.calling import Told, eventfold


class Place:
    """A log, and a topic that it is relayed to."""

    def __init__(self, folder: Path, kafka: Shared, name: str) -> None:
        self.store = f"sqlite:///{folder}/log.db"
        self.client = kafka.plain
        self.name = name
        self.bus = f"kafka://{kafka.plain['bootstrap.servers']}/{name}"
        open_store(self.store).close()

    def relay(self, events: int = 25) -> None:
        """Plain, so that what was acknowledged can be read at once."""
        with (
            open_store(self.store) as store,
            closing(KafkaTopic(self.client, self.name, mode="plain")) as topic,
        ):
            fill(store, events)
            relay = Relay(store, topic)
            catch_up([relay])
            relay.finish()

    def look(self, *options: str, store: str = "") -> Told:
        return eventfold("-s", store or self.store, "--bus", self.bus, *options)

    def seen(self) -> Any:
        told = self.look("--json", "bus")
        assert told.code == 0, told
        return json.loads(told.out)


@pytest.fixture
def place(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> Place:
    return Place(tmp_path, kafka, topic(3))


def test_a_log_that_is_not_there_keeps_nobody_from_looking_at_its_topic(place: Place, tmp_path: Path) -> None:
    place.relay()
    told = place.look("--json", "bus", store=f"sqlite:///{tmp_path}/nowhere.db")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert len(found["partitions"]) == 3
    assert any("could not be looked at beside its topic" in warning for warning in found["warnings"])


def test_a_state_that_is_none_is_not_blamed_on_the_topic(place: Place) -> None:
    place.relay()
    app = ("-a", "tests.bus.feed.test_app:shop", "--state", "nowhere://x")
    told = eventfold(*app, "-s", place.bus, "status")
    assert told.code != 0
    assert "The setting state is given by --state" in told.err


def test_a_topic_that_is_relayed(place: Place) -> None:
    place.relay()
    told = place.look("bus")
    assert (told.code, "partition" in told.out, f"relay:{place.name}" in told.out) == (0, True, True)
    assert f"{place.name}: 3 partitions, of the log" in told.err
    assert "!" not in told.err
    seen = place.seen()
    assert [one["partition"] for one in seen["partitions"]] == [0, 1, 2]
    assert sum(one["messages"] for one in seen["partitions"]) == 25 + 3  # and a progress record each
    assert all(
        one["age"] is not None and one["progress"]["offset"] == one["end"] - 1 for one in seen["partitions"]
    )
    assert seen["warnings"] == []
    (relay,) = seen["readers"]
    assert (relay["reader"], relay["behind"], relay["of"]) == (f"relay:{place.name}", 0, "events")
    with open_store(place.store) as store:
        fill(store, 7)
    assert place.seen()["readers"][0]["behind"] == 7


def test_the_last_events_of_each_partition(place: Place) -> None:
    place.relay()
    events = [
        e
        for one in json.loads(place.look("--json", "bus", "--last", "100").out)["partitions"]
        for e in one["events"]
    ]
    assert sorted(event["position"] for event in events) == list(range(1, 26))
    assert "Noted" in place.look("bus", "--last", "3").out


def test_without_a_log_the_topic_alone_is_shown(place: Place) -> None:
    place.relay()
    told = eventfold("--bus", place.bus, "bus", "--json")
    assert (told.code, json.loads(told.out)["readers"]) == (0, [])


def test_a_reader_of_the_topic_is_so_many_offsets_behind(place: Place) -> None:
    place.relay()
    offsets = [max(0, one["end"] - 2) for one in place.seen()["partitions"]]
    with open_store(place.store) as store, closing(KafkaTopic(place.client, place.name)) as topic:
        effects = store.effects()
        for reader, identity in (("mailer", topic.identity()), ("of-another", "another")):
            mark = Mark(1, token=to_token(Standing(topic=identity, offsets=offsets)))
            effects.begin(reader, Cursor(store.log_id, {"0": mark}))
        effects.begin("of-the-log", store.feed().start())
    readers = {row["reader"]: row for row in place.seen()["readers"]}
    assert readers.keys() == {f"relay:{place.name}", "mailer"}
    assert (readers["mailer"]["behind"], readers["mailer"]["of"]) == (6, "offsets")


def test_an_empty_topic_says_what_fills_it(place: Place) -> None:
    told = place.look("bus")
    assert told.code == 0
    assert f"! {place.name} is empty: `eventfold relay` fills it" in told.err


def test_a_topic_that_is_not_there_or_compacted(place: Place, topic: MakeTopic) -> None:
    compacted = topic(1, **{"cleanup.policy": "compact"})
    for name, said in ((compacted, "is compacted"), ("nowhere", "There is no topic nowhere")):
        told = eventfold("--bus", f"{place.bus.rpartition('/')[0]}/{name}", "bus")
        assert (told.code, said in told.err) == (2, True), told


def test_another_logs_topic_and_one_that_was_repartitioned(place: Place, tmp_path: Path) -> None:
    place.relay()
    other = f"sqlite:///{tmp_path}/other.db"
    open_store(other).close()
    told = place.look("bus", store=other)
    assert (told.code, "a topic has the events of one log" in told.err) == (6, True), told
    assert "partition" in told.out  # it is shown all the same
    admin = AdminClient(place.client)  # which has to outlive what it is asked
    admin.create_partitions([NewPartitions(place.name, 4)])[place.name].result(30)
    told = place.look("--json", "bus")
    assert (told.code, json.loads(told.out)["unfit"]["code"]) == (6, "topic-repartitioned")
    assert "had 3 partitions" in told.err


def test_a_message_of_somebody_else_is_told_and_passed_over(place: Place) -> None:
    place.relay()
    producer = Producer(place.client)
    producer.produce(place.name, "\x1b[31mhello", "k", 1)
    assert producer.flush(30) == 0
    told = place.look("bus")
    assert told.code == 0
    assert "of partition 1 cannot be read as what a relay sends" in told.err
    assert "\x1b" not in told.err + told.out
    assert place.seen()["partitions"][1]["refused"] == 1


def test_without_a_topic_it_says_how_to_name_one() -> None:
    assert "--bus eventhubs://NAMESPACE/HUB" in eventfold("bus").err
