"""What a topic holds of a log already: found at its end, since that is the only place that cannot be wrong.

Nothing that a relay remembers is believed: it may have ended between sending and remembering. Each partition of the
topic ends in records that say how far it had come; the events behind the last of them are counted in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from eventfold.bus.backwards import read_back
from eventfold.bus.marks import Marks
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.messages.leftout import LeftOut
from eventfold.bus.port import Bounds, Topic
from eventfold.bus.unfit import check_ours
from eventfold.errors import FormatUnknown, Refused
from eventfold.feed.cursor import Cursor


class Holding(NamedTuple):
    """What one partition of the topic holds.

    Attributes:
        marks: the last events.
        cursor: of the log: all up to there that belongs here is here; None where nothing says so.
    """

    marks: Marks
    cursor: Cursor | None


def find(topic: Topic, count: int, log: str) -> Sequence[Holding]:
    """What each partition of a topic holds of a log.

    Args:
        topic: nobody sends to it but the caller.
        count: its partitions.
        log: the id of the log.

    Raises:
        ForeignCursor: another log's events are there.
        TopicRepartitioned: it was written with another number of partitions.
        MessageInvalid: a record of how far it had come that is damaged.
        BusUnavailable, TopicUnfit: as the topic says.
    """
    bounds = {partition: topic.bounds(partition) for partition in range(count)}
    left_out = LeftOut(topic.name)
    found = read_back(
        bounds,
        lambda parts: _read(topic, parts, count, log, left_out),
        lambda holding: holding.cursor is not None,
    )
    return [found[partition] for partition in range(count)]


def _read(
    topic: Topic, parts: Mapping[int, Bounds], count: int, log: str, left_out: LeftOut
) -> Mapping[int, Holding]:
    holdings = {partition: Holding(Marks(), None) for partition in parts}
    for message in topic.scan(parts):
        try:
            found = read_envelope(message.headers, message.value)
        except (Refused, FormatUnknown) as error:
            left_out.note(message.partition, message.offset, error)
            continue
        if isinstance(found, EventEnvelope) and found.log != log:
            continue  # one that somebody has put there; a relay of another log says how far it is
        check_ours(topic.name, found, log, count)
        if isinstance(found, ProgressEnvelope):
            progress = found.progress()
            holdings[message.partition] = Holding(Marks(progress.sent), progress.cursor)
        elif isinstance(found, EventEnvelope):
            holdings[message.partition].marks.add(found.partition, found.place)
    return holdings
