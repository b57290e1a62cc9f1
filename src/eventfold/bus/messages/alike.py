"""Messages that are alike: what one of them was checked for is compared at the next, and not taken apart again.

A relay writes the same headers in the same order, and bodies as the document of an event has them. So a message is held
against one that `read_envelope` took; whatever differs is read by that, and so is all that is wrong.
"""

from binascii import unhexlify
from typing import Any

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import JSON
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.faults import check_name
from eventfold.bus.messages.form import CONTENT_TYPE, PREFIX
from eventfold.errors import EventfoldError
from eventfold.events.document import split, time_us, users_of
from eventfold.events.envelope import RecordedEvent

_SHARED = {
    *(f"ce_{name}" for name in ("specversion", "source", "eventfold", "logid", "topicpartitions")),
    CONTENT_TYPE,
}
_FIELDS = (
    *("ce_id", "ce_type", "ce_subject", "ce_time", "ce_logpartition", "ce_logposition", "ce_logbefore"),
    *("ce_streamversion", "ce_schemaversion"),
)
_FIRST, _ALL = len(_SHARED), len(_SHARED) + len(_FIELDS)
_RECORDED = "ce_recordedtime"
_NAME_BYTES = 256
"""Of names that are kept."""
_TIME_BYTES = len("2026-01-01T00:00:00.000000Z")
_BETWEEN = b',"metadata":'
_END = _BETWEEN + b'{"schemaVersion":'
_KNOWN = {*_SHARED, *_FIELDS}
_read_value = msgspec.json.Decoder(msgspec.Raw).decode
_encode = msgspec.json.Encoder().encode
_MOST_NAMES, _MOST_TIMES = 16_384, 1_024
_NAMES: dict[bytes, tuple[str, bytes]] = {}
"""What names were found to be, so that few are looked at twice."""
_TIMES: dict[bytes, int] = {}
"""Those of a transaction are the same."""
_NUMBERS = {b"%d" % number: number for number in range(1, 1_000)}
Alone = tuple[RecordedEvent, bytes, bytes]
"""An event, its place and that of the one before it, both as a relay writes them."""


class Alike:
    """Reads events of one log in one topic.

    Args:
        log: its id.
        count: partitions of the topic.
    """

    def __init__(self, log: str, count: int) -> None:
        self._log = log
        self._count = count
        self._shared: list[tuple[str, Any]] | None = None
        """What all messages of the relay begin with."""

    def learn(self, found: EventEnvelope, headers: object) -> None:
        """Takes a message as the model of others.

        Args:
            found: what `read_envelope` made of it; its event was read too.
            headers: as the client gave them.
        """
        if found.log != self._log or found.topic_partitions != self._count or not isinstance(headers, list):
            return
        shared = headers[:_FIRST]
        if {name for name, _ in shared} == _SHARED and dict(shared)[CONTENT_TYPE] == JSON.encode():
            self._shared = shared

    def read(self, headers: Any, body: Any) -> Alone | None:
        """An event; None: `read_envelope` has to read the message.

        Args:
            headers: as the client gave them.
            body: so too.
        """
        try:
            if self._shared is None or headers[:_FIRST] != self._shared or len(headers) < _ALL:
                return None
            return _read(headers, body)
        except (EventfoldError, ValueError, LookupError, RecursionError, TypeError, AttributeError):
            return None


def _read(headers: Any, body: bytes) -> Alone | None:
    # fmt: off
    (
        (name_0, event_id), (name_1, kind), (name_2, subject), (name_3, time), (name_4, part),
        (name_5, position), (name_6, before), (name_7, version), (name_8, schema),
    ) = headers[_FIRST:_ALL]
    # fmt: on
    if (name_0, name_1, name_2, name_3, name_4, name_5, name_6, name_7, name_8) != _FIELDS:
        return None
    recorded = time if len(headers) == _ALL else _recorded(headers[_ALL:], time)
    recorded_us, number = _TIMES.get(recorded) or _time(recorded), int(position)
    occurred_us = None if recorded is time else _time(time)
    if len(body) > limits.BODY_BYTES or not position.isdigit() or not 0 < number <= limits.INT_MAX:
        return None
    stream, in_json = _NAMES.get(subject) or _name(subject)
    event_type, type_in_json = _NAMES.get(kind) or _name(kind)
    parts = (b'{"id":"', event_id, b'","aggregateId":', in_json, b',"eventType":', type_in_json)
    begin = b"".join((*parts, b',"version":', version, b',"timestamp":"', recorded, b'","data":'))
    end = _END + schema + (b"}}" if recorded is time else b',"occurredAt":"%b"}}' % time)
    if not body.startswith(begin) or not event_id[8] == event_id[13] == event_id[18] == event_id[23] == 0x2D:
        return None
    id_bytes = unhexlify(event_id.replace(b"-", b""))
    data, metadata = body[len(begin) : -len(end)], "{}"
    if body.endswith(end) and data[:1] == b"{" and data[-1:] == b"}":
        _read_value(data)
    else:
        cut = split(body, len(begin))
        found = None if cut is None else users_of(cut[1], end[len(_BETWEEN) : -2].decode())
        if cut is None or found is None:
            return None
        data, metadata = cut[0], found
    if len(event_id) != 36 or len(id_bytes) != 16:
        return None
    event = RecordedEvent(
        number,
        stream,
        _NUMBERS.get(version) or _number(version),
        event_type,
        _NUMBERS.get(schema) or _number(schema),
        id_bytes,
        recorded_us,
        occurred_us,
        data.decode(),
        metadata,
        (_NAMES.get(part) or _name(part))[0],
    )
    return event, position + b"." + version, before


def _recorded(headers: Any, time: bytes) -> Any:
    """When the event was recorded: at its time, unless that stands apart; what else there is must be text."""
    others = dict(headers)
    if len(others) < len(headers) or not _KNOWN.isdisjoint(others):
        raise ValueError(headers)  # something stands twice
    for name, content in others.items():
        if name[:3] == PREFIX:
            content.decode()
    return others.get(_RECORDED, time)


def _number(text: bytes) -> int:
    """A number from 1, as JSON writes it."""
    if not text.isdigit() or text[0] == 0x30 or not 0 < int(text) <= limits.INT_MAX:
        raise ValueError(text)
    return int(text)


def _name(name: bytes) -> tuple[str, bytes]:
    """A name as text and in JSON."""
    if len(name) > _NAME_BYTES:
        raise ValueError(name)
    text = name.decode()
    check_name(text, "")
    if len(_NAMES) >= _MOST_NAMES:
        _NAMES.clear()
    return _NAMES.setdefault(name, (text, _encode(text)))


def _time(time: bytes) -> int:
    """Microseconds since 1970 of a time as `time_text` writes it."""
    found = time_us(time.decode()) if len(time) == _TIME_BYTES else None
    if found is None:
        raise ValueError(time)
    if len(_TIMES) >= _MOST_TIMES:
        _TIMES.clear()
    return _TIMES.setdefault(time, found)
