"""Sends each batch in a transaction: who reads what is committed sees all of it, once, or nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException, Producer

from eventfold.bus.kafka.failures import failure
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.patience import Patience, Wait, close
from eventfold.bus.messages.form import Message

_REQUEST_BYTES = 500_000
"""Of one request for a partition, about; brokers and topics take 1 MB, where they are not told otherwise."""


class TransactionalSender:
    """Implements `Sender`; the broker fences its predecessor by the transactional id.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        patience: how long the broker is waited for.
    """

    def __init__(self, client: Mapping[str, Any], topic: str, patience: Patience) -> None:
        self._topic = topic
        self._patience = patience
        self._hearing = Hearing()
        self._producer = Producer(
            {
                **self._hearing.settings(client),
                "transactional.id": f"eventfold-relay-{topic}",
                "transaction.timeout.ms": 60_000,
                "linger.ms": 100,  # full requests cost the broker half as much; a commit does not wait for them
                "batch.size": _REQUEST_BYTES,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

    def fence(self) -> None:
        """Returns only after the predecessor's open transaction was ended."""
        self._wait("beginning to send").through(self._producer.init_transactions)

    def send(self, messages: Iterable[Message]) -> None:
        """In one transaction."""
        wait = self._wait("sending")
        try:
            self._producer.begin_transaction()
            self._produce(messages, wait)
        except KafkaException as error:
            self._hearing.listen(self._producer)
            raise failure(error, self._topic, "sending", self._hearing.last) from None
        wait.through(self._producer.commit_transaction)

    def close(self) -> None:
        """What was begun is given up; the next relay's start ends it, if the broker does not hear of it now."""
        close(self._producer)

    def _produce(self, messages: Iterable[Message], wait: Wait) -> None:
        produce, topic = self._producer.produce, self._topic
        for partition, key, value, headers in messages:
            while True:
                try:
                    produce(topic, value, key, partition or 0, None, None, 0, headers)
                    break
                except BufferError:
                    self._producer.poll(0.05)
                    wait.step()

    def _wait(self, what: str) -> Wait:
        return Wait(self._patience, self._hearing, self._producer, self._topic, what)
