"""Messages as events of a log again: exactly what was sent, or a typed error before anything of it is used.

A topic is a place that others may write to: what the headers say is held against the body.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import STRUCTURED, declares_json
from eventfold.bus.cloudevents.reading import read_structured
from eventfold.bus.messages.encoding import source_of
from eventfold.bus.messages.form import CONTENT_TYPE, FORMAT, OF_EVENTS, OURS, PREFIX, PROGRESS
from eventfold.errors import (
    BodyTooLarge,
    EncodingInvalid,
    EventfoldError,
    FormatUnknown,
    JsonDuplicateKey,
    MessageInvalid,
    TimeInvalid,
)
from eventfold.events.document import (
    Document,
    Exact,
    before_users,
    read_document,
    time_text,
    time_us,
    users_of,
)
from eventfold.events.envelope import RecordedEvent, to_us
from eventfold.events.times import parse_time
from eventfold.feed.cursor import Cursor, read_cursor

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST = len(str(limits.INT_MAX))
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True):
    """What a message says of itself; its body has not been taken apart.

    Attributes:
        log: the id of the log that it comes from.
        topic_partitions: how many partitions the topic had when it was sent.
        body: the document of the event, or the cursor of a progress record.
        attributes: of the CloudEvent.
    """

    log: str
    topic_partitions: int
    body: bytes
    attributes: dict[str, str]


class EventEnvelope(Envelope, frozen=True):
    """The envelope of an event.

    Attributes:
        partition: of its log.
        position: in that partition.
        stream: of the event.
        type: of the event.
    """

    partition: str
    position: int
    stream: str
    type: str

    def event(self) -> RecordedEvent:
        """The event, as its log holds it.

        Raises:
            MessageInvalid: the body is no document, or says something else than the headers.
            EncodingInvalid: it is not UTF-8.
        """
        said = self.attributes
        version, schema_version = _number(said, "streamversion", 1), _number(said, "schemaversion", 1)
        time, recorded = _time(said, "time"), said.get("recordedtime")
        recorded_us = time if recorded is None else _time(said, "recordedtime")
        found = self._document()
        told = (found.aggregateId, found.eventType, found.version, str(found.id))
        if told != (self.stream, self.type, version, said["id"]):
            raise _differs("the event", self.position)
        if found.timestamp != time_text(recorded_us) and _us(found.timestamp, "timestamp") != recorded_us:
            raise _differs("the time at which it was recorded", self.position)
        occurred_us = None if recorded is None else time
        exact = found.exact or Exact()
        users = _users(found, schema_version, occurred_us, self.position)
        return RecordedEvent(
            self.position,
            self.stream,
            version,
            self.type,
            schema_version,
            found.id.bytes,
            recorded_us,
            occurred_us,
            bytes(found.data).decode() if exact.data is None else exact.data,
            users if exact.metadata is None else exact.metadata,
            self.partition,
        )

    def _document(self) -> Document:
        try:
            self.body.decode()  # what is cut out of it raw is not looked at
            return read_document(self.body)
        except UnicodeDecodeError as error:
            raise EncodingInvalid(
                f"The body of the message is not UTF-8: byte {error.start} is wrong.", offset=error.start
            ) from None
        except JsonDuplicateKey as error:
            raise _tampered(f"{error.message.rstrip('.')}") from None
        except (msgspec.MsgspecError, RecursionError) as error:
            raise _tampered(f"it is no document of an event: {error}") from None


class ProgressEnvelope(Envelope, frozen=True):
    """The envelope of a progress record."""

    def cursor(self) -> Cursor:
        """How far the log has been read: everything at or below stands before the record in its topic partition.

        Raises:
            CursorInvalid: the body is no cursor.
            MessageInvalid: it is that of another log than the headers say.
        """
        found = read_cursor(self.body)
        if found.log != self.log:
            raise MessageInvalid(
                f"A progress record of the log {self.log:.60} has a cursor of the log {found.log:.60}.",
                reason="tampered",
                field="logid",
            )
        return found


def read_envelope(
    headers: Sequence[tuple[str, str | bytes | None]] | None, value: str | bytes | None
) -> EventEnvelope | ProgressEnvelope:
    """What a message of a topic says of itself, in binary or structured mode.

    Whether it is of the log that is followed, and whether the topic has as many partitions still, the reader compares.

    Args:
        headers: names and values as a client gives them; None: it has none.
        value: the body; None: it has none, as where somebody compacted the topic.

    Raises:
        MessageInvalid: it is none of ours (fact `reason` is `foreign`), lacks what every one of ours has
            (`incomplete`), or says what none of ours does (`wrong`); the fact `field` names the attribute.
        FormatUnknown: it was written by a later release.
        EncodingInvalid: a header is not UTF-8.
        BodyTooLarge: the body is larger than `limits.BODY_BYTES`.
    """
    given = dict(headers or ())
    if headers is not None and len(given) < len(headers):
        _check_once(headers)
    body = value.encode() if isinstance(value, str) else value or b""
    if len(body) > limits.BODY_BYTES:
        raise BodyTooLarge(
            f"The body of a message has {len(body):,} bytes; at most {limits.BODY_BYTES:,} are read.",
            bytes=len(body),
        )
    attributes, body = _apart(given, body)
    _check_ours(attributes)
    log, count = attributes["logid"], _number(attributes, "topicpartitions", 1)
    if attributes["type"] == PROGRESS:
        return ProgressEnvelope(log, count, body, attributes)
    _check_whole(attributes, (*OF_EVENTS, "subject", "time"))
    position = _number(attributes, "logposition", 1)
    for name in ("logpartition", "subject", "type"):
        if not attributes[name] or _CONTROL.search(attributes[name]):
            raise _wrong(name, f"is {attributes[name]!r:.80}, which is empty or has a control character")
    return EventEnvelope(
        log,
        count,
        body,
        attributes,
        attributes["logpartition"],
        position,
        attributes["subject"],
        attributes["type"],
    )


def _check_once(headers: Sequence[tuple[str, object]]) -> None:
    names = [name for name, _ in headers if name.startswith(PREFIX) or name == CONTENT_TYPE]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _wrong(twice, "stands twice among the headers")


def _apart(given: Mapping[str, str | bytes | None], body: bytes) -> tuple[dict[str, str], bytes]:
    """The attributes of a CloudEvent and its data, whichever mode it has."""
    kind = _text(CONTENT_TYPE, given.get(CONTENT_TYPE))
    if kind.partition(";")[0].strip().lower() == STRUCTURED:
        try:
            found = read_structured(body, around=_AROUND)
        except EventfoldError as error:
            raise _foreign(f"its body is no CloudEvent: {error.message.rstrip('.')}") from None
        attributes = {"id": found.id, "source": found.source, "type": found.type, **found.attributes}
        return {**attributes, "specversion": "1.0"}, (found.text or "").encode()
    attributes = {
        name[len(PREFIX) :]: _text(name, content)
        for name, content in given.items()
        if name.startswith(PREFIX)
    }
    if not declares_json(kind) and any(name in attributes for name in OURS):
        raise _wrong(CONTENT_TYPE, f"is {kind!r:.80} and no JSON")
    return attributes, body


_AROUND = 2
"""Levels of JSON that stand around data in structured mode: the CloudEvent, and the document."""


def _text(name: str, content: str | bytes | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise EncodingInvalid(
            f"The header {name!r:.60} of a message is not UTF-8: byte {error.start} is wrong.",
            offset=error.start,
            field=name[:60],
        ) from None


def _check_ours(attributes: Mapping[str, str]) -> None:
    """Tells messages of others, of later releases, and parts of ours."""
    if not any(name in attributes for name in OURS):
        raise _foreign("it has none of the headers of ours (ce_logid, ce_eventfold)")
    found = attributes.get("eventfold")
    if found not in (FORMAT, None):
        raise FormatUnknown(
            f"A message has the form {found!r:.20}, this program reads {FORMAT!r}: install the release that wrote it."
        )
    _check_whole(attributes, (*OURS, "specversion", "id", "source", "type"))
    if attributes["specversion"] != "1.0":
        raise _wrong("specversion", f"is {attributes['specversion']!r:.20}; CloudEvents 1.0 are read here")
    if attributes["source"] != source_of(attributes["logid"]):
        raise _wrong("source", f"is {attributes['source']!r:.60}, and not the log that ce_logid names")
    for name, text in attributes.items():
        if len(text) > limits.ATTRIBUTE_CHARS:
            raise _wrong(name, f"has {len(text):,} characters; at most {limits.ATTRIBUTE_CHARS:,} fit")


def _check_whole(attributes: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name not in attributes:
            raise MessageInvalid(
                f"A message has headers of ours and lacks {PREFIX}{name}: something on its way left it out.",
                reason="incomplete",
                field=name,
            )


def _number(attributes: Mapping[str, str], name: str, least: int) -> int:
    text = attributes[name]
    if not (
        text.isascii() and text.isdigit() and len(text) <= _LONGEST and least <= int(text) <= limits.INT_MAX
    ):
        raise _wrong(name, f"is {text!r:.40}, and no whole number from {least}")
    return int(text)


def _time(attributes: Mapping[str, str], name: str) -> int:
    return _us(attributes[name], name)


def _us(text: str, name: str) -> int:
    us = time_us(text)
    if us is not None:
        return us
    try:  # another program may write the same moment otherwise
        found = parse_time(text, name)
        if found.utcoffset() is not None:
            return to_us(found)
    except TimeInvalid:
        pass
    raise _wrong(name, f"is {text!r:.40}, and no time in UTC with at most six decimals")


def _users(found: Document, schema_version: int, occurred_us: int | None, position: int) -> str:
    """What the user's metadata are, without what the system says, which the headers say too."""
    metadata = bytes(found.metadata)
    occurred = None if occurred_us is None else time_text(occurred_us)
    users = users_of(metadata, before_users(schema_version, occurred))
    if users is not None:
        return users
    try:  # another program may have written it anew, with its own white space and order
        kept = _keys(metadata)
        said = msgspec.json.decode(kept.pop("schemaVersion", b"null"))
        time = msgspec.json.decode(kept.pop("occurredAt", b"null"))
    except msgspec.MsgspecError as error:
        raise _tampered(f"its metadata are no object: {error}") from None
    told = None if time is None else _us(str(time), "occurredAt")
    if (said, told) != (schema_version, occurred_us):
        raise _differs("the version of the schema or the time of occurrence", position)
    return _encode(kept).decode()


def _differs(what: str, position: int) -> MessageInvalid:
    return _tampered(f"headers and body do not say the same of {what} at position {position}")


def _tampered(what: str) -> MessageInvalid:
    return MessageInvalid(
        f"The body of a message was changed on its way: {what:.200}. The log has the event as it is.",
        reason="tampered",
    )


def _wrong(name: str, what: str) -> MessageInvalid:
    return MessageInvalid(f"{name!r:.42} of a message {what}.", reason="wrong", field=name[:40])


def _foreign(what: str) -> MessageInvalid:
    return MessageInvalid(
        f"A message is not one of a relay: {what:.200}. Give the topic to one log alone.", reason="foreign"
    )
