"""Judges a topic: what it holds of a log, raw and as our feed gives it."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from eventfold.bus.arriving import Arriving
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.port import Topic
from eventfold.events.envelope import RecordedEvent
from eventfold.store.port import Store

_SEEN = 3.0
"""Seconds."""


class Verdict(NamedTuple):
    """Counts.

    Attributes:
        lost: events of the log that a reader of our feed is not given.
        disordered: events that it is given before an earlier one of their stream.
        doubled: events that it is given twice.
        raw: messages that stand in the topic more than once.
        total: events of the log.
    """

    lost: int
    disordered: int
    doubled: int
    raw: int
    total: int


def events_of(store: Store) -> list[RecordedEvent]:
    """All of the log."""
    feed = store.feed()
    cursor = feed.start()
    found: list[RecordedEvent] = []
    while True:
        page = feed.read(cursor, 5_000)
        found += page.events
        cursor = page.cursor
        if page.caught_up:
            return found


def read(topic: Topic, log: str, *, trusting: bool = False) -> tuple[list[RecordedEvent], int]:
    """The events that a reader is given, and how many stand there more than once.

    Args:
        topic: that is read.
        log: the id of the log.
        trusting: everything is taken as it comes.
    """
    given: list[RecordedEvent] = []
    raw = 0
    count = topic.count()
    arriving = [Arriving() for _ in range(count)]
    seen: set[bytes] = set()
    for message in topic.scan({partition: topic.bounds(partition) for partition in range(count)}):
        found = read_envelope(message.headers, message.value)
        assert (found.log, found.topic_partitions) == (log, count)
        if isinstance(found, ProgressEnvelope):
            if not trusting:
                arriving[message.partition].told(found.progress())
        elif isinstance(found, EventEnvelope):
            event = found.event()
            raw += event.id_bytes in seen
            seen.add(event.id_bytes)
            if trusting or arriving[message.partition].is_new(found):
                given.append(event)
    return given, raw


def judge(store: Store, topic: Topic, *, trusting: bool = False) -> Verdict:
    """Compares a topic with its log; what is lost must stay so for a while.

    A broker acknowledges a transaction before readers can see it.
    """
    wanted = {event.id_bytes for event in events_of(store)}
    until = time.monotonic() + _SEEN
    while True:
        given, raw = read(topic, store.log_id, trusting=trusting)
        if wanted <= {event.id_bytes for event in given} or time.monotonic() > until:
            break
        time.sleep(0.1)
    times = Counter(event.id_bytes for event in given)
    return Verdict(
        lost=len(wanted - times.keys()),
        disordered=sum(1 for _ in _disordered(given)),
        doubled=sum(n - 1 for n in times.values()),
        raw=raw,
        total=len(wanted),
    )


def _disordered(events: list[RecordedEvent]) -> Iterator[RecordedEvent]:
    last: dict[str, int] = {}
    for event in events:
        if event.version != last.get(event.stream, 0) + 1 and event.version > last.get(event.stream, 0):
            yield event  # one before it is missing or comes later
        elif event.version <= last.get(event.stream, 0):
            yield event
        last[event.stream] = max(event.version, last.get(event.stream, 0))
