"""Opens a topic by URL. An adapter is imported only when its URL is opened."""

from importlib import import_module
from typing import Any, NamedTuple

from eventfold.bus.port import Topic
from eventfold.errors import UnsupportedUrl
from eventfold.extras import needing

_ADAPTERS = {
    "kafka": ("eventfold.bus.kafka.address", "kafka"),
    "eventhubs": ("eventfold.bus.kafka.eventhubs", "eventhubs"),
}
"""URL scheme -> module with `open_url(url, secret)`, and the extra that brings its packages."""


class Java(NamedTuple):
    """A topic for a client in Java.

    Attributes:
        topic: its name.
        settings: of the client; a password is among them.
    """

    topic: str
    settings: dict[str, str]


def java_client(url: str) -> Java:
    """What a client in Java needs to read the topic behind a URL; arguments and errors as `open_topic`."""
    topic: Any = open_topic(url)
    try:
        settings: dict[str, str] = import_module("eventfold.bus.kafka.java").java_settings(topic.settings)
        return Java(topic.name, settings)
    finally:
        topic.close()


def open_topic(url: str, *, secret: str | None = None) -> Topic:
    """The topic behind a URL; the caller closes it.

    Args:
        url: `kafka://HOST:PORT/TOPIC`; more brokers stand behind commas. `?mode=plain` is for a broker that has no
            transactions; `security`, `user`, `mechanism` and `ca` say how it is spoken to, and the password stands in
            EVENTFOLD_KAFKA_PASSWORD. Or `eventhubs://NAMESPACE/HUB`, with `?mode=transactional` where the namespace has
            transactions; the connection string stands in EVENTFOLD_EVENTHUBS_CONNECTION, else Entra ID signs in.
        secret: the password, or the connection string; None = that of the environment.

    Raises:
        UnsupportedUrl: a scheme that no adapter serves, or a URL that names no topic.
        ConfigInvalid: options that contradict each other, or a file or a secret that is missing or cannot be right.
        ExtraMissing: the adapter's packages are not installed.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _ADAPTERS:
        shown = scheme if separator and scheme.isalnum() else "such"
        raise UnsupportedUrl(
            f"No bus is known for {shown!r} URLs: a topic is kafka://HOST:PORT/TOPIC or"
            " eventhubs://NAMESPACE/HUB.",
            scheme=shown,
            key="bus",
        )
    module, extra = _ADAPTERS[scheme]
    with needing(f"{scheme}://", extra):
        topic: Topic = import_module(module).open_url(url, secret)
    return topic
