"""Whether a topic can hold the events of a log, and what is there can be followed."""

from eventfold.bus.messages.envelopes import Envelope
from eventfold.errors import ForeignCursor, TopicRepartitioned, TopicUnfit


def check_ours(topic: str, found: Envelope, log: str, count: int) -> None:
    """Refuses a message of another log, or of a time when the topic had another number of partitions.

    Raises:
        ForeignCursor: of another log.
        TopicRepartitioned: another number of partitions.
    """
    if found.log != log:
        raise ForeignCursor(
            f"{topic} holds events of the log {found.log:.60}, this is {log}: a topic has the events of one log. Take"
            " another topic.",
            cursor_log=found.log,
            log=log,
        )
    if found.topic_partitions != count:
        raise repartitioned(topic, found.topic_partitions, count)


def repartitioned(topic: str, before: int, now: int) -> TopicRepartitioned:
    """The error of a topic whose number of partitions was changed."""
    return TopicRepartitioned(
        f"{topic} had {before} partitions when events were sent there and has {now} now, which tears the events of a"
        " stream apart. Make a new topic and let the relay fill it from the log; what follows the old one is rebuilt"
        " there.",
        topic=topic,
        before=before,
        now=now,
    )


def begun_amid(topic: str) -> TopicUnfit:
    """The error of a topic that was deleted and made again while a relay sent to it."""
    return TopicUnfit(
        f"{topic} was made anew while a relay was sending, so that it begins in the middle of the log and nobody can"
        " follow it. Delete it and make it again while no relay runs: the next one fills it from the log, and what"
        " follows it is rebuilt there: `eventfold rebuild`.",
        topic=topic,
    )
