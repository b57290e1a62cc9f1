"""What a column can take its value from: a field of an event, a constant per event type, the envelope."""

import re
from collections.abc import Iterable, Mapping
from types import MemberDescriptorType

import msgspec
from msgspec import inspect as mi

from eventfold.errors import TableInvalid
from eventfold.events.event import Event
from eventfold.events.names import check_event_type
from eventfold.readmodels.declaring.types import INT64, STRING, TIMESTAMP, Cell, ColumnType

EventType = type[Event] | str
"""A class, or a stored name where events are untyped."""


_STEP = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^".]+))(?P<dot>\.|$)')


class Field(msgspec.Struct, frozen=True):
    """A field of the events of one stored name; `path` holds the keys from the outside in.

    What is encoded of it is a part of the fingerprint of every table.
    """

    event: str
    path: tuple[str, ...]
    type: ColumnType | None = None

    @property
    def flat(self) -> tuple[str, ...] | None:
        """Where it stands in data that have no such nested field: under one name with dots; None = nowhere else."""
        return None if len(self.path) == 1 or self.type is not None else (".".join(self.path),)

    @property
    def shown(self) -> str:
        """The path as it is written."""
        return ".".join(f'"{key}"' if "." in key else key for key in self.path)


class ExactField(Field, frozen=True):
    """A field whose path was written with quotes, and means nothing else."""

    exact: bool = True

    @property
    def flat(self) -> None:
        """Nowhere else."""
        return


class Const(msgspec.Struct, frozen=True):
    """The same value for every event of one stored name."""

    event: str
    value: Cell
    type: ColumnType

    def cell(self, kind: ColumnType) -> Cell | None:
        """What it is in a column of some type; ValueUnfit where it is of another."""
        return kind.hide(self.value) if kind.kind != "decimal" else kind.parse(str(self.value))


class Envelope(msgspec.Struct, frozen=True):
    """A value that every event has, whatever its type."""

    name: str
    type: ColumnType


recorded_at = Envelope("recorded_at", TIMESTAMP)
occurred_at = Envelope("occurred_at", TIMESTAMP)
stream = Envelope("stream", STRING)
version = Envelope("version", INT64)
event_type = Envelope("event_type", STRING)
event_id = Envelope("event_id", STRING)
actor = Envelope("actor", STRING)
correlation_id = Envelope("correlation_id", STRING)
causation_id = Envelope("causation_id", STRING)

METADATA_KEYS = {"actor": "actor", "correlation_id": "correlationId", "causation_id": "causationId"}
"""Envelope values that stand in the metadata, and the key they have there."""


def stored_name(event: EventType) -> str:
    """The stored name of an event type given as class or as text."""
    if isinstance(event, str):
        return check_event_type(event)
    if isinstance(event, type) and issubclass(event, Event):
        return event.stored_name
    raise TableInvalid(f"{event!r} is no event type: give a class or a stored name.")


def field(event: EventType, path: str) -> Field:
    """A field of an event, for the values of a column.

    Args:
        event: the class, or the stored name of an untyped event.
        path: keys joined by dots, `address.city`; of a class it is resolved and checked now. Where data have no such
            nested field, it is the one name `address.city`. A key in double quotes is taken as it is, dots and all:
            `"unit.price".amount`; a path with quotes means nothing else.

    Raises:
        TableInvalid: the class has no such field.
    """
    keys, exact = _steps(path)
    name = stored_name(event)
    if isinstance(event, str):
        kind = None
    else:
        if not exact and path in (known := _names(event)) and keys[0] not in known:
            keys = (path,)
        kind = _field_type(event, keys)
    return ExactField(name, keys, kind) if exact and len(keys) > 1 else Field(name, keys, kind)


def _steps(path: str) -> tuple[tuple[str, ...], bool]:
    """The keys of a path, and whether one of them stood in quotes."""
    keys: list[str] = []
    exact, at, dot = False, 0, "."
    while dot:
        step = _STEP.match(path, at)
        key = step and (step["quoted"] or step["plain"])
        if not step or not key or key == "*":  # which DuckDB takes for any key
            raise TableInvalid(
                f"{path!r} is no path: write keys joined by dots, one that has a dot itself in double quotes."
            )
        keys.append(key)
        exact, at, dot = exact or bool(step["quoted"]), step.end(), step["dot"]
    return tuple(keys), exact


def _names(event: type[Event]) -> set[str]:
    info = mi.type_info(event)
    return {f.encode_name for f in info.fields} if isinstance(info, mi.StructType) else set()


def as_values(given: Iterable[object]) -> list[Field | Const | Envelope]:
    """The values written in a table definition, in one form.

    Raises:
        TableInvalid: something that is no value.
    """
    found: list[Field | Const | Envelope] = []
    for value in given:
        match value:
            case Field() | Const() | Envelope():
                found.append(value)
            case MemberDescriptorType():
                found.append(field(value.__objclass__, value.__name__))
            case Mapping():
                found.extend(_per_type(event, item) for event, item in value.items())
            case list() | tuple():
                found.extend(as_values(value))
            case _:
                raise TableInvalid(
                    f"{value!r} is no value of a column: use Event.field, ef.field(Event, 'a.b'), a map from event"
                    " types to constants, or an envelope value such as ef.recorded_at."
                )
    return found


def _per_type(event: EventType, item: object) -> Field | Const | Envelope:
    name = stored_name(event)
    match item:
        case Field():
            return item
        case MemberDescriptorType():
            return field(event, item.__name__)
        case bool():
            return Const(name, item, ColumnType("boolean"))
        case int():
            return Const(name, item, INT64)
        case str():
            return Const(name, item, STRING)
        case _:
            raise TableInvalid(f"{item!r}: a constant is text, a whole number or a truth value.")


def _field_type(event: type[Event], path: tuple[str, ...]) -> ColumnType | None:
    info: mi.Type = mi.type_info(event)
    for key in path:
        info = _without_none(info)
        if not isinstance(info, mi.StructType):
            if isinstance(info, mi.DictType | mi.AnyType):
                return None
            raise TableInvalid(
                f"{event.__name__} has no field {'.'.join(path)!r}: {key!r} is not inside a record."
            )
        fields = {f.encode_name: f for f in info.fields}
        if key not in fields:
            raise TableInvalid(
                f"{event.__name__} has no field {'.'.join(path)!r}; known: {', '.join(sorted(fields))}."
            )
        info = fields[key].type
    return _column_type(_without_none(info))


def _without_none(info: mi.Type) -> mi.Type:
    if isinstance(info, mi.Metadata):
        return _without_none(info.type)
    if isinstance(info, mi.UnionType):
        rest = [t for t in info.types if not isinstance(t, mi.NoneType)]
        if len(rest) == 1:
            return rest[0]
    return info


_KINDS: dict[type[mi.Type], str] = {
    mi.StrType: "string",
    mi.UUIDType: "string",
    mi.IntType: "int64",
    mi.FloatType: "double",
    mi.BoolType: "boolean",
    mi.DateTimeType: "timestamp",
    mi.DateType: "date",
    mi.BytesType: "binary",
}


def _column_type(info: mi.Type) -> ColumnType | None:
    if isinstance(info, mi.EnumType):
        return STRING if all(isinstance(m.value, str) for m in info.cls) else INT64
    kind = _KINDS.get(type(info))
    return ColumnType(kind) if kind else None
