"""Sends each batch in a transaction: who reads what is committed sees all of it, once, or nothing.

A commit is acknowledged before its markers are written, and until they are the broker begins no transaction of the same
id: the client asks again after 20 ms. So two ids take turns. The transaction before was acknowledged when the next one
begins, so that its records stand first in every partition, and nobody reads past them while they wait for their marker.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException, Producer

from eventfold.bus.kafka.failures import failure
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.patience import Patience, Wait, close
from eventfold.bus.messages.form import Message

_REQUEST_BYTES = 500_000
"""Of one request for a partition, about; brokers and topics take 1 MB, where they are not told otherwise."""
IDS = ("eventfold-relay-{}", "eventfold-relay-{}:2")
"""Of a topic, whose name has no colon. The first transaction has the first of them: of two relays that fence each other
on different ids, one sends nothing, and the other no second transaction. Builds that knew no second id fence by the
first alone: who stood still under their eyes sends one transaction more, which readers of our feed leave out."""


class TransactionalSender:
    """Implements `Sender`; the broker fences its predecessor by the transactional ids.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        patience: how long the broker is waited for.
    """

    def __init__(self, client: Mapping[str, Any], topic: str, patience: Patience) -> None:
        self._topic = topic
        self._patience = patience
        self._hearing = Hearing()
        settings = {
            **self._hearing.settings(client),
            "transaction.timeout.ms": 60_000,
            "linger.ms": 100,  # full requests cost the broker half as much; a commit does not wait for them
            "batch.size": _REQUEST_BYTES,
            "queue.buffering.max.messages": 1_000_000,
        }
        self._producers = [Producer({**settings, "transactional.id": name.format(topic)}) for name in IDS]
        self._turn = 0

    def fence(self) -> None:
        """Returns only after the predecessor's open transactions were ended."""
        for producer in self._producers:
            self._wait(producer, "beginning to send").through(producer.init_transactions)

    def send(self, messages: Iterable[Message]) -> None:
        """In one transaction."""
        producer = self._producers[self._turn]
        wait = self._wait(producer, "sending")
        try:
            producer.begin_transaction()
            self._produce(producer, messages, wait)
        except KafkaException as error:
            self._hearing.listen(producer)
            raise failure(error, self._topic, "sending", self._hearing.last) from None
        wait.through(producer.commit_transaction)
        self._turn = (self._turn + 1) % len(self._producers)

    def close(self) -> None:
        """What was begun is given up; the next relay's start ends it, if the broker does not hear of it now."""
        for producer in self._producers:
            close(producer)

    def _produce(self, producer: Producer, messages: Iterable[Message], wait: Wait) -> None:
        produce, topic = producer.produce, self._topic
        for partition, key, value, headers in messages:
            while True:
                try:
                    produce(topic, value, key, partition or 0, None, None, 0, headers)
                    break
                except BufferError:
                    producer.poll(0.05)
                    wait.step()

    def _wait(self, producer: Producer, what: str) -> Wait:
        return Wait(self._patience, self._hearing, producer, self._topic, what)
