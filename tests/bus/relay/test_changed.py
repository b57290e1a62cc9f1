"""A topic that is changed under a relay, or behind its back, is told with a way out, or filled again."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay import relay as relaying
from eventfold.bus.relay.relay import Relay
from eventfold.errors import BusUnavailable, TopicRepartitioned, TopicUnfit
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from tests.bus.conftest import MakeTopic
from tests.bus.making import make_topic
from tests.bus.relay.judge import judge
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        fill(store, 40)
        yield store


def make_anew(kafka: Shared, name: str) -> None:
    """Deletes a topic and makes it again."""
    admin = AdminClient(kafka.plain)
    admin.delete_topics([name])[name].result(30)
    until = time.monotonic() + 30
    while True:
        try:
            make_topic(kafka.plain, name, 2)
            return
        except KafkaException:  # it is being deleted
            assert time.monotonic() < until
            time.sleep(0.1)


def test_one_that_was_made_anew_is_filled_from_the_beginning(
    store: Store, kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(2)
    with closing(KafkaTopic(kafka.plain, name, mode="plain")) as there:
        catch_up([Relay(store, there)])
    make_anew(kafka, name)
    fill(store, 10)
    with closing(KafkaTopic(kafka.plain, name, mode="plain")) as there:
        catch_up([Relay(store, there)])
        assert judge(store, there) == (0, 0, 0, 0, 50)
        fill(store, 10)
        catch_up([Relay(store, there)])
        assert judge(store, there) == (0, 0, 0, 0, 60)


def test_one_that_was_made_anew_under_a_relay_is_refused(
    store: Store, kafka: Shared, topic: MakeTopic
) -> None:
    """It begins in the middle of the log: what came before stood in the other one."""
    name = topic(2)
    with closing(KafkaTopic(kafka.plain, name, mode="plain")) as there:
        relay = Relay(store, there)
        relay.step()
        make_anew(kafka, name)
        fill(store, 40)
        for _ in range(20):
            with suppress(BusUnavailable):
                relay.step()
            if relay.handled > 40:
                break
        assert relay.handled == 80, "it never knew"
        relay.finish()
        with pytest.raises(TopicUnfit, match="made anew while a relay was sending"):
            catch_up([Relay(store, there)])


@pytest.mark.parametrize("change", ["partitions", "compaction"])
def test_what_is_changed_under_a_relay_stops_it(
    store: Store, kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(relaying, "_LOOK", 0.0)
    name, admin = topic(2), AdminClient(kafka.plain)
    with closing(KafkaTopic(kafka.plain, name)) as there:
        relay = Relay(store, there)
        relay.step()
        if change == "partitions":
            admin.create_partitions([NewPartitions(name, 3)])[name].result(30)
        else:
            entry = ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.SET)
            resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
            (done,) = admin.incremental_alter_configs([resource]).values()
            done.result(30)
        error = TopicRepartitioned if change == "partitions" else TopicUnfit
        until = time.monotonic() + 30
        with pytest.raises(error, match="Make a new topic" if change == "partitions" else "compacted"):
            while time.monotonic() < until:
                fill(store, 5)
                relay.step()
        relay.finish()
