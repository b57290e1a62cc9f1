"""The headers of webhooks: those of every request, those that a target is given, and what of them is secret."""

import re
from collections.abc import Iterator, Mapping, Sequence

from eventfold.errors import ConfigInvalid
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.port import Body
from eventfold.handlers.targets.signing import sent_id

_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_OURS = frozenset(
    {
        "host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "upgrade",
        "expect", "te", "trailer", "idempotency-key", "traceparent", "webhook-id", "webhook-timestamp",
        "webhook-signature",
    }
)  # fmt: skip
_LONG = 8
"""Characters from which on a word is not repeated: "Bearer" may be, and not what follows it."""


def headers_of(body: Body, message: Message) -> dict[str, str]:
    """Those that say what is sent and which effect it is."""
    found = {
        "User-Agent": "eventfold",
        "Accept-Encoding": "identity",  # what is packed could unpack without end
        "Content-Type": body.media_type,
        "Idempotency-Key": message.key,
        "webhook-id": sent_id(message.key),
    }
    if message.traceparent and _TRACE.fullmatch(message.traceparent):  # it comes from who made the event
        found["traceparent"] = message.traceparent
    return found


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a target is given.

    Raises:
        ConfigInvalid: one of them cannot be sent, is ours, or stands there twice; its value is not repeated.
    """
    if len({str(name).lower() for name in headers}) < len(headers):
        raise ConfigInvalid(
            "A header is given twice; name and password in the URL are the header Authorization.",
            key="headers",
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigInvalid(f"{name!r:.60} is no name of a header.", key="headers")
        if name.lower() in _OURS:
            raise ConfigInvalid(
                f"The header {name} is set for each request, and cannot be given.", key="headers"
            )
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ConfigInvalid(
                f"The value of the header {name} is not ASCII on one line, without spaces around it.",
                key="headers",
            )
    return dict(headers)


def listed(secrets: Sequence[str]) -> Sequence[str]:
    """The secrets, if they are several and not one text, whose letters would be taken for them.

    Raises:
        ConfigInvalid: they are one.
    """
    if isinstance(secrets, str):
        raise ConfigInvalid("secrets= of a webhook is a list of texts.", key="secrets")
    return secrets


def secret_words(headers: Mapping[str, str]) -> Iterator[str]:
    """What of the headers may be secret, the longest first."""
    for value in headers.values():
        yield value
        yield from (word for word in value.split() if len(word) >= _LONG)
