"""Sends without idempotence, for brokers that have none: one request in flight for each partition.

What the client queues behind a request that failed would overtake it. So a request is filled, sent, and all its reports
are in before the next is begun; the client sends a second time only what a broker has refused as not its own, with
nothing behind it, and the first report that is no success ends it all. Whoever goes on looks at the topic first.
Requests for several partitions are on their way at once.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report

from eventfold.bus.kafka.failures import failure
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.patience import Patience, Wait, close
from eventfold.bus.messages.form import Message
from eventfold.errors import BusUnavailable

_REQUEST_BYTES = 800_000
"""Of one request for a partition, as messages are counted: less than brokers take, which is 1 MB."""
_AROUND = 1_000
"""Bytes of a message that are the same for all, and some more: with the key and twice the body, at least what it has,
as what its headers say of the event stands in its body too."""
_LINGER = 0.5
"""Of the time that a message has: for so long the client waits for more, which a flush ends."""


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
        self._linger = patience.sending * _LINGER
        self._error: KafkaError | None = None
        self._wanted = self._acknowledged = 0
        self._hearing = Hearing()
        self._producer = Producer(
            {
                **self._hearing.settings(client),
                "enable.idempotence": False,
                "acks": "all",
                "message.send.max.retries": 0,
                "message.timeout.ms": int(patience.sending * 1_000),
                "linger.ms": int(self._linger * 1_000),
                "batch.num.messages": _REQUEST_BYTES // _AROUND,
                "queue.buffering.max.messages": 1_000_000,
                "batch.size": 16 * 1024 * 1024,
            }
        )

    def fence(self) -> None:
        """Nothing to do: what a predecessor has in flight is doubled at worst, and never overtaken."""

    def send(self, messages: Iterable[Message]) -> None:
        """Request by request, those of all partitions side by side."""
        produce, topic, told = self._producer.produce, self._topic, self._told
        sizes: dict[int | None, int] = {}
        self._wanted = self._acknowledged = 0
        self._error = None
        began = time.monotonic()
        try:
            for partition, key, value, headers in messages:
                size = _AROUND + len(key or b"") + 2 * len(value)
                if partition in sizes and sizes[partition] + size > _REQUEST_BYTES:
                    self._settle(began)
                    sizes.clear()
                    began = time.monotonic()
                sizes[partition] = sizes.get(partition, 0) + size
                produce(topic, value, key, partition or 0, told, None, 0, headers)
                self._wanted += 1
            self._settle(began)
        except KafkaException as error:
            raise failure(error, topic, "sending", self._hearing.last) from None

    def close(self) -> None:
        """What waits is not sent any more."""
        close(self._producer)

    def _settle(self, began: float) -> None:
        """Returns when every partition has acknowledged its request; no more is sent behind one that has not.

        Args:
            began: when the first message of these requests was given to the client.
        """
        topic = self._topic
        if time.monotonic() - began >= self._linger:
            # the client has sent some of a request by itself, and a flush would send the others behind them
            self._producer.purge()
            raise BusUnavailable(
                f"Nobody knows what {topic} got: this program stood still for {self._linger:.0f} s while it sent."
                " The relay looks at the topic, and goes on from there.",
                topic=topic,
            )
        wait = Wait(self._patience, self._hearing, self._producer, topic, "sending")
        while self._producer.flush(0.1) and not self._failed():
            wait.step()
        if (failed := self._failed()) is not None:
            self._producer.purge()
            raise failure(failed, topic, "sending", self._hearing.last)
        if self._acknowledged < self._wanted:
            self._producer.purge()
            raise BusUnavailable(
                f"{topic} acknowledged {self._acknowledged:,} of {self._wanted:,} messages, and no others.",
                topic=topic,
            )

    def _failed(self) -> KafkaError | None:
        return self._error

    def _told(self, error: KafkaError | None, _message: Report) -> None:
        if error is None:
            self._acknowledged += 1
        elif self._error is None:
            self._error = error
