"""From append to handler through the bus, beside the same without it, and beside what the client needs alone for that.

The client's own time is that of four answers of the broker in turn (partitions to the transaction, five requests and
then the sixth, the end), with two transactional ids in turn as the relay has them, or of one where nothing is in a
transaction.
"""

import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

import eventfold as ef
from benchmarks.bus import NAME, PARTITIONS, broker, topic_url
from benchmarks.handling import arrives, arriving
from benchmarks.measure import Case
from eventfold.bus.open import open_topic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import Loop

TIMES = 300


def arrives_by_bus(mode: str, folder: Path) -> float:
    """As `arrives`, with a relay and a topic between."""
    bus = topic_url()
    topic, stop = open_topic(f"{bus}?mode={mode}"), threading.Event()
    with ef.open_store(arriving(folder, bus)) as store:
        relay = Relay(store, topic)
        relaying = threading.Thread(target=lambda: Loop([relay], store.feed()).run(stop))
        relaying.start()
        try:
            return arrives(folder, bus)
        finally:
            stop.set()
            relaying.join()
            topic.close()


def arrives_bare(mode: str, folder: Path) -> float:
    """Milliseconds from a message for each partition to a reader that has them all, the 99th percentile."""
    producers, consumer = [Producer(settings) for settings in _sending(mode, folder)], Consumer(_reading())
    topic = topic_url().rpartition("/")[2]
    consumer.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
    is_transactional = mode == "transactional"
    if is_transactional:
        for producer in producers:
            producer.init_transactions(30)
    arrived, stop, found = threading.Event(), threading.Event(), []

    def read() -> None:
        seen = 0
        while not stop.is_set():
            seen += sum(message.error() is None for message in consumer.consume(1, 0.05))
            if seen == PARTITIONS:
                seen = 0
                arrived.set()

    reading = threading.Thread(target=read)
    reading.start()
    try:
        for number in range(TIMES + 1):
            producer = producers[number % len(producers)]
            arrived.clear()
            began = time.perf_counter()
            if is_transactional:
                producer.begin_transaction()
            for partition in range(PARTITIONS):
                producer.produce(topic, b"x" * 500, b"note", partition)
            if is_transactional:
                producer.commit_transaction(30)
            else:
                producer.flush(30)
            assert arrived.wait(10)
            found.append(time.perf_counter() - began)
    finally:
        stop.set()
        reading.join()
        consumer.close()
    return sorted(found[1:])[-3] * 1e3  # the first waits for its connections


def _sending(mode: str, folder: Path) -> Sequence[dict[str, Any]]:
    """As the relay sends."""
    client = {**broker().client(), "socket.nagle.disable": True}
    if mode == "transactional":
        return [{**client, "transactional.id": f"bare-{folder.name}-{n}"} for n in range(2)]
    return [{**client, "enable.idempotence": False, "acks": "all"}]


def _reading() -> dict[str, Any]:
    """As the feed reads."""
    client, more = broker().client(), {"group.id": "bare", "isolation.level": "read_committed"}
    return {**client, **more, "fetch.wait.max.ms": 50, "fetch.queue.backoff.ms": 10}


CASES = [
    Case(
        name=f"{NAME}: append to handler, p99{said}; floor: {what}",
        unit="ms",
        ours=partial(arrives_by_bus, mode),
        floor=floor,
        target=target,
        at_most=True,
        repeats=1,
    )
    for mode, said in (("transactional", ""), ("plain", ", mode=plain"))
    for what, floor, target in (
        ("without the bus", arrives, 3.0),
        ("the client alone", partial(arrives_bare, mode), None),
    )
]
