"""An app that publishes to topics, and what stands in one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

import eventfold as ef
from eventfold.app.live import Live


class Shipped(ef.Event):
    order: str
    n: int
    note: str


class Order(ef.Aggregate[Shipped]):
    n: int = 0

    def ship(self, note: str = "") -> None:
        self.raise_event(Shipped(order=self.id, n=self.n + 1, note=note))

    def apply(self, event: Shipped) -> None:
        self.n = event.n


class ShipmentStarted(ef.PublicEvent, name="com.example.shipment.started", key="order"):
    order: str
    n: int
    note: str = ""


def shipment_started(event: Shipped, _message: ef.Message) -> ShipmentStarted:
    return ShipmentStarted(order=event.order, n=event.n, note=event.note)


def shop(to: str = "kafka:shipments", **options: Any) -> ef.App:
    """An app of one handler that publishes from the start of the log."""
    handler = ef.publish(Shipped, to=to, since="start", **options)(shipment_started)
    return ef.App("shop", aggregates=[Order], handlers=[handler], source="https://shop.example.com")


def fill(live: Live, events: int, streams: int) -> None:
    """Events of some orders in turn."""
    orders = live.repository(Order)
    for n in range(events):
        orders.execute(f"order-{n % streams}", Order.ship)


class Found(NamedTuple):
    """A record."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


@contextmanager
def consuming(client: dict[str, Any], topic: str, partitions: int) -> Iterator[Consumer]:
    consumer = Consumer({**client, "group.id": topic, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, n, 0) for n in range(partitions)])
    try:
        yield consumer
    finally:
        consumer.close()


def records(client: dict[str, Any], topic: str, partitions: int = 1) -> list[Found]:
    """What stands in a topic, partition by partition."""
    found: list[Found] = []
    with consuming(client, topic, partitions) as consumer:
        left = partitions
        while left:
            message = consumer.poll(30)
            assert message is not None, "the broker says nothing"
            if (error := message.error()) is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                left -= 1
                continue
            headers: Any = dict(message.headers() or [])
            found.append(Found(message.partition() or 0, message.key(), message.value(), headers))
    return found
