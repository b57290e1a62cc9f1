"""`TopicTarget`: each effect is a record of a topic of Apache Kafka, or an event of an event hub."""

from contextlib import closing
from urllib.parse import urlsplit

from eventfold.bus.open import open_topic
from eventfold.errors import (
    BusUnavailable,
    ConfigInvalid,
    TargetUnavailable,
    TopicUnfit,
    UnsupportedUrl,
)
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.limits import checked_rate, checked_timeout
from eventfold.handlers.targets.topics.records import record_of

SCHEMES = ("kafka", "eventhubs")
_FORM = "cloudevents"
_FORMS = ("binary", "structured")


class TopicTarget:
    """A target that sends each effect to a topic, and returns when every replica that keeps up has it.

        targets={"shipments": ef.TopicTarget("kafka://broker.example:9092/shipments")}

    A public event is a CloudEvent in binary mode, its key is the record's, and its id is the same at every repeat. What
    a `notify` handler returns is JSON with the key of its stream and the header `idempotency-key`. Effects that are
    under way at once share a connection; those of a stream stand in the topic in its order.

    No answer pauses the target, and so does a topic that is missing or forbidden. What the topic does not take, for
    example since it is too large, is refused. Needs `eventfold[kafka]`, or `eventfold[eventhubs]`.

    Args:
        url: `kafka://HOST:PORT/TOPIC` or `eventhubs://NAMESPACE/HUB` with the options of the setting `bus`;
            `?cloudevents=structured` sends public events as one JSON.
        timeout: seconds for one effect.
        rate: effects a second, at most.
        secret: the password of the user, or the connection string of Event Hubs; None = that of the environment.

    Raises:
        UnsupportedUrl: it names no topic.
        ConfigInvalid: options contradict each other, or a file or a secret is missing; the fact `key` names it.
        ExtraMissing: the packages are not installed.
    """

    def __init__(
        self, url: str, *, timeout: float = 10.0, rate: float | None = None, secret: str | None = None
    ) -> None:
        self.timeout = checked_timeout(timeout)
        self.rate = checked_rate(rate)
        plain, form = _without_form(url)
        with closing(open_topic(plain, secret=secret)) as topic:
            self._topic = topic.name
            self._publisher = topic.publisher(self.timeout)
        self._scheme = urlsplit(plain).scheme
        self._is_structured = form == "structured"

    def send(self, payload: object, message: Message) -> None:
        """Sends an effect; errors as `Target.send`."""
        key, value, headers = record_of(payload, message, is_structured=self._is_structured)
        try:
            self._publisher.publish(key, value, headers)
        except (BusUnavailable, TopicUnfit, ConfigInvalid) as error:
            # says nothing of the event: whoever runs the topic has to act
            raise TargetUnavailable(
                f"The topic {self._topic} took nothing: {error.message}", target=self._topic, retry_after=None
            ) from None

    def close(self) -> None:
        """Ends the connections; what is not acknowledged is given up."""
        self._publisher.close()

    def __repr__(self) -> str:
        """Which topic, without secrets."""
        return f"<TopicTarget {self._scheme} {self._topic}>"


def _without_form(url: str) -> tuple[str, str]:
    """The URL of the topic, and in which form public events are sent there."""
    head, mark, query = url.partition("?") if isinstance(url, str) else ("", "", "")
    pairs = query.split("&") if mark else []
    forms = [pair.partition("=")[2] for pair in pairs if pair.partition("=")[0] == _FORM]
    if len(forms) > 1 or not set(forms) <= set(_FORMS):
        raise UnsupportedUrl(
            f"The option {_FORM} of a topic is {' or '.join(_FORMS)}, once.", scheme="kafka", key="targets"
        )
    rest = "&".join(pair for pair in pairs if pair.partition("=")[0] != _FORM)
    return head + ("?" + rest if rest else ""), forms[0] if forms else _FORMS[0]


def with_topic(url: str, topic: str) -> str | None:
    """The URL of a topic of a broker whose URL names none; None where it is no such URL.

    Args:
        url: `kafka://HOST:PORT` or `eventhubs://NAMESPACE`.
        topic: its name.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in SCHEMES or parts.path not in {"", "/"}:
        return None
    return parts._replace(path=f"/{topic}").geturl()
