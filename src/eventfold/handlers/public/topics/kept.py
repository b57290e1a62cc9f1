"""A record of a topic as it is written into the log: its events, or its bytes where it cannot be read."""

import base64

import msgspec

from eventfold.bus.cloudevents.records import CONTENT_TYPE, PREFIX, read_record
from eventfold.bus.messages.form import PROGRESS
from eventfold.bus.port import Received
from eventfold.errors import EventfoldError, EventTooLarge
from eventfold.handlers.public.inbox import stored_unreadable
from eventfold.handlers.public.receiving import Prepared, prepared
from eventfold.store.checks import check_event
from eventfold.store.port import Store

RECORD = "application/vnd.eventfold.record+json"
"""The media type of a record with its headers, in base64 what is bytes."""


def events_of(store: Store, source: str, record: Received) -> list[Prepared]:
    """What is written of a record that can be read; nothing of a sign of life of a relay.

    Raises:
        Refused: it cannot be read, or not be kept.
    """
    events = read_record(record.key, record.value, record.headers)
    return prepared(store, source, [event for event in events if event.type != PROGRESS])


def unreadable(store: Store, source: str, topic: str, record: Received, error: EventfoldError) -> Prepared:
    """What is written of one that cannot: its bytes, and its headers where they say anything.

    Of what is too large for the log, where it stands.
    """
    place = f"partition {record.partition}, offset {record.offset} of the topic {topic}"
    told = type(error)(f"{error.message} It is {place}.", **error.facts)
    content, media_type = _content(topic, record)
    made = stored_unreadable(source, content, media_type, told)
    try:
        check_event(made[1], store.capabilities)
    except EventTooLarge:
        size = len(record.value or b"")
        told = EventTooLarge(
            f"It has {size:,} bytes, more than the log keeps of one event, and stands only in {place}."
        )
        made = stored_unreadable(source, _document(topic, record, whole=False), RECORD, told)
    return made


def _content(topic: str, record: Received) -> tuple[bytes, str]:
    headers = dict(record.headers)
    if record.value is not None and not any(name.lower().startswith(PREFIX) for name in headers):
        given = next((value for name, value in headers.items() if name.lower() == CONTENT_TYPE), None)
        text = given.decode(errors="replace") if isinstance(given, bytes) else given
        return record.value, "".join(c for c in text or "" if c.isprintable())[
            :100
        ] or "application/octet-stream"
    return _document(topic, record, whole=True), RECORD


def _document(topic: str, record: Received, *, whole: bool) -> bytes:
    pairs = record.headers.items() if isinstance(record.headers, dict) else record.headers
    said = {
        "topic": topic,
        "partition": record.partition,
        "offset": record.offset,
        **({"key": _text(record.key), "headers": [[name, _text(v)] for name, v in pairs]} if whole else {}),
        **({"value": _text(record.value)} if whole else {}),
    }
    return msgspec.json.encode(said)


def _text(value: str | bytes | None) -> str | None:
    if value is None:
        return None
    return base64.b64encode(value.encode(errors="replace") if isinstance(value, str) else value).decode()
