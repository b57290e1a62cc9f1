"""The events of one stream out of a topic: its partition is read backwards, as far as is needed.

That costs what stands between them and the end. It is for what waited for a person, not for questions.
"""

from collections.abc import Callable, Mapping

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


def read_stream(topic: Topic, log: str, stream: str, after: int, to: int | None) -> list[RecordedEvent]:
    """Its events with `after` < version <= `to`, in order.

    Args:
        topic: nobody else scans it meanwhile.
        log: the id of the log.
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
    found, is_whole = _read_back(topic, log, stream, lambda version: version <= after + 1)
    last = max([*found, to or 0])
    missing = next((version for version in range(after + 1, last + 1) if version not in found), None)
    if missing is None and (found or (is_whole and not after)):
        return [found[version] for version in range(after + 1, (last if to is None else to) + 1)]
    if found and min(found) < (missing or 0) < max(found):
        raise FeedBroken(
            f"{topic.name} lacks version {missing} of {stream}. Fill a new topic from the log, and follow that.",
            topic=topic.name,
            stream=stream,
        )
    raise CursorExpired(
        f"{topic.name} does not have version {missing or after + 1} of {stream}, and nobody knows here what it said."
        " Open the log, --store URL with --bus TOPIC (in Python app.open(URL, bus=TOPIC)); or fill a new topic from it,"
        " with a longer retention.",
        topic=topic.name,
        stream=stream,
    )


def newest(topic: Topic, log: str, stream: str) -> RecordedEvent | None:
    """The last event of a stream that a topic has; errors as `read_stream`."""
    found, _ = _read_back(topic, log, stream, lambda _: True)
    return found[max(found)] if found else None


def _read_back(
    topic: Topic, log: str, stream: str, is_enough: Callable[[int], bool]
) -> tuple[dict[int, RecordedEvent], bool]:
    """Events of a stream by version, back to one that is enough; and whether its partition has its beginning still."""
    category_of(stream)
    count, key = topic.count(), stream.encode()
    partition = topic_partition(stream, count)
    bounds = topic.bounds(partition)
    left_out = LeftOut(topic.name)

    def read(parts: Mapping[int, Bounds]) -> Mapping[int, dict[int, RecordedEvent]]:
        found: dict[int, RecordedEvent] = {}
        for message in topic.scan(parts):
            if message.key == key and (event := _event(topic, message, log, count, left_out)) is not None:
                found.setdefault(event.version, event)  # a relay in doubt sends again what stands before
        return {partition: found}

    found = read_back({partition: bounds}, read, lambda some: bool(some) and is_enough(min(some)))
    return found[partition], not bounds.low


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
