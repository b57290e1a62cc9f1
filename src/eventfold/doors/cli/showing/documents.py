"""An event as a document: the form in which it leaves the log; and what it changed, in words."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eventfold.doors.cli.showing.output import shown
from eventfold.errors import PayloadInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.events.storable import is_value

_EMPTY = "''"
"""What stands for a text without a letter."""


def document(event: RecordedEvent, registry: Registry | None = None) -> dict[str, Any]:
    """The document form: id, aggregateId, eventType, version, timestamp, data, metadata; and the position beside it.

    What a log holds that is no JSON stands as text in `exact`, as in an export.

    Args:
        event: as it is stored.
        registry: shows data of an earlier schema version as they are read now; None = as they were written.

    Raises:
        EventTypeUnknown, SchemaVersionUnknown, UpcasterFailed: the registry cannot read it.
    """
    data = event.data
    schema: dict[str, Any] = {"schemaVersion": event.schema_version}
    if registry is not None:
        data = registry.current_data(event)
        current = registry.version_of(event.type)
        if current not in {None, event.schema_version}:
            schema = {"schemaVersion": current, "upgradedFrom": event.schema_version}
    exact = {}
    if not is_value(data):  # stored before appends were strict; it must not break the JSON around it
        exact["data"], data = data, "null"
    try:
        metadata = {**schema, **event.metadata_map()}
    except PayloadInvalid:
        exact["metadata"], metadata = event.metadata, dict(schema)
    if event.occurred_or_none_us is not None:
        metadata["occurredAt"] = event.occurred_at
    found = {
        "id": event.id,
        "aggregateId": event.stream,
        "eventType": event.type,
        "version": event.version,
        "timestamp": event.recorded_at,
        "data": msgspec.Raw(data.encode()),
        "metadata": metadata,
        "position": event.position,
    }
    return {**found, "exact": exact} if exact else found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What differs, a line for each name: `status: Created -> Confirmed`."""
    lines = [
        f"{name}: {shown(before.get(name)) or _EMPTY} -> {shown(value) or _EMPTY}"
        for name, value in after.items()
        if before.get(name) != value and not name.startswith("_")
    ]
    return "\n".join(lines) or "nothing"
