"""The inbox: how public events of others are stored, and under which names, before anything is done about them.

Each is an ordinary event of the log: durable before it is acknowledged, in order by its key, there for ever. Its id is
derived from inbox, source and id, so that a repeat writes nothing.
"""

import re
from hashlib import blake2b
from urllib.parse import quote
from uuid import UUID

from eventfold.bus.cloudevents.reading import Incoming
from eventfold.errors import DefinitionError, EventfoldError
from eventfold.events.envelope import NewEvent
from eventfold.events.event import Event
from eventfold.events.metadata import metadata_text
from eventfold.events.registry import Registry
from eventfold.events.times import parse_time
from eventfold.handlers.declaring.message import TRACEPARENT

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._~:@!$&'()*+,;=-]+", re.ASCII)
_LONGEST = 180
"""Characters of a key that stand in a stream's name; of a longer one a digest stands there."""
_CARRIED = {"correlationid": "correlationId", "causationid": "causationId", "traceparent": TRACEPARENT}


class PublicEventReceived(Event, frozen=True, name="PublicEventReceived"):
    """A public event of others, as it arrived.

    Attributes:
        inbox: the name under which it was received.
        source: who speaks.
        id: of the event, as they gave it.
        type: its public name.
        attributes: all others, as text.
        media_type: of the data.
        text: the data, where they are text; JSON as it was written.
        content: the data, where they are bytes.
    """

    inbox: str
    source: str
    id: str
    type: str
    attributes: dict[str, str]
    media_type: str
    text: str | None
    content: bytes | None


class PublicEventUnreadable(Event, frozen=True, name="PublicEventUnreadable"):
    """What arrived and could not be read.

    Attributes:
        inbox: the name under which it was received.
        media_type: of the content.
        content: the bytes.
        code: of the error.
        message: of the error.
    """

    inbox: str
    media_type: str
    content: bytes
    code: str
    message: str


STORED = (PublicEventReceived, PublicEventUnreadable)
_encode = Registry(STORED).encode


def check_inbox(name: object) -> str:
    """The name, if an inbox can be called so.

    Raises:
        DefinitionError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r:.60} is no name of a source of public events: take a small letter, then up to 39 of a-z, 0-9, _."
        )
    return name


def category_of_inbox(inbox: str) -> str:
    """The category of the streams of an inbox."""
    return f"inbox_{inbox}"


def stream_of(inbox: str, key: str) -> str:
    """The stream of a key; two keys never share one."""
    if _PLAIN.fullmatch(key) and len(key) <= _LONGEST:
        rest = key
    else:
        rest = quote(key, safe="")
        if len(rest) > _LONGEST:
            rest = f"%%{_digest(key.encode())}"  # what is quoted has no such beginning
    return f"{category_of_inbox(inbox)}-{rest}"


def stored(inbox: str, event: Incoming) -> tuple[str, NewEvent]:
    """A public event as it is appended, and its stream.

    Raises:
        InvalidEvent: it holds what no store can keep.
    """
    received = PublicEventReceived(
        inbox=inbox,
        source=event.source,
        id=event.id,
        type=event.type,
        attributes=event.attributes,
        media_type=event.media_type,
        text=event.text,
        content=event.content,
    )
    told = {ours: event.attributes[name] for name, ours in _CARRIED.items() if name in event.attributes}
    time = event.attributes.get("time")
    made = _encode(
        received,
        metadata=metadata_text(told),
        event_id=_derived(inbox, event.source, event.id),
        occurred_at=None if time is None else parse_time(time, "time", cut=True),
    )
    return stream_of(inbox, event.key), made


def stored_unreadable(
    inbox: str, content: bytes, media_type: str, error: EventfoldError
) -> tuple[str, NewEvent]:
    """What could not be read as it is appended, and its stream: one of its own, which holds nobody up."""
    digest = _digest(content)
    unreadable = PublicEventUnreadable(
        inbox=inbox,
        media_type=media_type,
        content=content,
        code=error.code,
        message=error.message,
    )
    made = _encode(unreadable, metadata=metadata_text(), event_id=_derived(inbox, "unreadable", digest))
    return f"{category_of_inbox(inbox)}-%unreadable-{digest}", made


def _derived(*parts: str) -> UUID:
    """A UUIDv8 of texts that hold no line feed."""
    drawn = blake2b("\n".join(parts).encode(), digest_size=16, person=b"eventfold/inbox").digest()
    number = int.from_bytes(drawn) & ~((0xF << 76) | (0x3 << 62))
    return UUID(int=number | (0x8 << 76) | (0x2 << 62))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
