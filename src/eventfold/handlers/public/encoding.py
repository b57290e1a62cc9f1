"""A public event on its way out: a CloudEvent 1.0 in structured JSON."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import JSON, STRUCTURED, fault_of, fault_of_source
from eventfold.errors import EventfoldError, HandlerFailed
from eventfold.events.shape import checker
from eventfold.events.storable import check_depth
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.event import PublicEvent, schema_uri
from eventfold.handlers.targets.port import Body

_encode = msgspec.json.Encoder().encode


def encode_public(event: PublicEvent, message: Message, source: str) -> Body:
    """The event as others get it: the same bytes at every repeat.

    Its id is derived from `message.key`, so that a repeat is known as one, and neither the handler nor the stream
    shows. `time` is when the event happened; `correlationid`, `causationid` and `traceparent` go on where the event
    has them.

    Args:
        event: what the handler made.
        message: what it made it of.
        source: who speaks, as a URI reference; an absolute URI is known everywhere.

    Raises:
        HandlerFailed: a value that cannot be written, a key that is no text to be ordered by, or more than
            `limits.EVENT_BYTES`.
    """
    kind = type(event)
    if why := fault_of_source(source):
        raise _failed(message, f"has the source {source!r:.60}, but {why}")
    data = _data(event, message)
    key = _key(event, message)
    said: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(public_id(message.key)),
        "source": source,
        "type": kind.public_name,
        **({} if key is None else {"subject": key}),
        "time": message.occurred_at,
        "datacontenttype": JSON,
        "dataschema": schema_uri(kind),
        **({} if key is None else {"partitionkey": key}),
        "causationid": str(message.event_id),
        **_carried(message),
        "data": msgspec.Raw(data),
    }
    content = _encode(said)
    if len(content) > limits.EVENT_BYTES:
        raise _failed(
            message, f"has {len(content):,} bytes as a CloudEvent; at most {limits.EVENT_BYTES:,} fit"
        )
    return Body(STRUCTURED, content)


def public_id(key: str) -> UUID:
    """The id of what one handler publishes of one event: a UUIDv8 that says nothing of either."""
    drawn = int.from_bytes(blake2b(key.encode(), digest_size=16, person=b"eventfold/public").digest())
    return UUID(int=drawn & ~((0xF << 76) | (0x3 << 62)) | (0x8 << 76) | (0x2 << 62))


def _data(event: PublicEvent, message: Message) -> bytes:
    try:
        _check(type(event))(event)
        data = _encode(event)
        check_depth(data, type(event).public_name)
    except EventfoldError as error:
        raise _failed(message, f"cannot be written: {error.message.rstrip('.')}") from None
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise _failed(message, f"cannot be written: {error}") from None
    return data


@lru_cache(maxsize=1024)
def _check(kind: type[PublicEvent]) -> Callable[[Any], None]:
    return checker(kind)


def _key(event: PublicEvent, message: Message) -> str | None:
    field = type(event).key_field
    if field is None:
        return None
    value = msgspec.to_builtins(getattr(event, field))
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _failed(message, f"has the key {field} = {value!r:.60}, which is neither text nor a number")
    if why := fault_of(str(value)):
        raise _failed(message, f"has the key {field} = {value!r:.60}, but {why}")
    return str(value)


def _carried(message: Message) -> dict[str, str]:
    """What is told on where it can be: a trace that cannot be written holds nobody up."""
    found = {"correlationid": message.correlation_id, "traceparent": message.traceparent}
    return {name: text for name, text in found.items() if text is not None and not fault_of(text)}


def _failed(message: Message, what: str) -> HandlerFailed:
    return HandlerFailed(
        f"The public event that {message.handler} made of {message.stream}/{message.version} {what}.",
        handler=message.handler,
        stream=message.stream,
        version=message.version,
    )
