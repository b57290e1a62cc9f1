"""The URL of a topic, as settings of the client."""

import re
from typing import get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.port import Topic
from eventfold.errors import UnsupportedUrl

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII)
MODES: tuple[Mode, ...] = get_args(Mode)


def open_url(url: str) -> Topic:
    """The topic of `kafka://HOST:PORT[,HOST:PORT]/TOPIC[?mode=MODE]`.

    Raises:
        UnsupportedUrl: it is no such URL. What it holds is not repeated, since that may be a password.
    """
    parts = urlsplit(url)
    servers, topic = parts.netloc.split(","), unquote(parts.path.removeprefix("/"))
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode = options.pop("mode", MODES[0])
    if not all(_SERVER.fullmatch(server) for server in servers):
        raise _wrong("its brokers are HOST:PORT, with commas between them, without a user or a password")
    if not _TOPIC.fullmatch(topic) or topic in {".", ".."}:
        raise _wrong("a topic stands behind the brokers: up to 249 letters, digits and ._-")
    if mode not in MODES:
        raise _wrong(f"mode is {' or '.join(MODES)}")
    if options or parts.fragment:
        raise _wrong("the only option is mode")
    return KafkaTopic({"bootstrap.servers": ",".join(servers)}, topic, mode=mode)


def _wrong(what: str) -> UnsupportedUrl:
    return UnsupportedUrl(f"A topic is kafka://HOST:PORT/TOPIC: {what}.", scheme="kafka", key="bus")
