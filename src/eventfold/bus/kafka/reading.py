"""Reads on in all partitions of a topic."""

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from eventfold.bus.kafka.failures import END, failure, is_forgotten
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.port import Ended, Received
from eventfold.errors import CursorExpired

_KILOBYTES = 16 * 1024
"""That are fetched ahead for a partition, at most."""


def received(message: Message) -> Received:
    """A message of the client as the port has it."""
    place = message.partition() or 0, message.offset() or 0
    return Received(*place, message.key(), message.value(), message.headers() or [])


def consumer(client: Mapping[str, Any], hearing: Hearing, **more: Any) -> Consumer:
    """A client that reads what is committed, where it is told to."""
    return Consumer(
        {
            **hearing.settings(client),
            "group.id": "eventfold",  # which is never joined, and nothing is committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": _KILOBYTES,
            **more,
        }
    )


class KafkaReader:
    """Implements `Reader`.

    Args:
        client: settings of librdkafka.
        topic: the topic.
    """

    def __init__(self, client: Mapping[str, Any], topic: str) -> None:
        self._topic = topic
        self._hearing = Hearing()
        self._consumer = consumer(client, self._hearing, **{"fetch.wait.max.ms": 50})

    def seek(self, offsets: Mapping[int, int]) -> None:
        """By a new assignment: what was fetched ahead is forgotten."""
        self._consumer.assign([TopicPartition(self._topic, n, offset) for n, offset in offsets.items()])

    def poll(self, limit: int, timeout: float) -> Sequence[Received | Ended]:
        """What the client has fetched."""
        try:
            messages = self._consumer.consume(limit, timeout)
        except KafkaException as error:
            raise failure(error, self._topic, "reading", self._hearing.last) from None
        found: list[Received | Ended] = []
        for message in messages:
            report = message.error()
            if report is None:
                found.append(received(message))
            elif report.code() == END:
                found.append(Ended(message.partition() or 0, message.offset() or 0))
            elif is_forgotten(report):
                raise CursorExpired(
                    f"{self._topic} no longer holds what is to be read of its partition {message.partition()}: raise"
                    " its retention, fill a new topic from the log, and rebuild what follows it: `eventfold rebuild`.",
                    topic=self._topic,
                )
            else:
                raise failure(report, self._topic, "reading", self._hearing.last)
        return found

    def close(self) -> None:
        """Ends its connections."""
        self._consumer.close()
