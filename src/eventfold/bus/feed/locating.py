"""From where a topic is read for a place in the log: the last record of progress behind which all the rest stands."""

from collections.abc import Mapping, Sequence

from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.port import Bounds, Topic
from eventfold.errors import FormatUnknown, Refused
from eventfold.feed.cursor import Mark
from eventfold.feed.lineage import overlap

_STEPS = 4
"""How much further back each look goes."""


def locate(topic: Topic, count: int, marks: Mapping[str, Mark]) -> tuple[Sequence[int], bool]:
    """By partition of the topic, an offset before which nothing beyond some marks of the log stands.

    Args:
        topic: that is read.
        count: its partitions.
        marks: partition of the log -> how far it was read.

    Returns:
        The offsets, and whether one of them is the first that the topic still has.

    Raises:
        BusUnavailable, TopicUnfit: as the topic says.
    """
    bounds = {partition: topic.bounds(partition) for partition in range(count)}
    if all(mark.position == 0 for mark in marks.values()):
        return [bounds[partition].low for partition in range(count)], True
    found: dict[int, int] = {}
    step, is_low = 1, False
    while left := bounds.keys() - found.keys():
        firsts = {partition: max(bounds[partition].low, bounds[partition].end - step) for partition in left}
        parts = {partition: Bounds(first, bounds[partition].end) for partition, first in firsts.items()}
        found |= _last(topic, parts, marks)
        for partition in left - found.keys():
            if firsts[partition] == bounds[partition].low:
                found[partition], is_low = bounds[partition].low, True
        step *= _STEPS
    return [found[partition] for partition in range(count)], is_low


def _last(topic: Topic, parts: Mapping[int, Bounds], marks: Mapping[str, Mark]) -> dict[int, int]:
    """By partition, where the last record of progress stands before which nothing beyond the marks does."""
    found: dict[int, int] = {}
    for message in topic.scan(parts):
        try:
            envelope = read_envelope(message.headers, message.value)
            if isinstance(envelope, ProgressEnvelope) and _were_read(envelope.progress().sent, marks):
                found[message.partition] = message.offset
        except (Refused, FormatUnknown):
            continue  # who reads on tells of it
    return found


def _were_read(sent: Mapping[str, Place], marks: Mapping[str, Mark]) -> bool:
    """Whether all events before a record were read, those of other readers aside.

    What stands before it may lie beyond the cursor that it says: while a partition of the log is split, a relay comes
    further in one part than in the other.
    """
    return all(
        place.position <= mark.position
        for name, place in sent.items()
        for known, mark in marks.items()
        if overlap(known, name)
    )
