"""Sends each batch in a transaction: who reads what is committed sees all of it, once, or nothing."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from eventfold.bus.kafka.ending import close
from eventfold.bus.kafka.failures import failure
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.messages.form import Message
from eventfold.errors import BusUnavailable


class TransactionalSender:
    """Implements `Sender`; the broker fences its predecessor by the transactional id.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        patience: seconds for which an answer is waited for.
    """

    def __init__(self, client: Mapping[str, Any], topic: str, patience: float) -> None:
        self._topic = topic
        self._patience = patience
        self._hearing = Hearing()
        self._producer = Producer(
            {
                **self._hearing.settings(client),
                "transactional.id": f"eventfold-relay-{topic}",
                "transaction.timeout.ms": 60_000,
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

    def fence(self) -> None:
        """Returns only after the predecessor's open transaction was ended."""
        try:
            self._producer.init_transactions(self._patience)
        except KafkaException as error:
            self._hearing.listen(self._producer)
            raise failure(error, self._topic, "beginning to send", self._hearing.last) from None

    def send(self, messages: Mapping[int, Sequence[Message]]) -> None:
        """In one transaction."""
        try:
            self._producer.begin_transaction()
            self._produce(messages)
            self._commit()
        except KafkaException as error:
            self._hearing.listen(self._producer)
            raise failure(error, self._topic, "sending", self._hearing.last) from None

    def close(self) -> None:
        """What was begun is given up; the next relay's start ends it, if the broker does not hear of it now."""
        close(self._producer)

    def _produce(self, messages: Mapping[int, Sequence[Message]]) -> None:
        produce, topic = self._producer.produce, self._topic
        until = time.monotonic() + self._patience
        for partition, some in messages.items():
            for _, key, value, headers in some:
                while True:
                    try:
                        produce(topic, value, key, partition, headers=headers)
                        break
                    except BufferError:
                        if time.monotonic() > until:
                            raise BusUnavailable(f"The queue to {topic} is full.", topic=topic) from None
                        self._producer.poll(0.05)

    def _commit(self) -> None:
        until = time.monotonic() + self._patience
        while True:
            try:
                return self._producer.commit_transaction(max(0.1, until - time.monotonic()))
            except KafkaException as error:
                found: KafkaError = error.args[0]
                if not found.retriable() or time.monotonic() > until:
                    raise
