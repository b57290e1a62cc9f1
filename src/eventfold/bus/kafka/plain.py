"""Sends without idempotence, for brokers that have none: one request in flight for each partition.

What the client queues behind a request that failed would overtake it. So a request is filled, sent, and all its reports
are in before the next is begun; the client does not send a second time by itself, and the first report that is no
success ends it all. Whoever goes on looks at the topic first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report

from eventfold.bus.kafka.failures import failure
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.patience import Patience, Wait, close
from eventfold.bus.messages.form import Message
from eventfold.errors import BusUnavailable

_REQUEST_BYTES = 400_000
"""Of one request for a partition: well under what client and broker take."""
_REQUEST_MESSAGES = 5_000


class PlainSender:
    """Implements `Sender`; nothing fences it but the lease of its relay.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        patience: how long the broker is waited for.
    """

    def __init__(self, client: Mapping[str, Any], topic: str, patience: Patience) -> None:
        self._topic = topic
        self._patience = patience
        self._error: KafkaError | None = None
        self._acknowledged = 0
        self._hearing = Hearing()
        self._producer = Producer(
            {
                **self._hearing.settings(client),
                "enable.idempotence": False,
                "acks": "all",
                "max.in.flight": 1,
                "message.send.max.retries": 0,
                "message.timeout.ms": int(patience.sending * 1_000),
                "linger.ms": int(patience.sending * 500),  # for more, which a flush ends
                "batch.num.messages": _REQUEST_MESSAGES,
                "queue.buffering.max.messages": 1_000_000,
                "batch.size": 16 * 1024 * 1024,
            }
        )

    def fence(self) -> None:
        """Nothing to do: what a predecessor has in flight is doubled at worst, and never overtaken."""

    def send(self, messages: Mapping[int, Sequence[Message]]) -> None:
        """Request by request, those of all partitions side by side."""
        waiting = {partition: _requests(some) for partition, some in messages.items() if some}
        while waiting:
            begun = {partition: requests.pop(0) for partition, requests in waiting.items()}
            self._exchange(begun)
            waiting = {partition: requests for partition, requests in waiting.items() if requests}

    def close(self) -> None:
        """What waits is not sent any more."""
        close(self._producer)

    def _exchange(self, begun: Mapping[int, Sequence[Message]]) -> None:
        produce, topic, told = self._producer.produce, self._topic, self._told
        wanted, self._acknowledged, self._error = 0, 0, None
        wait = Wait(self._patience, self._hearing, self._producer, topic, "sending")
        try:
            for partition, some in begun.items():
                for _, key, value, headers in some:
                    produce(topic, value, key, partition, on_delivery=told, headers=headers)
                wanted += len(some)
            while self._producer.flush(0.1) and not self._failed():
                wait.step()
        except KafkaException as error:
            raise failure(error, topic, "sending", self._hearing.last) from None
        if (failed := self._failed()) is not None:
            self._producer.purge()
            raise failure(failed, topic, "sending", self._hearing.last)
        if self._acknowledged < wanted:
            self._producer.purge()
            raise BusUnavailable(
                f"{topic} acknowledged {self._acknowledged:,} of {wanted:,} messages, and said nothing of the others.",
                topic=topic,
            )

    def _failed(self) -> KafkaError | None:
        return self._error

    def _told(self, error: KafkaError | None, _message: Report) -> None:
        if error is None:
            self._acknowledged += 1
        elif self._error is None:
            self._error = error


def _requests(messages: Sequence[Message]) -> list[Sequence[Message]]:
    """Cut so that each is one request."""
    found: list[Sequence[Message]] = []
    first = size = 0
    for n, message in enumerate(messages):
        more = _size(message)
        if n > first and (size + more > _REQUEST_BYTES or n - first >= _REQUEST_MESSAGES):
            found.append(messages[first:n])
            first, size = n, 0
        size += more
    found.append(messages[first:])
    return found


def _size(message: Message) -> int:
    """Bytes, and some more."""
    headers = sum(30 + len(name) + len(value or b"") for name, value in message.headers)
    return 100 + len(message.key or b"") + len(message.value) + headers
