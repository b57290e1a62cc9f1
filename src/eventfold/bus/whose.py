"""Whose events a topic has, as the last words of the relay in each of its partitions say."""

from collections.abc import Mapping

from eventfold.bus.backwards import read_back
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.port import Bounds, Topic
from eventfold.bus.unfit import check_ours
from eventfold.errors import BusUnavailable, FormatUnknown, Refused


def log_of(topic: Topic) -> str:
    """The id of the log whose relay fills a topic.

    Raises:
        BusUnavailable: no relay has come there yet, or the broker did not answer.
        ForeignCursor: relays of two logs.
        TopicRepartitioned: it was filled when it had another number of partitions.
        TopicUnfit: as the topic says.
    """
    count = topic.count()
    bounds = {partition: topic.bounds(partition) for partition in range(count)}
    found = read_back(bounds, lambda parts: _told(topic, parts), lambda one: one is not None)
    told = [one for one in found.values() if one is not None]
    if not told:
        raise BusUnavailable(
            f"No relay has brought anything to {topic.name} yet, so that nobody knows whose topic it is: `eventfold"
            " relay` does, where the log is.",
            topic=topic.name,
        )
    for one in told:
        check_ours(topic.name, one, told[0].log, count)
    return told[0].log


def _told(topic: Topic, parts: Mapping[int, Bounds]) -> Mapping[int, ProgressEnvelope | None]:
    """The last record of progress of each partition; what others have written there says nothing."""
    found: dict[int, ProgressEnvelope | None] = dict.fromkeys(parts)
    for message in topic.scan(parts):
        try:
            envelope = read_envelope(message.headers, message.value)
        except (Refused, FormatUnknown):
            continue  # who reads on tells of it
        if isinstance(envelope, ProgressEnvelope):
            found[message.partition] = envelope
    return found
