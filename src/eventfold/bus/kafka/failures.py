"""What the client reports, as errors of ours."""

import re
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from eventfold.bus.kafka.security import CONNECTION, PASSWORD
from eventfold.errors import BusUnavailable, ConfigInvalid, EventfoldError, RelayFenced, TopicUnfit

END: int = KafkaError._PARTITION_EOF  # noqa: SLF001 - a name of the client
"""No error: nothing more is there."""
_FENCED = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}  # noqa: SLF001 - a name of the client
_ABSENT = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - a name of the client
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - a name of the client
}
_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
_FORGOTTEN = {
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - a name of the client
}
_CHOOSING = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
}
"""As partitions answer that have a new leader, or the same one again, to who knew them before."""
_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
_SILENT = {
    KafkaError._TRANSPORT,  # noqa: SLF001 - names of the client
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TIMED_OUT_QUEUE,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError.REQUEST_TIMED_OUT,
}
FAR = "tried was {}. Look whether a broker runs there and can be reached from here; nothing is lost while it cannot."
"""What to do about a broker that does not answer, with where it was looked for."""
_OTHER_MECHANISM = "Unsupported SASL mechanism"
_OTHER_STATE = "Request not valid in current SASL state"
"""As a port answers that takes everybody."""
_OF_HUBS = "request.timeout.ms"
"""A setting that only those have who call an event hub: elsewhere any user may have the same name."""
_UNKNOWN_AUTHORITY = "certificate verify failed"
_PASSAGE = re.compile(
    r" ?\(after \d+ms in state [^)]*\)|(sasl_)?(ssl|plaintext)://|/bootstrap"
    r"|: broker's supported mechanisms: *(?= \(after|$)"
)


def without_passage(text: str) -> str:
    """What the client said, without what says nothing to who reads it."""
    return _PASSAGE.sub("", text).rstrip(" :")


def is_silence(error: KafkaException) -> bool:
    """Whether nobody answered."""
    found: KafkaError = error.args[0]
    return found.code() in _SILENT


def is_forgotten(error: KafkaError) -> bool:
    """Whether an offset lies before the first message that is kept, or behind the last."""
    return error.code() in _FORGOTTEN


def is_passing(error: KafkaException) -> bool:
    """Whether the broker may only need a moment: one that has just started does not know its topics yet."""
    found: KafkaError = error.args[0]
    return found.code() in _CHOOSING | _ABSENT


def is_unknown(error: KafkaException) -> bool:
    """Whether the broker knows no such topic."""
    found: KafkaError = error.args[0]
    return found.code() in _ABSENT


def failure(
    error: KafkaError | KafkaException, topic: str, what: str, heard: str = "", *, was_there: bool = True
) -> EventfoldError:
    """The error that a report means.

    Args:
        error: of the client.
        topic: what the topic is called in sentences.
        what: was being done.
        heard: what the client said last by the way.
        was_there: the topic was seen before: a broker that does not know it has just started, as far as anybody knows.
    """
    found: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    code = found.code()
    if code in _FENCED:
        return RelayFenced(
            f"Another relay sends to {topic}, and the broker takes nothing of this one any more ({found.str()}).",
            topic=topic,
        )
    if code in _ABSENT and not was_there:
        return TopicUnfit(
            f"There is no topic {topic}, or not with that partition: make it first.", topic=topic
        )
    if code in _LARGE:
        return TopicUnfit(
            f"{topic} takes no message as large as one of these events: raise max.message.bytes of the topic. Azure"
            " Event Hubs takes 1 MB at most; there, events that are larger have to be kept from being written.",
            topic=topic,
        )
    if code in _REFUSED:
        return TopicUnfit(f"The broker forbids it, {what} {topic}: {found.str()}.", topic=topic)
    cause = f" The client said: {heard}." if heard else ""
    return BusUnavailable(
        f"{topic} did not answer, {what}: {found.str()} ({found.name()}).{cause}", topic=topic
    )


def refused(error: KafkaError, topic: str, client: Mapping[str, Any]) -> EventfoldError | None:
    """The error of a broker that lets nobody in; None where it may yet.

    Args:
        error: what the client said by the way.
        topic: what the topic is called in sentences.
        client: its settings; none of its secrets is repeated.
    """
    cause = without_passage(error.str())
    if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - a name of the client
        who, mend, key = _signing(client, cause)
        return ConfigInvalid(f"The broker of {topic} does not let {who} in: {cause}. {mend}", key=key)
    if _UNKNOWN_AUTHORITY not in cause:
        return None
    if "ssl.ca.location" in client:
        mend = f"Nobody in {client['ssl.ca.location']} has signed it for this host; name the file of who has."
    else:
        mend = "No authority of this machine has signed it for this host; name the file of one that has: ?ca=/FILE."
    return ConfigInvalid(
        f"The certificate of the broker of {topic} is not believed, so nothing was told to it. {mend}",
        key="bus",
        cause=cause,
    )


def _signing(client: Mapping[str, Any], cause: str) -> tuple[str, str, str]:
    """Who signs in, what to look at where that fails, and the setting that it is about."""
    connection, name = CONNECTION, PASSWORD
    is_hub = _OF_HUBS in client
    if "oauth_cb" in client:
        role = "Look whether it has the role Azure Event Hubs Data Owner, or Sender and Receiver, on the namespace."
        return "the identity of Entra ID", role, connection
    if is_hub:
        return "the connection string", f"Look whether the key in {connection} is one of now.", connection
    user = f"the user {client.get('sasl.username', ''):.60}"
    if _OTHER_STATE in cause:
        return user, "Nobody signs in at this port: leave out user, or take the port for those who do.", "bus"
    if _OTHER_MECHANISM in cause:
        used = client.get("sasl.mechanisms", "")
        return user, f"It does not take {used}: name one that it has, by mechanism, or leave that out.", "bus"
    return user, f"Look at the password in {name}.", name
