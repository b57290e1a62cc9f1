"""The partition of a stream is the one that Kafka's own producers choose for it."""

import random

import pytest
from confluent_kafka import Message, Producer

from eventfold.bus.messages.partitioning import murmur2, topic_partition
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared

KNOWN = {  # of the tests of Kafka's Java client
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", KNOWN)
def test_the_hash_is_that_of_kafka(key: bytes) -> None:
    assert murmur2(key) == KNOWN[key] & 0xFFFFFFFF


@pytest.mark.parametrize("count", [1, 6, 24])
def test_a_stream_goes_where_librdkafka_puts_its_key(kafka: Shared, topic: MakeTopic, count: int) -> None:
    drawn = random.Random(count)
    streams = [f"order-{'é' * (n % 3)}{drawn.randbytes(n % 40).hex()}" for n in range(300)]
    chosen: dict[str, int | None] = {}

    def delivered(_: object, message: Message) -> None:
        key = message.key()
        assert isinstance(key, bytes)
        chosen[key.decode()] = message.partition()

    producer = Producer({**kafka.plain, "partitioner": "murmur2_random"})
    name = topic(count)
    for stream in streams:
        producer.produce(name, b"", stream.encode(), on_delivery=delivered)
    assert producer.flush(60) == 0
    assert chosen == {stream: topic_partition(stream, count) for stream in streams}
    assert len(set(chosen.values())) == count
