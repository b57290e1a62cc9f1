"""From an event to the values that a table takes from it: one plan per event type, made once."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from eventfold import limits
from eventfold.errors import PayloadInvalid, ValueUnfit
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.layout import Layout, Place
from eventfold.readmodels.declaring.types import Cell, ColumnType
from eventfold.readmodels.declaring.values import METADATA_KEYS, Const, Envelope, Field

Extract = Callable[[RecordedEvent, Any], Cell | None]


class NumberText(str):
    """A JSON fraction with the digits it was written with."""

    __slots__ = ()


_decode = msgspec.json.Decoder(float_hook=NumberText).decode


class Plan(msgspec.Struct, frozen=True):
    """What a table takes from one event type.

    Attributes:
        key: gives the key.
        steps: the columns that look at this type, with what gives their value.
        needs_data: whether any of it reads the event's data.
        deletes: whether the type removes the row.
    """

    key: Extract
    steps: tuple[tuple[Place, Extract], ...]
    needs_data: bool
    deletes: bool


def plan(layout: Layout, type_name: str) -> Plan | None:
    """The plan of an event type; None where the table does not look at it."""
    spec = layout.spec
    if spec.types is not None and type_name not in spec.types:
        return None
    steps = []
    needs_data = False
    for place in layout.places:
        found = source(place.column, type_name)
        if found is None:
            continue
        needs_data |= isinstance(found, Field)
        steps.append((place, _extractor(found, place.column.type)))
    key_source = source(spec.key, type_name) if spec.key.values else None
    needs_data |= isinstance(key_source, Field)
    if key_source is not None:
        key = _extractor(key_source, spec.key.type)
    else:
        key = _nothing if spec.key.absent == "skip" else _stream
    return Plan(key, tuple(steps), needs_data, type_name in spec.delete_on)


def source(column: Column, type_name: str) -> Field | Const | Envelope | None:
    """Where a column takes its value from in events of a stored name; None where it does not look at them."""
    if column.on and type_name not in column.on:
        return None
    if column.reducer == "count":
        return Const(type_name, 1, column.type)
    for value in column.values:
        if isinstance(value, Envelope) or value.event == type_name:
            return value
    return None


def read_data(event: RecordedEvent, registry: Registry) -> dict[str, Any]:
    """The data in the current schema version, fractions kept as they were written; no fields where it is no map.

    Raises:
        EventfoldError: no such type or version, an upcaster that failed, data that are damaged.
    """
    try:
        found = _decode(registry.current_data(event))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadInvalid(f"{event.type}: the stored data are damaged: {error}", type=event.type) from None
    return found if isinstance(found, dict) else {}


def _stream(event: RecordedEvent, _data: Any) -> str:
    return event.stream


def _nothing(_event: RecordedEvent, _data: Any) -> None:
    return None


def _extractor(found: Field | Const | Envelope, kind: ColumnType) -> Extract:
    if isinstance(found, Const):
        constant = found.cell(kind)
        return lambda _event, _data: constant
    if isinstance(found, Envelope):
        return _envelope(found, kind)
    at = _lookup(found)
    low, high = limits.INT_MIN, limits.INT_MAX
    parse = kind.parse
    whole = kind.kind == "int64"

    def extract(_event: RecordedEvent, data: Any) -> Cell | None:
        value = at(data)
        if whole and type(value) is int and low <= value <= high:
            return value  # what its text would say, without writing and reading it
        if value is None:
            return None
        try:
            return parse(_text(value))
        except ValueUnfit as error:
            path = found.shown
            raise ValueUnfit(f"{found.event}.{path}: {error.message}", path=path) from None

    return extract


def _lookup(found: Field) -> Callable[[dict[str, Any]], Any]:
    """Gives what data have at a path; None where they have nothing."""
    first, *inner = found.path
    if not inner:
        return lambda data: data.get(first)
    flat = None if found.flat is None else found.flat[0]

    def lookup(data: dict[str, Any]) -> Any:
        value: Any = data
        for key in found.path:
            if not isinstance(value, dict) or key not in value:
                return None if flat is None else data.get(flat)
            value = value[key]
        return value

    return lookup


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise ValueUnfit("a list or a map has no place in a column")


def _envelope(found: Envelope, kind: ColumnType) -> Extract:
    if found.name in METADATA_KEYS:
        key = METADATA_KEYS[found.name]

        def from_metadata(event: RecordedEvent, _data: Any) -> Cell | None:
            if event.metadata == "{}":
                return None
            value = _read_metadata(event).get(key)
            return None if value is None else kind.parse(_text(value))

        return from_metadata
    value = _ENVELOPE[found.name]
    if found.type != kind:
        return lambda event, _data: kind.parse(str(value(event)))
    return lambda event, _data: value(event)


def _read_metadata(event: RecordedEvent) -> dict[str, Any]:
    try:
        found = _decode(event.metadata)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadInvalid(
            f"{event.type}: the stored metadata are damaged: {error}", type=event.type
        ) from None
    return found if isinstance(found, dict) else {}


_ENVELOPE: dict[str, Callable[[RecordedEvent], Cell]] = {
    "recorded_at": attrgetter("recorded_us"),
    "occurred_at": attrgetter("occurred_us"),
    "stream": attrgetter("stream"),
    "version": attrgetter("version"),
    "event_type": attrgetter("type"),
    "event_id": lambda event: str(event.id),
}
