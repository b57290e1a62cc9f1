"""An effect as one line of JSON: how a file keeps it and how a log tells it."""

import base64
from typing import Any

import msgspec

from eventfold.errors import EffectRefused
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.port import Body, as_body

_encode = msgspec.json.Encoder().encode
CLOUDEVENTS = "application/cloudevents+json"


def told(message: Message) -> dict[str, Any]:
    """Which effect it is, without a word of what it says."""
    return {
        "key": message.key,
        "handler": message.handler,
        "stream": message.stream,
        "version": message.version,
        "type": message.recorded.type,
        "correlationId": message.correlation_id,
    }


def line_of(payload: Any, message: Message) -> bytes:
    """The line that keeps an effect. A CloudEvent is its own line, since it says by itself which one it is.

    Raises:
        EffectRefused: the payload says that it is JSON, and is none.
    """
    body = as_body(payload)
    if body.media_type.partition(";")[0].strip() == CLOUDEVENTS:
        return _one_line(body) + b"\n"
    return _encode({**told(message), **content_of(body)}) + b"\n"


def content_of(body: Body) -> dict[str, Any]:
    """A payload as it stands in a line: JSON as it is, other bytes in base64."""
    if body.media_type.partition(";")[0].strip() == "application/json":
        return {"payload": msgspec.Raw(_one_line(body))}
    return {"mediaType": body.media_type, "content": base64.b64encode(body.content).decode()}


def _one_line(body: Body) -> bytes:
    try:
        msgspec.json.decode(body.content)
        return msgspec.json.format(body.content, indent=-1)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EffectRefused(f"What is said to be {body.media_type} is no JSON.") from None
