"""Relays that are built as one should not build them must be found out."""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from eventfold.bus.finding import Holding
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.marks import Marks
from eventfold.bus.messages.form import Message
from eventfold.bus.port import Sender
from eventfold.bus.relay import relay as relaying
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.testing.kafka.broker import KafkaBroker
from tests.bus.conftest import MakeTopic
from tests.bus.making import make_topic
from tests.bus.relay.judge import judge
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared


def nothing_there(_topic: object, count: int, _log: str) -> list[Holding]:
    """What a relay finds that does not look."""
    return [Holding(Marks(), None) for _ in range(count)]


def test_one_that_trusts_its_own_checkpoint_alone_sends_again(
    tmp_path: Path, kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes what comes has it twice and out of order; who follows our feed does not."""
    with (
        open_store(f"sqlite:///{tmp_path}/log.db") as store,
        closing(KafkaTopic(kafka.plain, topic(2))) as there,
    ):
        fill(store, 60)
        first = Relay(store, there, page=20, seconds=0.0)
        for _ in range(3):
            first.step()
        first._heart.stop()
        first._stop_sending()  # as a process that ends: its checkpoint is that of its start
        assert judge(store, there, trusting=True)[:4] == (0, 0, 0, 0)
        monkeypatch.setattr(relaying, "find", nothing_there)
        catch_up([Relay(store, there, seconds=0.0)])
        trusting = judge(store, there, trusting=True)
        assert trusting.doubled == trusting.raw == 60
        assert trusting.disordered > 0
        assert judge(store, there)[:3] == (0, 0, 0)


class _Hasty:
    """Sends without idempotence, five requests in flight, lets the client repeat, and does not look at the reports."""

    def __init__(self, client: Mapping[str, Any], topic: str) -> None:
        self._topic = topic
        self._producer = Producer(
            {
                **client,
                "enable.idempotence": False,
                "max.in.flight": 5,
                "message.send.max.retries": 50,
                "retry.backoff.ms": 10,
                "linger.ms": 0,
                "batch.num.messages": 20,
                "log_level": 0,
            }
        )

    def fence(self) -> None:
        """Nobody."""

    def send(self, messages: Iterable[Message]) -> None:
        for partition, key, value, headers in messages:
            self._producer.produce(self._topic, value, key, partition or 0, headers=headers)
        self._producer.poll(0)

    def close(self) -> None:
        self._producer.flush(60)


class _HastyTopic(KafkaTopic):
    def sender(self) -> Sender:
        return _Hasty(self._client, self._topic)


@pytest.mark.nightly
def test_one_with_five_requests_in_flight_loses_or_reorders(tmp_path: Path, kafka_jars: Path) -> None:
    """Found within some kills of the broker."""
    broker = KafkaBroker(tmp_path / "broker", jars=kafka_jars).start()
    try:
        for number in range(10):
            name = make_topic(broker.client(), f"hasty-{number}")
            with (
                open_store(f"sqlite:///{tmp_path}/log-{number}.db") as store,
                closing(_HastyTopic(broker.client(), name)) as there,
            ):
                fill(store, 20_000, streams=5)
                relay = Relay(store, there, page=500)
                for step in range(40):
                    relay.step()
                    if step == 20:
                        broker.kill()
                        time.sleep(0.1)
                broker.start()
                relay.finish()
                verdict = judge(store, there, trusting=True)
                print(verdict)
                if verdict.lost or verdict.disordered:
                    return
    finally:
        broker.stop()
    raise AssertionError("nothing was lost or out of order")
