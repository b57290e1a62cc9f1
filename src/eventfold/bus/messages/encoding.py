"""Events of a log as messages. Stored JSON is copied; what all messages have in common is made once."""

from functools import lru_cache
from urllib.parse import quote
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.bus.cloudevents.attributes import JSON, STRUCTURED, fault_of
from eventfold.bus.messages.form import CONTENT_TYPE, FORMAT, PREFIX, PROGRESS, TOLD_ON, Headers, Message
from eventfold.bus.messages.partitioning import topic_partition
from eventfold.events.document import document_of, id_text, time_text
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor

_encode = msgspec.json.Encoder().encode
_fault_of = lru_cache(maxsize=4096)(fault_of)
_read_map = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


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
        self._is_structured = is_structured
        self._common = {
            "specversion": "1.0",
            "source": source_of(log_id),
            "eventfold": FORMAT,
            "logid": log_id,
            "topicpartitions": str(topic_partitions),
        }
        self._first = [*_headers(self._common), (CONTENT_TYPE, JSON.encode())]

    def event(self, event: RecordedEvent) -> Message:
        """An event, with the partition and position of its log."""
        stream, occurred, recorded = event.stream, event.occurred_or_none_us, time_text(event.recorded_us)
        said: list[tuple[str, str]] = [
            ("id", id_text(event.id_bytes)),
            ("type", event.type),
            ("subject", stream),
            ("time", recorded if occurred is None else time_text(occurred)),
            ("logpartition", event.partition),
            ("logposition", str(event.position)),
            ("streamversion", str(event.version)),
            ("schemaversion", str(event.schema_version)),
        ]
        if occurred is not None:
            said.append(("recordedtime", recorded))
        if event.metadata != "{}":
            said += told_on(event.metadata)
        is_structured = self._is_structured and not (_fault_of(stream) or _fault_of(event.type))
        document = document_of(event, strictly=is_structured)
        partition = topic_partition(stream, self._count)
        return self._message(partition, stream.encode(), said, document, is_structured=is_structured)

    def progress(self, cursor: Cursor, record_id: UUID, now_us: int) -> Message:
        """A progress record: everything at or below the cursor has been sent, and stands before it in the partition.

        Args:
            cursor: of the feed of the log.
            record_id: of the record; others may tell repeats by it.
            now_us: the time, microseconds since 1970.
        """
        said = [("id", str(record_id)), ("type", PROGRESS), ("time", time_text(now_us))]
        return self._message(None, None, said, cursor.to_json(), is_structured=self._is_structured)

    def _message(
        self,
        partition: int | None,
        key: bytes | None,
        said: list[tuple[str, str]],
        body: str,
        *,
        is_structured: bool,
    ) -> Message:
        if not is_structured:
            headers = [*self._first, *((_NAMES[name], value.encode()) for name, value in said)]
            return Message(partition, key, body.encode(), headers)
        attributes = _encode({**self._common, **dict(said), "datacontenttype": JSON})
        value = b'%b,"data":%b}' % (attributes[:-1], body.encode())
        return Message(partition, key, value, [(CONTENT_TYPE, STRUCTURED.encode())])


class _Names(dict[str, str]):
    """By attribute, the name of its header."""

    def __missing__(self, attribute: str) -> str:
        return self.setdefault(attribute, PREFIX + attribute)


_NAMES = _Names()


def _headers(attributes: dict[str, str]) -> Headers:
    return [(_NAMES[name], value.encode()) for name, value in attributes.items()]


@lru_cache(maxsize=64)
def source_of(log_id: str) -> str:
    """The id of a log as a URI reference."""
    return quote(log_id, safe="")


def told_on(metadata: str) -> list[tuple[str, str]]:
    """Attributes that repeat what metadata say; what cannot be an attribute is left to the metadata alone."""
    wanted = [(name, key) for name, key in TOLD_ON.items() if f'"{key}"' in metadata]
    if not wanted:
        return []
    try:
        found = _read_map(metadata)
        texts = [(name, msgspec.json.decode(found[key])) for name, key in wanted if key in found]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    return [(name, text) for name, text in texts if isinstance(text, str) and _is_fit(text)]


def _is_fit(text: str) -> bool:
    return len(text) <= limits.ATTRIBUTE_CHARS and not fault_of(text)
