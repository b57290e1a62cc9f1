"""A look at a topic: what each of its partitions ends in, and whose it is. Only the ends are read."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from eventfold.bus.backwards import read_back
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.messages.faults import moment_us
from eventfold.bus.port import Bounds, Received, Topic
from eventfold.bus.unfit import check_ours
from eventfold.errors import EventfoldError, FormatUnknown, Refused
from eventfold.events.envelope import from_us
from eventfold.feed.cursor import Cursor

MOST = 10_000
"""Messages of one partition that are read, at most."""


class SeenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event in a topic, by what its message says of it.

    Attributes:
        offset: where it stands in its partition of the topic.
        stream: of the event.
        version: in its stream.
        type: its stored name.
        log_partition: of the log.
        position: in that.
        time: when it was recorded.
    """

    offset: int
    stream: str
    version: int
    type: str
    log_partition: str
    position: int
    time: datetime


class SeenProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The last progress record of a partition.

    Attributes:
        offset: where it stands.
        time: when the relay wrote it, by its clock; None where it does not say.
        cursor: of the log: all up to there that belongs into the partition stands before it.
    """

    offset: int
    time: datetime | None
    cursor: Cursor


class SeenPartition(msgspec.Struct, kw_only=True):
    """What one partition of a topic ends in.

    Attributes:
        partition: its number.
        low: the first offset that is kept; what was before has been forgotten.
        end: the offset of the next message. Between the two stand messages, and records of the broker's own.
        progress: the last progress record; None where none was found.
        events: the last events, the latest last.
        read: how many messages were looked at.
        refused: how many of those were no messages of a relay, or damaged.
        why: of the last of these.
        unfit: why relay and readers refuse the partition.
    """

    partition: int
    low: int
    end: int
    progress: SeenProgress | None = None
    events: Sequence[SeenEvent] = ()
    read: int = 0
    refused: int = 0
    why: str = ""
    unfit: EventfoldError | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a topic saw.

    Attributes:
        topic: its name.
        log: the id of the log whose events stand there; empty where none do.
        partitions: in order.
    """

    topic: str
    log: str
    partitions: Sequence[SeenPartition]

    @property
    def unfit(self) -> EventfoldError | None:
        """Why relay and readers refuse the topic; None where they take it."""
        return next((one.unfit for one in self.partitions if one.unfit is not None), None)


def look(topic: Topic, *, log: str = "", last: int = 1, most: int = MOST) -> Look:
    """Looks at the ends of a topic.

    Args:
        topic: it.
        log: the id of the log whose topic it should be; empty: whichever is found.
        last: events of each partition, at most.
        most: messages of each partition that are read, at most.

    Raises:
        TopicUnfit: there is no such topic, or it is compacted.
        BusUnavailable: the broker did not answer.
        ConfigInvalid: the broker lets nobody in.
    """
    count = topic.count()
    bounds = {partition: topic.bounds(partition) for partition in range(count)}
    seeing = _Seeing(topic, count, log, last)
    found = read_back(bounds, seeing.read, seeing.is_enough, most)
    for partition, seen in found.items():
        seen.low = bounds[partition].low
    return Look(topic=topic.name, log=seeing.log, partitions=[found[partition] for partition in range(count)])


class _Seeing:
    """One look; the log of the first message is the one that the others are held against."""

    def __init__(self, topic: Topic, count: int, log: str, last: int) -> None:
        self.log = ""
        self._topic = topic
        self._count = count
        self._wanted = log
        self._last = last

    def is_enough(self, seen: SeenPartition) -> bool:
        """Whether a partition has said what is asked."""
        return seen.unfit is not None or (seen.progress is not None and len(seen.events) >= self._last)

    def read(self, parts: Mapping[int, Bounds]) -> Mapping[int, SeenPartition]:
        """What stands between the bounds."""
        found = {n: SeenPartition(partition=n, low=part.low, end=part.end) for n, part in parts.items()}
        events: dict[int, deque[SeenEvent]] = {n: deque(maxlen=self._last) for n in parts}
        for message in self._topic.scan(parts):
            seen = found[message.partition]
            seen.read += 1
            try:
                self._take(message, seen, events[message.partition])
            except (Refused, FormatUnknown) as error:
                seen.refused += 1
                seen.why = f"offset {message.offset:,}: {error.message}"
        for n, some in events.items():
            found[n].events = list(some)
        return found

    def _take(self, message: Received, seen: SeenPartition, events: deque[SeenEvent]) -> None:
        found = read_envelope(message.headers, message.value)
        self.log = self.log or found.log
        try:
            check_ours(self._topic.name, found, self._wanted or self.log, self._count)
        except EventfoldError as error:
            seen.unfit = error
        said = found.attributes
        if isinstance(found, ProgressEnvelope):
            cursor = found.progress().cursor
            time = from_us(moment_us(said["time"], "time")) if "time" in said else None
            seen.progress = SeenProgress(offset=message.offset, time=time, cursor=cursor)
        elif isinstance(found, EventEnvelope):
            name = "recordedtime" if "recordedtime" in said else "time"
            events.append(
                SeenEvent(
                    offset=message.offset,
                    stream=found.stream,
                    version=found.place.version,
                    type=found.type,
                    log_partition=found.partition,
                    position=found.position,
                    time=from_us(moment_us(said[name], name)),
                )
            )
