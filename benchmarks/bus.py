"""The bus: the topic folded into the state, read, its events handled; a real broker, all on this machine."""

import atexit
import sys
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import eventfold as ef
from benchmarks.handling import MANY, NOTHING
from benchmarks.log import APP, Noted, fill
from benchmarks.measure import Case
from benchmarks.peak import peak, peak_of
from benchmarks.reading import FEED
from eventfold.bus.open import open_topic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from eventfold.testing.kafka import KafkaBroker, kafka_jars

PARTITIONS = 6
NAME = "bus"
_numbers = count()


@cache
def broker() -> KafkaBroker:
    """One for all rows."""
    started = KafkaBroker(jars=kafka_jars("build/kafka")).start()
    atexit.register(started.stop)
    return started


def topic_url(partitions: int = PARTITIONS) -> str:
    """A new topic."""
    name = f"bench-{next(_numbers)}"
    admin = AdminClient(broker().client())
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
    return f"kafka://{broker().address}/{name}"


def _relayed(folder: Path, streams: int = FEED // 10) -> tuple[str, str]:
    """A log and the topic that all of it was brought to."""
    log, kept = f"sqlite:///{folder}/log.db", folder / "topic"
    if not kept.exists():
        fill(log, streams, 10)
        bus = topic_url()
        with ef.open_store(log) as store:
            topic = open_topic(bus)
            catch_up([Relay(store, topic)])
            topic.close()
        kept.write_text(bus)
    return log, kept.read_text()


def _folded(folder: Path, bus: str | None) -> float:
    """Events a second."""
    log, _ = _relayed(folder)
    with APP.open(log, state=f"sqlite:///{folder}/{'bus' if bus else 'store'}.state", bus=bus) as live:
        began = time.perf_counter()
        done = live.catch_up()
        seconds = time.perf_counter() - began
    assert done.tables[0].events == FEED, done
    return FEED / seconds


def fold_topic(folder: Path) -> float:
    return _folded(folder, _relayed(folder)[1])


def fold_log(folder: Path) -> float:
    return _folded(folder, None)


def read_topic(folder: Path) -> float:
    """Pages of recorded events, in the order of the log."""
    log, bus = _relayed(folder)
    with APP.open(log, state=f"sqlite:///{folder}/read.state", bus=bus) as live:
        feed = live.store.feed()
        cursor, events, caught_up = feed.start(), 0, False
        began = time.perf_counter()
        while not caught_up:
            page = feed.read(cursor, 2_000)
            events += len(page.events)
            cursor, caught_up = page.cursor, page.caught_up
        seconds = time.perf_counter() - began
    assert events == FEED
    return events / seconds


def consume_bare(folder: Path) -> float:
    """The same messages by the client alone: their headers as a mapping, their bodies parsed; no order, no checks."""
    parse = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

    def is_event(message: Message) -> bool:
        headers, body = dict(message.headers() or ()), parse(message.value() or b"")
        return "ce_logposition" in headers and "aggregateId" in body

    _, bus = _relayed(folder)
    began = time.perf_counter()
    _consume(bus, is_event)
    return FEED / (time.perf_counter() - began)


def take(folder: Path) -> float:
    """Microseconds of an event that the client takes of the thread that reads: it is asked for all, and that is all."""

    def is_event(message: Message) -> bool:
        return bool(message.headers() and message.value() and message.key())

    _, bus = _relayed(folder)
    began = time.thread_time()
    _consume(bus, is_event)
    return (time.thread_time() - began) / FEED * 1e6


def left(folder: Path) -> float:
    """Microseconds of an event that the fold of a topic may take beside those of the log, to be 0.8 as fast."""
    return (1 / 0.8 - 1) / fold_log(folder) * 1e6


def _consume(bus: str, is_event: Callable[[Message], bool]) -> None:
    """To the end of the topic, which has all events."""
    settings = {"group.id": "bare", "enable.partition.eof": True, "isolation.level": "read_committed"}
    # else it fetches nothing for a second where much waits
    consumer = Consumer({**broker().client(), **settings, "fetch.queue.backoff.ms": 10})
    consumer.assign([TopicPartition(bus.rpartition("/")[2], n, 0) for n in range(PARTITIONS)])
    events = ended = 0
    while ended < PARTITIONS:
        # one that is told to wait waits until it has as many as it is asked for
        for message in consumer.consume(500, 0) or consumer.consume(1, 1.0):
            if message.error() is not None:
                ended += 1
                continue
            events += is_event(message)
    consumer.close()
    assert events == FEED


def memory(folder: Path) -> float:
    """Megabytes that a process takes at most that hands a million events of a topic to a handler."""
    log, bus = _relayed(folder, MANY // 10)
    return peak_of("benchmarks.bus", log, bus)


CASES = [
    Case(
        name=f"{NAME}: fold the topic into the state; floor: the log",
        unit="events/s",
        ours=fold_topic,
        floor=fold_log,
        target=0.8,
    ),
    Case(
        name=f"{NAME}: read the topic as events; floor: a bare consumer",
        unit="events/s",
        ours=read_topic,
        floor=consume_bare,
        target=0.5,
    ),
    Case(
        name=f"{NAME}: the client's own time of an event; floor: what 0.8 of the log leaves",
        unit="us",
        ours=take,
        floor=left,
        target=1.0,
        at_most=True,
    ),
    Case(
        name=f"{NAME}: memory over a million events; floor: 300 MiB",
        unit="MiB",
        ours=memory,
        floor=300.0,
        target=1.0,
        at_most=True,
        repeats=1,
    ),
]

if __name__ == "__main__":
    with ef.App("bench", events=[Noted], handlers=[NOTHING]).open(sys.argv[1], bus=sys.argv[2]) as opened:
        (handled,) = opened.handle(timeout=600).handlers
    assert handled.events == MANY, handled
    sys.stdout.write(str(peak()))
