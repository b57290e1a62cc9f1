"""What the client reports, as errors of ours."""

from confluent_kafka import KafkaError, KafkaException

from eventfold.errors import BusUnavailable, EventfoldError, RelayFenced, TopicUnfit

END: int = KafkaError._PARTITION_EOF  # noqa: SLF001 - a name of the client
"""No error: nothing more is there."""
_FENCED = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}  # noqa: SLF001 - a name of the client
_ABSENT = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - a name of the client
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - a name of the client
}
_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
_CHOOSING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}


def is_passing(error: KafkaException) -> bool:
    """Whether the broker only needs a moment, since leaders are being chosen."""
    found: KafkaError = error.args[0]
    return found.code() in _CHOOSING


def failure(error: KafkaError | KafkaException, topic: str, what: str, heard: str = "") -> EventfoldError:
    """The error that a report means.

    Args:
        error: of the client.
        topic: what the topic is called in sentences.
        what: was being done.
        heard: what the client said last by the way.
    """
    found: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    code = found.code()
    if code in _FENCED:
        return RelayFenced(
            f"Another relay sends to {topic}, and the broker takes nothing of this one any more ({found.str()}).",
            topic=topic,
        )
    if code in _ABSENT:
        return TopicUnfit(
            f"There is no topic {topic}, or not with that partition: make it first.", topic=topic
        )
    if code in _LARGE:
        return TopicUnfit(
            f"{topic} takes no message as large as one of these events: raise max.message.bytes of the topic.",
            topic=topic,
        )
    if code in _REFUSED:
        return TopicUnfit(f"The broker forbids it, {what} {topic}: {found.str()}.", topic=topic)
    cause = f" The client said: {heard}." if heard else ""
    return BusUnavailable(
        f"{topic} did not answer, {what}: {found.str()} ({found.name()}).{cause}", topic=topic
    )
