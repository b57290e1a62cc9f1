"""The relay beside a bare producer: the same messages, in the same batches, acknowledged in the same way."""

import gc
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Consumer, Producer, TopicPartition

import eventfold as ef
from benchmarks.bus import NAME, PARTITIONS, broker, topic_url
from benchmarks.handling import MANY
from benchmarks.log import fill
from benchmarks.measure import Case
from benchmarks.peak import peak, peak_of
from eventfold.bus.messages.form import Headers
from eventfold.bus.open import open_topic
from eventfold.bus.relay.batches import PAGE
from eventfold.bus.relay.relay import Relay

EVENTS = 200_000
_BYTES = 500_000
"""Of a request of the floor in plain mode: larger ones bring nothing more, and a broker takes 1 MB."""
Sent = tuple[int, str | bytes | None, str | bytes | None, Headers]


def _relay(log: str, bus: str, events: int) -> float:
    """Events a second, from its first look at the log: what a start costs is no part of it."""
    with ef.open_store(log) as store, closing(open_topic(bus)) as topic:
        relay = Relay(store, topic)
        relay.step()  # its start, and the first batch
        began, first = time.perf_counter(), relay.handled
        while not relay.step():
            pass
        seconds = time.perf_counter() - began
        relay.finish()
    assert relay.handled == events
    return (events - first) / seconds


def relay(mode: str, folder: Path) -> float:
    log = f"sqlite:///{folder}/log.db"
    fill(log, EVENTS // 10, 10)
    bus = topic_url()
    found = _relay(log, f"{bus}?mode={mode}", EVENTS)
    (folder / "topic").write_text(bus)
    return found


def produce(mode: str, folder: Path) -> float:
    """From memory: what the relay sent, in its order inside a partition, its records of progress left out."""
    messages = _messages((folder / "topic").read_text().rpartition("/")[2])
    gc.collect()
    gc.freeze()  # what is kept here would be walked over again and again
    settings: dict[str, Any] = {"acks": "all", "queue.buffering.max.messages": 1_000_000}
    if mode == "transactional":
        settings |= {"transactional.id": f"bare-{folder.name}", "linger.ms": 100, "batch.size": _BYTES}
    else:
        settings |= {"enable.idempotence": False, "message.send.max.retries": 0}
        settings |= {"linger.ms": 10_000, "batch.size": 16 << 20, "message.max.bytes": 16 << 20}
    producer = Producer({**broker().client(), **settings})
    topic = topic_url().rpartition("/")[2]
    began = time.perf_counter()
    (_in_transactions if mode == "transactional" else _in_requests)(producer, topic, messages)
    seconds = time.perf_counter() - began
    gc.unfreeze()
    return len(messages) / seconds


def _in_transactions(producer: Producer, topic: str, messages: list[Sent]) -> None:
    producer.init_transactions(30)
    send = producer.produce
    for first in range(0, len(messages), PAGE):
        producer.begin_transaction()
        for number, key, value, headers in messages[first : first + PAGE]:
            send(topic, value, key, number, headers=headers)
        producer.commit_transaction(60)


def _in_requests(producer: Producer, topic: str, messages: list[Sent]) -> None:
    """One in flight for each partition: the next begins when all are acknowledged."""
    failed: list[object] = []

    def told(error: object, _message: object) -> None:
        if error is not None:
            failed.append(error)

    send, sizes = producer.produce, [0] * PARTITIONS
    for number, key, value, headers in messages:
        size = 900 + len(value or b"")
        if sizes[number] + size > _BYTES:
            producer.flush(60)
            sizes = [0] * PARTITIONS
        sizes[number] += size
        send(topic, value, key, number, headers=headers, on_delivery=told)
    producer.flush(60)
    assert not failed


def _messages(topic: str) -> list[Sent]:
    """What a topic holds, all partitions in turn."""
    settings = {"group.id": "kept", "enable.partition.eof": True, "isolation.level": "read_committed"}
    consumer = Consumer({**broker().client(), **settings})
    consumer.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
    found: list[list[Sent]] = [[] for _ in range(PARTITIONS)]
    ended: set[int | None] = set()
    while len(ended) < PARTITIONS:
        for message in consumer.consume(2_000, 1.0):
            number, headers = message.partition() or 0, cast("Headers", message.headers() or [])
            if message.error() is not None:
                ended.add(number)
            elif message.key() is not None:
                found[number].append((number, message.key(), message.value(), headers))
    consumer.close()
    most = max(map(len, found))
    turns = [some[n] for n in range(most) for some in found if n < len(some)]
    assert len(turns) == EVENTS
    return turns


def memory(folder: Path) -> float:
    """Megabytes that a process takes at most that sends a million events."""
    log, bus = f"sqlite:///{folder}/log.db", topic_url()
    fill(log, MANY // 10, 10)
    return peak_of("benchmarks.relaying", log, bus)


CASES = [
    Case(
        name=f"{NAME}: relay a log, in transactions; floor: a bare producer",
        unit="events/s",
        ours=partial(relay, "transactional"),
        floor=partial(produce, "transactional"),
        target=0.6,
    ),
    Case(
        name=f"{NAME}: relay a log, mode=plain; floor: a bare producer",
        unit="events/s",
        ours=partial(relay, "plain"),
        floor=partial(produce, "plain"),
        target=0.6,
    ),
    Case(
        name=f"{NAME}: memory of a relay over a million events; floor: 300 MiB",
        unit="MiB",
        ours=memory,
        floor=300.0,
        target=1.0,
        at_most=True,
        repeats=1,
    ),
]

if __name__ == "__main__":
    _relay(sys.argv[1], sys.argv[2], MANY)
    sys.stdout.write(str(peak()))
