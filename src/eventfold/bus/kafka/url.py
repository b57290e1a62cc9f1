"""What the URLs of topics have in common: a topic's name, its mode, options that stand once."""

import re
from collections.abc import Callable, Collection
from typing import get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from eventfold.bus.kafka.topic import Mode
from eventfold.errors import UnsupportedUrl

_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:([0-9]{1,5}))?", re.ASCII)
_PORTS = range(1, 2**16)
"""The client takes a larger number modulo 65,536, and reaches somebody else."""
MODES: tuple[Mode, ...] = get_args(Mode)
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
Wrong = Callable[[str], UnsupportedUrl]


def is_server(text: str) -> bool:
    """Whether a text is HOST or HOST:PORT."""
    found = _SERVER.fullmatch(text)
    return found is not None and (found[3] is None or int(found[3]) in _PORTS)


def split(url: str, wrong: Wrong) -> SplitResult:
    """The parts of a URL.

    Args:
        url: as it was given.
        wrong: makes the error of what is amiss, without repeating the URL, which may hold a password.
    """
    try:
        return urlsplit(url)
    except ValueError:
        raise wrong("this is no URL") from None


def topic_of(parts: SplitResult, wrong: Wrong) -> str:
    """The name of the topic."""
    topic = unquote(parts.path.removeprefix("/"))
    if not _TOPIC.fullmatch(topic) or topic in {".", ".."}:
        raise wrong("a topic stands behind the host: up to 249 letters, digits and ._-")
    return topic


def options_of(parts: SplitResult, known: Collection[str], wrong: Wrong) -> dict[str, str]:
    """The options by name."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    found = dict(pairs)
    if not found.keys() <= {*known, "mode"} or parts.fragment:
        raise wrong(f"its options are {', '.join(sorted({*known, 'mode'}))}")
    if len(found) < len(pairs):
        raise wrong("an option stands once")
    if "" in found.values():
        raise wrong("an option has a value")
    return found


def mode_of(options: dict[str, str], default: Mode, wrong: Wrong) -> Mode:
    """The mode, which is taken out of the options."""
    mode = options.pop("mode", default)
    if mode not in MODES:
        raise wrong(f"mode is {' or '.join(MODES)}")
    return mode
