"""Public events of others as they arrive: CloudEvents 1.0 in structured, batched or binary mode.

What is wrong is refused by a sentence before anything of it is used. Attributes that nobody knows are kept.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import BATCH, JSON, NAME, STRUCTURED, declares_json, fault_of
from eventfold.errors import (
    BatchTooLarge,
    BodyEmpty,
    EncodingInvalid,
    EventfoldError,
    MediaTypeUnsupported,
    ObjectExpected,
    PayloadInvalid,
    TimeInvalid,
)
from eventfold.events.jsontext import compact_object, compact_value
from eventfold.events.times import parse_time

PREFIX = "ce-"
_REQUIRED = ("specversion", "id", "source", "type")
_INTEGER = range(-(2**31), 2**31)
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Incoming(msgspec.Struct, frozen=True):
    """One public event of others.

    Attributes:
        source: who speaks.
        id: of the event; unique with the source.
        type: its public name.
        attributes: all others, as text: `subject`, `time`, `dataschema`, `partitionkey` and what else there is.
        media_type: of the data.
        text: the data, where they are text; JSON as it was written.
        content: the data, where they are bytes.
    """

    source: str
    id: str
    type: str
    attributes: dict[str, str]
    media_type: str
    text: str | None = None
    content: bytes | None = None

    @property
    def key(self) -> str:
        """What it is kept in order by: `partitionkey`, else `subject`, else its id, which orders nothing."""
        return self.attributes.get("partitionkey") or self.attributes.get("subject") or self.id


def read_events(body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> list[Incoming]:
    """The public events of a message.

    Args:
        body: as it came.
        media_type: of the body. The two of CloudEvents in JSON say the mode; any other is that of data whose attributes
            stand in the headers (binary mode).
        headers: of the message, in any case.

    Raises:
        MediaTypeUnsupported: another format of CloudEvents, another encoding than UTF-8, or no CloudEvent at all.
        BodyEmpty: nothing where JSON belongs.
        InvalidJson: no JSON, nested too deep, a key twice, ...: each by its own class.
        PayloadInvalid: no CloudEvent: an attribute is missing or cannot be; the fact `field` names it.
        BatchTooLarge: more than `limits.BATCH_EVENTS`.
    """
    kind = media_type.partition(";")[0].strip().lower()
    charset = _CHARSET.search(media_type)
    if kind in {STRUCTURED, BATCH}:
        if charset is not None and charset[1].lower() not in {"utf-8", "utf8", "us-ascii", ""}:
            raise MediaTypeUnsupported(
                f"{media_type!r:.80} is not UTF-8, which JSON is.", media_type=media_type
            )
        if not body.strip():
            raise BodyEmpty("There is no body: send a CloudEvent in JSON.")
        return [read_structured(body)] if kind == STRUCTURED else read_batch(body)
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if kind.startswith("application/cloudevents") or f"{PREFIX}specversion" not in given:
        raise MediaTypeUnsupported(
            f"{media_type!r:.80} is no CloudEvent that is read here: send {STRUCTURED}, {BATCH}, or the attributes as"
            f" headers that begin with {PREFIX}.",
            media_type=media_type,
        )
    return [_read_binary(body, media_type, given)]


def read_structured(source: bytes, *, around: int = 1) -> Incoming:
    """A CloudEvent in JSON; errors as `read_events`.

    Args:
        source: the text.
        around: how many levels of JSON stand around what is data.
    """
    compact_object(source, around=around)
    members = _raw_object(source)
    data, encoded = members.pop("data", None), members.pop("data_base64", None)
    attributes = attributes_of({name: msgspec.json.decode(raw) for name, raw in members.items()})
    if encoded is not None and bytes(encoded) != b"null":
        if data is not None:
            raise no_cloudevent("data", "stands beside data_base64, and only one of them can be meant")
        return event_of(attributes, _decoded(msgspec.json.decode(encoded)))
    if data is None:
        return event_of(attributes, None)
    if declares_json(attributes.get("datacontenttype", JSON)):
        return event_of(attributes, bytes(data).decode())
    text = msgspec.json.decode(data)
    if not isinstance(text, str):
        raise no_cloudevent("data", "is no text, and its datacontenttype says that it is no JSON")
    return event_of(attributes, text)


def read_batch(source: bytes) -> list[Incoming]:
    """The CloudEvents of a list in JSON, in its order; errors as `read_events`, with the place of the wrong one."""
    compact_value(source, around=2)
    if source.lstrip()[:1] != b"[":
        raise ObjectExpected("A batch of CloudEvents is a JSON array of objects.")
    found = _raw_list(source)
    if len(found) > limits.BATCH_EVENTS:
        raise BatchTooLarge(f"A batch has {len(found):,} events; at most {limits.BATCH_EVENTS:,} fit.")
    events = []
    for n, one in enumerate(found):
        try:
            events.append(read_structured(bytes(one)))
        except EventfoldError as error:
            raise type(error)(f"Event {n} of the batch: {error.message}", **error.facts, index=n) from None
    return events


def _read_binary(body: bytes, media_type: str, headers: Mapping[str, str]) -> Incoming:
    named = {
        name.removeprefix(PREFIX): _unescaped(value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    if "datacontenttype" in named:
        raise no_cloudevent("datacontenttype", "stands in a header of its own; it is the Content-Type")
    attributes = attributes_of({**named, **({"datacontenttype": media_type} if media_type else {})})
    return event_of(attributes, body or None)


def event_of(attributes: dict[str, str], data: str | bytes | None) -> Incoming:
    """A CloudEvent of its attributes, which `attributes_of` gave, and its data; errors as `read_events`."""
    media_type = attributes.pop("datacontenttype", JSON)
    if isinstance(data, bytes) and declares_json(media_type):
        compact_value(data)
        data = data.decode()
    said = {name: attributes.pop(name) for name in ("source", "id", "type")}
    return Incoming(
        **said,
        attributes=attributes,
        media_type=media_type,
        text=data if isinstance(data, str) else None,
        content=data if isinstance(data, bytes) else None,
    )


def attributes_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The attributes as text, without those that say nothing; `specversion` is looked at and left out.

    Raises:
        PayloadInvalid, TimeInvalid: one is missing, or cannot be what it is.
    """
    found: dict[str, str] = {}
    for name, value in given.items():
        if not NAME.fullmatch(name):
            raise no_cloudevent(name, "is no name of an attribute: those are of small letters and digits")
        text = _text(name, value)
        if len(text) > limits.ATTRIBUTE_CHARS:
            raise no_cloudevent(name, f"has {len(text):,} characters; at most {limits.ATTRIBUTE_CHARS:,} fit")
        if text and (why := fault_of(text)):
            raise no_cloudevent(name, f"cannot be what it is: {why}")
        if text:
            found[name] = text
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        raise no_cloudevent(missing[0], "is missing: every CloudEvent has specversion, id, source and type")
    if (version := found.pop("specversion")) != "1.0":
        raise no_cloudevent("specversion", f"is {version!r:.20}; CloudEvents 1.0 are read here")
    if "time" in found and parse_time(found["time"], "time", cut=True).utcoffset() is None:
        raise TimeInvalid(f"The time {found['time']!r:.60} has no time zone.", field="time")
    return found


def _text(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() if value in _INTEGER:
            return str(value)
        case str():
            return value
        case _:
            raise no_cloudevent(name, "is neither text, a whole number of 32 bits, true nor false")


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError):
        raise no_cloudevent("data_base64", "is not base64") from None


def _unescaped(value: str) -> str:
    """A header as text: percent-encoded UTF-8, and quoted where the sender keeps to an earlier specification."""
    plain = _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found[1]), value)
    try:
        return unquote_to_bytes(plain).decode()
    except UnicodeDecodeError:
        raise EncodingInvalid("A header of a CloudEvent is not UTF-8 in percent-encoding.") from None


def no_cloudevent(field: str, what: str) -> PayloadInvalid:
    """The error of what is wrong with an attribute."""
    return PayloadInvalid(f"This is no CloudEvent: {field[:40]!r} {what}.", field=field[:40])
