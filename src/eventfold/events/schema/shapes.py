"""What a type is stored as: the shape of its JSON, without the names that only Python sees.

A list and a tuple are stored alike and have one shape; so have two records whose classes differ in name only.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import inspect as mi

from eventfold.errors import DefinitionError

Plain = Literal["str", "int", "float", "bool", "null", "decimal", "datetime", "date", "uuid", "bytes", "any"]
Bounds = dict[str, int | float | str]


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is"):
    pass


class Bounded(_Form, frozen=True, tag="bounded"):
    """A plain type with limits: `min_length`, `max_length`, `pattern`, `ge`, `gt`, `le`, `lt`, `multiple_of`."""

    of: Plain
    bounds: Bounds


class Items(_Form, frozen=True, tag="list"):
    """A list of any length, within its limits."""

    of: "Shape"
    bounds: Bounds = {}


class Row(_Form, frozen=True, tag="row"):
    """A list of fixed length, with a type for each place."""

    of: list["Shape"]


class Map(_Form, frozen=True, tag="map"):
    """An object with any keys."""

    of: "Shape"
    keys: Bounds = {}
    bounds: Bounds = {}


class OneOf(_Form, frozen=True, tag="one of"):
    """A union."""

    of: list["Shape"]


class Members(_Form, frozen=True, tag="enum"):
    """An Enum: its members with what is stored for each."""

    members: dict[str, str | int]


class Values(_Form, frozen=True, tag="literal"):
    """A few values, written out."""

    values: list[str | int]


class Optional(_Form, frozen=True, tag="optional"):
    """A field that may be absent: it then has the default, or what the program computes where none stands here."""

    of: "Shape"
    default: Any | UnsetType = UNSET


class Record(_Form, frozen=True, tag="record"):
    """An object with known fields.

    Attributes:
        fields: by stored name.
        tag: the field that tells the arms of a union apart, and what it says.
        positional: stored as a list.
        open: ignores fields it does not know.
        attributes: stored name -> the attribute's name, where they differ.
    """

    fields: "dict[str, Shape | Optional]"
    tag: tuple[str, str | int] | None = None
    positional: bool = False
    open: bool = False
    attributes: dict[str, str] = {}


class Again(_Form, frozen=True, tag="again"):
    """The record that stands `up` records further out: a type that contains itself."""

    up: int


Shape = Plain | Bounded | Items | Row | Map | OneOf | Members | Values | Record | Again

_PLAIN: dict[type[mi.Type], Plain] = {
    mi.StrType: "str",
    mi.IntType: "int",
    mi.FloatType: "float",
    mi.BoolType: "bool",
    mi.NoneType: "null",
    mi.DecimalType: "decimal",
    mi.DateTimeType: "datetime",
    mi.DateType: "date",
    mi.UUIDType: "uuid",
    mi.BytesType: "bytes",
    mi.AnyType: "any",
}
_BOUNDS = ("min_length", "max_length", "pattern", "ge", "gt", "le", "lt", "multiple_of")


def shape_of(event_type: type[msgspec.Struct]) -> Record:
    """The shape that a type is stored in."""
    info = mi.type_info(event_type)
    assert isinstance(info, mi.StructType)
    found = _record(info, ())
    assert isinstance(found, Record)
    return found


def _shape(info: mi.Type, around: tuple[type, ...]) -> Shape:
    plain = _PLAIN.get(type(info))
    if plain is not None:
        bounds = _bounds(info)
        return Bounded(plain, bounds) if bounds else plain
    match info:
        case mi.Metadata(type=inner):
            return _shape(inner, around)
        case mi.EnumType(cls=cls):
            return Members({member.name: member.value for member in cls})
        case mi.LiteralType(values=values):
            return Values(
                sorted((v for v in values if isinstance(v, str | int)), key=lambda v: (str(type(v)), v))
            )
        case mi.StructType():
            return _record(info, around)
        case mi.ListType(item_type=item) | mi.VarTupleType(item_type=item):
            return Items(_shape(item, around), _bounds(info))
        case mi.TupleType(item_types=items):
            return Row([_shape(item, around) for item in items])
        case mi.DictType(key_type=key, value_type=value):
            return Map(_shape(value, around), _bounds(key), _bounds(info))
        case mi.UnionType(types=types):
            return OneOf(sorted((_shape(t, around) for t in types), key=text_of))
        case _:
            raise DefinitionError(f"{type(info).__name__} has no shape in the schema file.")


def _record(info: mi.StructType, around: tuple[type, ...]) -> Record | Again:
    if info.cls in around:
        return Again(len(around) - around.index(info.cls))
    inside = (*around, info.cls)
    fields: dict[str, Shape | Optional] = {}
    for field in info.fields:
        shape = _shape(field.type, inside)
        fields[field.encode_name] = shape if field.required else Optional(shape, _default(field))
    tag = (info.tag_field, info.tag) if info.tag_field is not None and info.tag is not None else None
    renamed = {field.encode_name: field.name for field in info.fields if field.encode_name != field.name}
    return Record(fields, tag, info.array_like, not info.forbid_unknown_fields, renamed)


def _default(field: mi.Field) -> Any | UnsetType:
    if field.default_factory is msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    if field.default_factory in (list, tuple):
        return []
    return {} if field.default_factory is dict else UNSET


def _bounds(info: mi.Type) -> Bounds:
    if isinstance(info, mi.Metadata):
        return _bounds(info.type)
    found = ((name, getattr(info, name, None)) for name in _BOUNDS)
    return {name: value for name, value in found if value is not None}


def text_of(value: object) -> str:
    """A shape or a default as JSON text; equal texts mean equal things."""
    return msgspec.json.encode(value, order="deterministic").decode()
