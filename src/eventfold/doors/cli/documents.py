"""An event as a document: the form in which it leaves the log."""

from typing import Any

import msgspec

from eventfold.events.envelope import RecordedEvent


def document(event: RecordedEvent) -> dict[str, Any]:
    """The document form: id, aggregateId, eventType, version, timestamp, data, metadata; and the position beside it."""
    metadata = {"schemaVersion": event.schema_version, **event.metadata_map()}
    if event.occurred_or_none_us is not None:
        metadata["occurredAt"] = event.occurred_at
    return {
        "id": event.id,
        "aggregateId": event.stream,
        "eventType": event.type,
        "version": event.version,
        "timestamp": event.recorded_at,
        "data": msgspec.Raw(event.data.encode()),
        "metadata": metadata,
        "position": event.position,
    }
