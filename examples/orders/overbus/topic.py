"""A topic as programs see it that know nothing of eventfold: a plain consumer of Kafka, and headers of CloudEvents."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from examples.orders.overbus.judge import Seen
from examples.orders.overbus.workers import DemoFailed

PARTITIONS = 3
_TIMEOUT = 30
_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - it has no other name
_RESERVED = "$"
"""What the names of records begin with that are no events of the shop."""


def make_topic(url: str) -> None:
    """Makes the topic, of which nothing is forgotten."""
    server, name = _parts(url)
    admin = AdminClient({"bootstrap.servers": server})
    wanted = NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"})
    admin.create_topics([wanted])[name].result(_TIMEOUT)


def arrived(url: str) -> Iterator[Seen]:
    """Every event that stands in the topic, as often as it does: those of a partition in its order.

    Raises:
        DemoFailed: the broker does not answer.
    """
    server, name = _parts(url)
    reader = Consumer({"bootstrap.servers": server, "group.id": "judge", "enable.partition.eof": True})
    try:
        left = set(reader.list_topics(name, timeout=_TIMEOUT).topics[name].partitions)
        reader.assign([TopicPartition(name, partition, 0) for partition in left])
        until = time.monotonic() + _TIMEOUT
        while left:
            found = reader.consume(1_000, timeout=0.2)
            if found:
                until = time.monotonic() + _TIMEOUT
            elif time.monotonic() > until:
                raise DemoFailed(f"The topic {name} gave nothing for {_TIMEOUT} s.")
            for message in found:
                error = message.error()
                if error is None:
                    yield from _event(message.headers())
                elif error.code() == _END:
                    left.discard(message.partition() or 0)
                else:
                    raise KafkaException(error)
    finally:
        reader.close()


def _event(headers: Any) -> Iterator[Seen]:
    said = {name: value.decode() for name, value in headers}
    if not said["ce_type"].startswith(_RESERVED):
        yield Seen(said["ce_id"], said["ce_subject"], int(said["ce_streamversion"]))


def _parts(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.removeprefix("/")
