"""The events of one stream out of a topic: its partition is read backwards, as far as is needed.

That costs what stands between them and the end. It is for what waited for a person or for its time, not for questions.
Much may have waited: so what was read for one stream is kept for a while, for the others of its partition.
"""

import time
from collections.abc import Callable, Iterable, Mapping

from eventfold.bus.backwards import read_back
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.leftout import LeftOut
from eventfold.bus.messages.partitioning import topic_partition
from eventfold.bus.port import Bounds, Received, Topic
from eventfold.bus.unfit import check_ours
from eventfold.errors import CursorExpired, FeedBroken, FormatUnknown, Refused
from eventfold.events.envelope import RecordedEvent
from eventfold.store.names import category_of

_KEPT_BYTES = 48 * 1024 * 1024
"""Of messages that are kept, about; what stands further back is read for one stream alone."""
_SECONDS = 30.0
"""For which what was read is kept, if nobody asks; and after which the topic is counted again."""
_FIRST, _STEPS, _MOST = 1_000, 4, 16_000
"""Messages of the first look back, how much further the next one goes, and at most."""


class StreamReader:
    """Reads streams of one log out of a topic; used by one thread at a time.

    Args:
        topic: nobody else scans it meanwhile.
        log: the id of the log.
        clock: seconds, for intervals only.
    """

    def __init__(self, topic: Topic, log: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._log = log
        self._clock = clock
        self._count = 0
        self._counted_at = self._used_at = float("-inf")
        self._tails: dict[int, _Tail] = {}

    def read(self, stream: str, after: int, to: int | None) -> list[RecordedEvent]:
        """Its events with `after` < version <= `to`, in order.

        Args:
            stream: the stream.
            after: a version that it has; 0 = from its first event on.
            to: a version that it has; None = all that the topic has.

        Raises:
            CursorExpired: the topic does not have them any more.
            FeedBroken: it lacks some of them, and has what stands before and behind.
            ForeignCursor, TopicRepartitioned: what is there cannot be followed.
            InvalidStream: a name that no stream can have.
        """
        if to is not None and to <= after:
            category_of(stream)
            return []
        found, is_whole = self._back(stream, lambda version: version <= after + 1)
        last = max([*found, to or 0])
        missing = next((version for version in range(after + 1, last + 1) if version not in found), None)
        if missing is None and (found or (is_whole and not after)):
            return [found[version] for version in range(after + 1, (last if to is None else to) + 1)]
        name = self._topic.name
        if found and min(found) < (missing or 0) < max(found):
            raise FeedBroken(
                f"{name} lacks version {missing} of {stream}. Fill a new topic from the log, and follow that.",
                topic=name,
                stream=stream,
            )
        raise CursorExpired(
            f"{name} does not have version {missing or after + 1} of {stream}, and nobody knows here what it said."
            " Open the log, --store URL with --bus TOPIC (in Python app.open(URL, bus=TOPIC)); or fill a new topic from"
            " it, with a longer retention.",
            topic=name,
            stream=stream,
        )

    def newest(self, stream: str) -> RecordedEvent | None:
        """The last event of a stream that the topic has; errors as `read`."""
        found, _ = self._back(stream, lambda _: True)
        return found[max(found)] if found else None

    def _back(self, stream: str, is_enough: Callable[[int], bool]) -> tuple[dict[int, RecordedEvent], bool]:
        """Events of a stream by version, back to one that is enough; and whether its partition has its beginning."""
        category_of(stream)
        now, key = self._clock(), stream.encode()
        if now - self._counted_at >= _SECONDS:
            self._count, self._counted_at = self._topic.count(), now
        partition = topic_partition(stream, self._count)
        bounds = self._topic.bounds(partition)
        if now - self._used_at >= _SECONDS or self._bytes >= 2 * _KEPT_BYTES:
            self._tails.clear()
        self._used_at = now
        tail = self._tails.get(partition)
        if tail is None or not tail.fits(bounds):
            tail = self._tails[partition] = _Tail(bounds)
        self._scan(partition, tail, Bounds(tail.end, bounds.end))
        tail.end = bounds.end
        left_out, step = LeftOut(self._topic.name), _FIRST

        def events() -> dict[int, RecordedEvent]:
            return self._events(tail.messages.get(key, ()), left_out)

        found = events()
        while not (found and is_enough(min(found))) and tail.low > bounds.low:
            if self._bytes >= _KEPT_BYTES:  # so far back that the others are not kept
                return self._alone(partition, bounds, key, is_enough, left_out)
            first = max(bounds.low, tail.low - step)
            self._scan(partition, tail, Bounds(first, tail.low))
            tail.low, step = first, min(step * _STEPS, _MOST)
            found = events()
        return found, not bounds.low

    @property
    def _bytes(self) -> int:
        return sum(tail.bytes for tail in self._tails.values())

    def _scan(self, partition: int, tail: "_Tail", part: Bounds) -> None:
        if part.low < part.end:
            for message in self._topic.scan({partition: part}):
                tail.keep(message)

    def _events(self, messages: Iterable[Received], left_out: LeftOut) -> dict[int, RecordedEvent]:
        """A relay in doubt sends again what stands before: the first of a version is the one."""
        found: dict[int, RecordedEvent] = {}
        for message in sorted(messages, key=lambda one: one.offset):
            event = _event(self._topic, message, self._log, self._count, left_out)
            if event is not None:
                found.setdefault(event.version, event)
        return found

    def _alone(
        self,
        partition: int,
        bounds: Bounds,
        key: bytes,
        is_enough: Callable[[int], bool],
        left_out: LeftOut,
    ) -> tuple[dict[int, RecordedEvent], bool]:
        def read(parts: Mapping[int, Bounds]) -> Mapping[int, dict[int, RecordedEvent]]:
            mine = (message for message in self._topic.scan(parts) if message.key == key)
            return {partition: self._events(mine, left_out)}

        found = read_back({partition: bounds}, read, lambda some: bool(some) and is_enough(min(some)))
        return found[partition], not bounds.low


class _Tail:
    """The end of a partition, as far as it was read: its messages by key."""

    def __init__(self, bounds: Bounds) -> None:
        self.low = self.end = bounds.end
        self.messages: dict[bytes | None, list[Received]] = {}
        self.bytes = 0

    def fits(self, bounds: Bounds) -> bool:
        """Whether it is the end of this partition still, and may grow by what came since."""
        return bounds.low <= self.low and self.end <= bounds.end

    def keep(self, message: Received) -> None:
        """A message of it; records of progress are nobody's."""
        if message.key is not None:
            self.bytes += 500 + 2 * len(message.value or b"")
            self.messages.setdefault(message.key, []).append(message)


def _event(topic: Topic, message: Received, log: str, count: int, left_out: LeftOut) -> RecordedEvent | None:
    """The event that a message has; None of what is none of this log's, and leaves a hole where it was one."""
    try:
        found = read_envelope(message.headers, message.value)
        if not isinstance(found, EventEnvelope) or found.log != log:
            return None
        event = found.event()
    except (Refused, FormatUnknown) as error:
        left_out.note(message.partition, message.offset, error)
        return None
    check_ours(topic.name, found, log, count)
    return event
