"""The document of an event: what is stored, and back. Any Spark, Synapse or Functions reader sees the same form.

{"id": "<version, 20 digits>", "eventId": "<uuid>", "aggregateId": "order-123", "eventType": "OrderCreated",
 "version": 1, "timestamp": "2026-01-01T00:00:00.000000Z", "data": {...}, "metadata": {"schemaVersion": 1, ...}}
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from eventfold.errors import EventfoldError, PayloadInvalid
from eventfold.events.envelope import NewEvent, RecordedEvent, from_us, to_us
from eventfold.events.jsontext import unique_keys
from eventfold.events.storable import is_storable

_UNSAFE = re.compile(r"\d{16}|\d[eE.]")
_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"')
_OURS = frozenset({"schemaVersion", "occurredAt"})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def document_id(version: int) -> str:
    """The id of the document of a version: two writers of one version collide on it."""
    return f"{version:020d}"


def time_text(us: int) -> str:
    """A time as documents carry it."""
    return from_us(us).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=10_000)
def time_us(text: str) -> int:
    """The time of a document; the events of one append share theirs."""
    return to_us(datetime.fromisoformat(text))


def to_documents(
    stream: str, version: int, recorded_us: int, events: Sequence[NewEvent]
) -> list[dict[str, Any]]:
    """The documents of events that follow `version`, recorded at that time or, where they are restored, at theirs."""
    timestamp = time_text(recorded_us)
    return [
        _document(
            stream,
            version + n,
            timestamp if event.recorded_us is None else time_text(event.recorded_us),
            event,
        )
        for n, event in enumerate(events, 1)
    ]


def _document(stream: str, version: int, timestamp: str, event: NewEvent) -> dict[str, Any]:
    metadata: dict[str, Any] = {"schemaVersion": event.schema_version}
    if event.occurred_us is not None:
        metadata["occurredAt"] = time_text(event.occurred_us)
    if event.metadata != "{}":
        given = _parsed(event, event.metadata)
        if not isinstance(given, dict):
            raise _unkept(event, "its metadata are no JSON object")
        metadata |= given
    found = {
        "id": document_id(version),
        "eventId": str(event.id),
        "aggregateId": stream,
        "eventType": event.type,
        "version": version,
        "timestamp": timestamp,
        "data": _parsed(event, event.data),
        "metadata": metadata,
    }
    # the service keeps numbers as doubles: where one could come back otherwise, the exact text stands beside it
    exact = {
        name: text for name, text in (("data", event.data), ("metadata", event.metadata)) if _has_unsafe(text)
    }
    return {**found, "exact": exact} if exact else found


def _parsed(event: NewEvent, text: str) -> Any:
    """The value that a document holds. What other stores keep as text that is none comes from a restore only.

    Raises:
        PayloadInvalid: no document could say the same.
    """
    try:
        if event.recorded_us is not None and not is_storable(text):
            json.loads(text, object_pairs_hook=unique_keys)
        return _decode(text)
    except (ValueError, RecursionError, EventfoldError) as error:
        raise _unkept(event, str(error)) from None


def _unkept(event: NewEvent, why: str) -> PayloadInvalid:
    return PayloadInvalid(
        f"Cosmos DB keeps JSON documents, and the event {event.type} ({event.id}) would not be the same in one: {why}."
        " A log in SQLite takes it as it is.",
        type=event.type,
    )


def _has_unsafe(text: str) -> bool:
    """Whether JSON text has a number that a double or its printing could change; digits inside texts are safe."""
    return _UNSAFE.search(text) is not None and _UNSAFE.search(_TEXTS.sub("", text)) is not None


def of_container(document: Mapping[str, Any], rid: str) -> bool:
    """Whether a stored document lies in the container of a resource id, whose eight bytes begin the document's own."""
    # base64: the last character shares bits with what follows
    return bool(str(document["_rid"])[:10] == rid[:10])


def to_event(document: Mapping[str, Any], *, partition: str = "", position: int = 0) -> RecordedEvent:
    """The event of a document.

    Args:
        document: as it is stored.
        partition: of the feed that delivered it; empty where a stream was read.
        position: its `_lsn`, which only the change feed says.
    """
    metadata = document["metadata"]
    exact = document.get("exact") or {}
    if len(metadata) == 1:  # the schema version alone, as in most logs
        occurred_us, text = None, "{}"
    else:
        occurred = metadata.get("occurredAt")
        occurred_us = None if occurred is None else time_us(occurred)
        text = (
            exact.get("metadata")
            or _encode({name: value for name, value in metadata.items() if name not in _OURS}).decode()
        )
    return RecordedEvent(
        position,
        document["aggregateId"],
        document["version"],
        document["eventType"],
        metadata["schemaVersion"],
        bytes.fromhex(document["eventId"].replace("-", "")),
        time_us(document["timestamp"]),
        occurred_us,
        exact.get("data") or _encode(document["data"]).decode(),
        text,
        partition,
    )
