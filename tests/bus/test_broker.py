"""The broker of the tests serves, comes back from kill -9 with all that it had acknowledged, and leaves nothing."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from eventfold.testing.kafka import KafkaBroker, KafkaFailed
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared, shared

SENT = [b"%d" % n for n in range(100)]


def send(client: dict[str, Any], topic: str, values: list[bytes]) -> None:
    failed: list[KafkaError] = []
    producer = Producer({**client, "enable.idempotence": True, "linger.ms": 0})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(60) == 0
    assert failed == []


def received(client: dict[str, Any], topic: str) -> list[bytes]:
    """What stands in the one partition of a topic."""
    consumer = Consumer({**client, "group.id": topic, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes] = []
    try:
        while (message := consumer.poll(60)) is not None:
            if (error := message.error()) is None:
                value = message.value()
                assert isinstance(value, bytes)
                found.append(value)
            elif error.code() == KafkaError._PARTITION_EOF:
                break
    finally:
        consumer.close()
    return found


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_what_is_sent_is_received(kafka: Shared, topic: MakeTopic) -> None:
    name = topic()
    send(kafka.plain, name, SENT)
    assert received(kafka.plain, name) == SENT


def test_it_speaks_as_event_hubs_does(kafka: Shared, topic: MakeTopic) -> None:
    name = topic()
    send(kafka.secured, name, SENT)
    assert received(kafka.secured, name) == SENT
    assert kafka.secured["sasl.username"] == "$ConnectionString"
    told: list[str] = []
    wrong = {**kafka.secured, "sasl.password": "another", "error_cb": lambda error: told.append(error.str())}
    asking, until = AdminClient(wrong), time.monotonic() + 30
    while not told and time.monotonic() < until:
        asking.poll(0.1)
    assert "SASL authentication error" in told[0]


def test_an_event_of_years_ago_stays_and_a_misspelt_topic_is_not_made(
    kafka: Shared, topic: MakeTopic
) -> None:
    admin = AdminClient(kafka.plain)
    settings = ConfigResource(ConfigResource.Type.TOPIC, topic())
    assert admin.describe_configs([settings])[settings].result(30)["retention.ms"].value == "-1"
    admin.list_topics("never-made", timeout=10)
    assert "never-made" not in admin.list_topics(timeout=10).topics


def test_the_others_of_a_run_get_the_broker_that_runs(
    kafka: Shared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared(folder, os.getpid()) as again:
        assert (again.pid, again.plain) == (kafka.pid, kafka.plain)


def test_a_killed_broker_comes_back_with_all_that_it_had_and_a_stopped_one_leaves_nothing(
    kafka_jars: Path,
) -> None:
    with KafkaBroker(jars=kafka_jars) as broker:
        pid, address, folder = broker.pid, broker.address, broker._folder
        admin = AdminClient(broker.client())
        admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(30)
        send(broker.client(), "kept", SENT)
        broker.kill()
        assert is_gone(pid)
        with pytest.raises(KafkaFailed, match="does not run"):
            assert broker.pid
        assert broker.start().address == address
        assert received(broker.client(client_id="again"), "kept") == SENT
        assert broker.start().pid != pid
        pid = broker.pid
        broker.stop()
        assert is_gone(pid)
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(KafkaFailed, match="secured"):
        broker.secured_client()


def test_a_broker_that_cannot_start_says_why(kafka_jars: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(KafkaFailed, match=r"(?s)end of its log:.*node\.id"),
        KafkaBroker(tmp_path / "a", jars=kafka_jars, options={"node.id": "-7"}),
    ):
        pass
    with (
        pytest.raises(KafkaFailed, match=r"(?s)ended before it served.*Cannot assign requested address"),
        KafkaBroker(
            tmp_path / "b",
            jars=kafka_jars,
            options={"listeners": "PLAINTEXT://192.0.2.1:9,CONTROLLER://192.0.2.1:10"},
        ),
    ):
        pass
    with pytest.raises(KafkaFailed, match="another broker"):
        KafkaBroker(tmp_path / "b", jars=kafka_jars).start()
