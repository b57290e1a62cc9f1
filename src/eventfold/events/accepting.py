"""An event that somebody outside gives as a name and JSON text: checked as if the program had made it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.errors import DecimalAsStringRequired, PayloadInvalid
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.ids import new_id
from eventfold.events.jsontext import compact_object
from eventfold.events.names import check_event_type
from eventfold.events.registry import Registry
from eventfold.events.shape import check_time
from eventfold.events.times import refuse_finer


def accept(
    registry: Registry | None,
    event_type: str,
    data: str | bytes,
    *,
    schema_version: int | None = None,
    metadata: str = "{}",
    event_id: UUID | None = None,
    occurred_at: datetime | None = None,
) -> NewEvent:
    """The event to be appended.

    Args:
        registry: of the app, whose types decide which names and data are right; None = any object will do.
        event_type: the stored name.
        data: a JSON object.
        schema_version: that the data are written in; default: the current one of the type, else 1.
        metadata: JSON text, as `metadata_text` gives it.
        event_id: default: a new UUIDv7.
        occurred_at: an aware time; default: when it is recorded.

    Raises:
        EventTypeInvalid, EventTypeUnknown, SchemaVersionUnknown: the name or the schema version cannot be stored.
        InvalidJson, InvalidEvent: the data cannot; the fact `path` says where, if it is known.
        UpcasterFailed: data of an earlier schema version, which the app cannot read.
    """
    check_event_type(event_type)
    text = compact_object(data)
    if occurred_at is not None:
        check_time(occurred_at)
    current = registry.version_of(event_type) if registry else None
    event = NewEvent(
        new_id() if event_id is None else event_id,
        event_type,
        current or 1 if schema_version is None else schema_version,
        text,
        metadata,
        None if occurred_at is None else to_us(occurred_at),
    )
    if not 1 <= event.schema_version <= limits.INT_MAX:
        raise PayloadInvalid(f"{event_type}: schema versions count from 1.", type=event_type)
    if registry is None:
        return event
    decoded = registry.decode(event)
    if current is None:
        return event
    kept = msgspec.json.decode(msgspec.json.encode(decoded))
    refuse_finer(msgspec.json.decode(registry.current_data(event)), kept, event_type)
    if event.schema_version != current:
        return event  # stored text never changes: upcasters read it as they will read it later
    _no_floats_for_decimals(msgspec.json.decode(text), kept, event_type)
    # with the defaults of fields that were left out
    return registry.encode(decoded, metadata=metadata, event_id=event.id, occurred_at=occurred_at)


def _no_floats_for_decimals(given: Any, written: Any, path: str) -> None:
    """A number that is written as text is a decimal: by float it has lost its exact value on the way here."""
    if isinstance(given, float) and isinstance(written, str):
        raise DecimalAsStringRequired(
            f'{path}: give the decimal as text, "{written}", not as a number.', path=path
        )
    if isinstance(given, dict) and isinstance(written, dict):
        for key, value in given.items():
            _no_floats_for_decimals(value, written.get(key), f"{path}.{key}")
    elif isinstance(given, list) and isinstance(written, list):
        for n, (value, kept) in enumerate(zip(given, written, strict=True)):
            _no_floats_for_decimals(value, kept, f"{path}[{n}]")
