"""The URL of a topic of Apache Kafka, as settings of the client."""

from eventfold.bus.kafka.security import OPTIONS, security_settings
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.kafka.url import is_server, mode_of, options_of, split, topic_of
from eventfold.bus.port import Topic
from eventfold.errors import UnsupportedUrl


def open_url(url: str, secret: str | None = None) -> Topic:
    """The topic of `kafka://HOST:PORT[,HOST:PORT]/TOPIC[?mode=MODE&security=HOW&user=NAME&mechanism=NAME&ca=FILE]`.

    The password is the secret, or stands in the environment.

    Raises:
        UnsupportedUrl: it is no such URL. What it holds is not repeated, since that may be a password.
        ConfigInvalid: its options contradict each other, or a file or a secret that they need is missing.
    """
    parts = split(url, _wrong)
    servers = parts.netloc.split(",")
    if not all(is_server(server) for server in servers):
        raise _wrong("its brokers are HOST:PORT, with commas between them, without a user or a password")
    topic = topic_of(parts, _wrong)
    options = options_of(parts, OPTIONS, _wrong)
    mode = mode_of(options, "transactional", _wrong)
    client = {"bootstrap.servers": ",".join(servers), **security_settings(options, servers, secret)}
    return KafkaTopic(client, topic, mode=mode)


def _wrong(what: str) -> UnsupportedUrl:
    return UnsupportedUrl(f"A topic is kafka://HOST:PORT/TOPIC: {what}.", scheme="kafka", key="bus")
