"""Messages that are alike: what one of them was checked for is compared at the others, and not taken apart again.

A relay writes the same headers in the same order, and bodies as the document of an event has them. So messages are held
against one that `read_envelope` took, some at once; whatever differs is read by that, and so is all that is wrong.
"""

from binascii import unhexlify
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import JSON
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import CONTENT_TYPE, PREFIX
from eventfold.bus.messages.known import BETWEEN, MOMENTS, NAMES, NUMBERS, SCHEMAS, STREAMS
from eventfold.bus.port import Raw
from eventfold.errors import EventfoldError
from eventfold.events.document import split, users_of
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
_KNOWN = {*_SHARED, *_FIELDS}
_read_value = msgspec.json.Decoder(msgspec.Raw).decode
_NO_MODEL: tuple[tuple[str, ...], tuple[Any, ...]] = ((), ())
_FAULTS = (EventfoldError, ValueError, LookupError, RecursionError, TypeError, AttributeError)
"""Of messages that no relay writes so."""


class Taker(Protocol):
    """Takes the events of one partition of the log, in their order."""

    def take(self, event: RecordedEvent, offset: int, before: bytes, place: bytes) -> bool:
        """Takes an event that is the next; whether it is.

        Args:
            event: that came.
            offset: where it stands in the topic.
            before: the place of the one before it, as its message names it.
            place: its own, so too.
        """


class Alike:
    """Reads events of one log in one topic.

    Args:
        log: its id.
        count: partitions of the topic.
    """

    def __init__(self, log: str, count: int) -> None:
        self._log = log
        self._count = count
        self._model = _NO_MODEL
        """The names of the headers that each message begins with, and the values that are the same in all."""

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
            names, values = zip(*shared, strict=True)
            self._model = (*names, *_FIELDS), values

    def read(self, messages: list[Raw], takers: Mapping[str, Taker]) -> None:
        """Gives events to those who take them, until there is one that `read_envelope` has to read.

        Args:
            messages: the first of them last; those that were given are taken out.
            takers: by partition of the log.
        """
        with suppress(*_FAULTS):
            _read(*self._model, messages, takers)


def _read(
    names: tuple[str, ...], shared: tuple[Any, ...], messages: list[Raw], takers: Mapping[str, Taker]
) -> None:
    """Returns, or raises, where one differs, and nobody has got anything of that."""
    largest, last = limits.BODY_BYTES, limits.INT_MAX
    while messages:  # what is done here is done a million times a minute: it is all in one place
        message = messages[-1]
        one, body = message.headers(), message.value()
        more = one[_ALL:] if len(one) > _ALL else None
        # fmt: off
        (
            (name_0, form), (name_1, source), (name_2, eventfold), (name_3, log), (name_4, count), (name_5, content),
            (name_6, event_id), (name_7, kind), (name_8, subject), (name_9, time), (name_10, part),
            (name_11, position), (name_12, before), (name_13, version), (name_14, schema),
        ) = one if more is None else one[:_ALL]
        if (form, source, eventfold, log, count, content) != shared or (
            name_0, name_1, name_2, name_3, name_4, name_5, name_6, name_7, name_8, name_9, name_10, name_11, name_12,
            name_13, name_14,
        ) != names:
            return
        # fmt: on
        (stream, event_type, middle), (schema_version, end) = STREAMS[subject, kind], SCHEMAS[schema]
        (recorded_us, tail), occurred_us = MOMENTS[time], None
        if more is not None and (recorded := _recorded(more)) is not None:
            end = b'%b,"occurredAt":"%b"}}' % (end[:-2], time)
            occurred_us, (recorded_us, tail) = recorded_us, MOMENTS[recorded]
        begin = b"".join((b'{"id":"', event_id, middle, version, tail))
        data, metadata, number = body[len(begin) : -len(end)], "{}", int(position)
        id_bytes = unhexlify(event_id.replace(b"-", b""))
        if not (
            body.startswith(begin)
            and event_id[8:24:5] == b"----"
            and len(event_id) == 36
            and len(id_bytes) == 16
            and position.isdigit()
            and 0 < number <= last
            and len(body) <= largest
        ):
            return
        if body.endswith(end) and data[0] == 0x7B and data[-1] == 0x7D:
            _read_value(data)
        else:
            cut = split(body, len(begin))
            users = None if cut is None else users_of(cut[1], end[len(BETWEEN) : -2].decode())
            if cut is None or users is None:
                return
            data, metadata = cut[0], users
        partition = NAMES[part]
        event = RecordedEvent(
            number,
            stream,
            NUMBERS[version],
            event_type,
            schema_version,
            id_bytes,
            recorded_us,
            occurred_us,
            data.decode(),
            metadata,
            partition,
        )
        if not takers[partition].take(event, message.offset() or 0, before, position + b"." + version):
            return
        del messages[-1]


def _recorded(headers: Any) -> Any:
    """When an event was recorded, where that stands apart; what else there is must be text."""
    others = dict(headers)
    if len(others) < len(headers) or not _KNOWN.isdisjoint(others):
        raise ValueError(headers)  # something stands twice
    for name, content in others.items():
        if name[:3] == PREFIX:
            content.decode()
    return others.get(_RECORDED)
