"""Events of a log as messages. Stored JSON is copied; what all messages have in common is made once."""

from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import structs

from eventfold import limits
from eventfold.bus.cloudevents.attributes import JSON, STRUCTURED, fault_of
from eventfold.bus.marks import NOWHERE, Place
from eventfold.bus.messages.form import CONTENT_TYPE, FORMAT, PREFIX, PROGRESS, Headers, Message, Progress
from eventfold.bus.messages.partitioning import topic_partition
from eventfold.events.document import document_with, id_text, time_text
from eventfold.events.envelope import RecordedEvent

_encode = msgspec.json.Encoder().encode
_fault_of = lru_cache(maxsize=4096)(fault_of)


class _Told(msgspec.Struct, gc=False):
    correlationId: Any = None  # noqa: N815 - the name of the key
    causationId: Any = None  # noqa: N815 - so too
    traceparent: Any = None


_read_told = msgspec.json.Decoder(_Told).decode
Header = tuple[str, bytes]
Kinds = tuple[Header, Header, Header]
_TOLD_ON = ("ce_correlationid", "ce_causationid", "ce_traceparent")
"""Headers of those who follow a trace; ours are read from the metadata."""


class MessageEncoder:
    """Makes the messages of one log for one topic.

    Args:
        log_id: of the log.
        topic_partitions: how many partitions the topic has.
        is_structured: all attributes stand in the body (`application/cloudevents+json`), instead of in the headers;
            but for names with code points that CloudEvents in JSON do not know (U+FFFF and such).
    """

    def __init__(self, log_id: str, topic_partitions: int, *, is_structured: bool = False) -> None:
        self._count = topic_partitions
        self.is_structured = is_structured
        common = {
            "specversion": "1.0",
            "source": source_of(log_id),
            "eventfold": FORMAT,
            "logid": log_id,
            "topicpartitions": str(topic_partitions),
        }
        self.place = lru_cache(maxsize=65_536)(self._placed)
        self.common: Headers = [(PREFIX + name, text.encode()) for name, text in common.items()]
        self.common.append((CONTENT_TYPE, JSON.encode()))

    def partition(self, stream: str) -> int:
        """The partition of the topic that a stream belongs to."""
        return self.place(stream)[0]

    def event(self, event: RecordedEvent, before: Place = NOWHERE) -> Message:
        """An event, with the partition and position of its log.

        Args:
            event: as the log gave it.
            before: the last event of its partition of the log before it in that of the topic.
        """
        stream, occurred = event.stream, event.occurred_or_none_us
        event_id, recorded = id_text(event.id_bytes), time_text(event.recorded_us)
        partition, key, subject, name = self.place(stream)
        kind, log_partition, schema_version = kinds_of(event.type, event.partition, event.schema_version)
        headers: Headers = [
            *self.common,
            ("ce_id", event_id.encode()),
            kind,
            subject,
            ("ce_time", (recorded if occurred is None else time_text(occurred)).encode()),
            log_partition,
            ("ce_logposition", b"%d" % event.position),
            ("ce_logbefore", b"%d.%d" % before),
            ("ce_streamversion", b"%d" % event.version),
            schema_version,
        ]
        if occurred is not None:
            headers.append(("ce_recordedtime", recorded.encode()))
        if event.metadata != "{}":
            headers += told_on(event.metadata)
        if self.is_structured and not (_fault_of(stream) or _fault_of(event.type)):
            value, headers = _structured(
                headers, document_with(event, event_id, recorded, name, strictly=True)
            )
            return Message(partition, key, value, headers)
        value = document_with(event, event_id, recorded, name).encode()
        return tuple.__new__(Message, (partition, key, value, headers))  # twice as fast, a million times

    def _placed(self, stream: str) -> tuple[int, bytes, tuple[str, bytes], str]:
        """What all messages of a stream have in common: their partition, their key, a header, its name in JSON."""
        key = stream.encode()
        return topic_partition(stream, self._count), key, ("ce_subject", key), _encode(stream).decode()

    def progress(self, progress: Progress, record_id: UUID, now_us: int) -> Message:
        """A progress record.

        Args:
            progress: how far the relay has come.
            record_id: of the record; others may tell repeats by it.
            now_us: the time, microseconds since 1970.
        """
        body = _encode(progress).decode()
        headers: Headers = [
            *self.common,
            ("ce_id", str(record_id).encode()),
            ("ce_type", PROGRESS.encode()),
            ("ce_time", time_text(now_us).encode()),
        ]
        value, headers = _structured(headers, body) if self.is_structured else (body.encode(), headers)
        return Message(None, None, value, headers)


def _structured(headers: Headers, body: str) -> tuple[bytes, Headers]:
    """The same with all attributes in the body."""
    attributes = {
        "datacontenttype" if name == CONTENT_TYPE else name.removeprefix(PREFIX): text.decode()
        for name, text in headers
        if isinstance(text, bytes)
    }
    value = b'%b,"data":%b}' % (_encode(attributes)[:-1], body.encode())
    return value, [(CONTENT_TYPE, STRUCTURED.encode())]


@lru_cache(maxsize=4_096)
def kinds_of(event_type: str, partition: str, schema_version: int) -> Kinds:
    """Headers that many messages have in common."""
    return (
        ("ce_type", event_type.encode()),
        ("ce_logpartition", partition.encode()),
        ("ce_schemaversion", b"%d" % schema_version),
    )


@lru_cache(maxsize=64)
def source_of(log_id: str) -> str:
    """The id of a log as a URI reference."""
    return quote(log_id, safe="")


def told_on(metadata: str) -> Headers:
    """Headers that repeat what metadata say; what cannot be an attribute is left to the metadata alone."""
    try:
        found = _read_told(metadata)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return []
    return [
        (name, text.encode())
        for name, text in zip(_TOLD_ON, structs.astuple(found), strict=True)
        if isinstance(text, str) and len(text) <= limits.ATTRIBUTE_CHARS and not fault_of(text)
    ]
