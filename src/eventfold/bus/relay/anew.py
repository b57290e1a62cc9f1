"""Whether a topic is the one that its relay knew: one that was deleted and made again has its name, and is empty."""

from eventfold.bus.marks import NOWHERE
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.port import Bounds, Topic
from eventfold.bus.relay.checkpoint import Target
from eventfold.bus.unfit import begun_amid
from eventfold.errors import FormatUnknown, Refused

_LOOKED_AT = 1_000
"""Messages at the beginning of a partition, among which the first event is looked for."""


def is_another(before: Target, now: Target) -> bool:
    """Whether they are two; where the broker does not tell topics apart, that is not known."""
    return bool(before.topic and now.topic) and before.topic != now.topic


def is_empty(topic: Topic, count: int) -> bool:
    """Whether a topic that is another one than before is to be filled from the beginning.

    One that has all the same, as a copy of the former one has it, is gone on with.

    Args:
        topic: nobody sends to it but the caller.
        count: its partitions.

    Raises:
        TopicUnfit: it begins in the middle of the log, as where it was made anew under a relay that sent.
        BusUnavailable: the broker did not answer.
    """
    bounds = {partition: topic.bounds(partition) for partition in range(count)}
    if not any(part.end for part in bounds.values()):
        return True
    whole = {
        n: Bounds(0, min(part.end, _LOOKED_AT)) for n, part in bounds.items() if part.end and not part.low
    }
    seen: set[int] = set()
    for message in topic.scan(whole):
        if message.partition in seen:
            continue
        try:
            found = read_envelope(message.headers, message.value)
        except (Refused, FormatUnknown):
            continue
        if isinstance(found, EventEnvelope):
            seen.add(message.partition)
            if found.before > NOWHERE:
                raise begun_amid(topic.name)
    return False
