"""What a public event looks like to others: its JSON Schema (2020-12), as its data are really written.

Records stand where they are used, without the names of their classes. msgspec's own schemas say nothing of times.
"""

import inspect
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from eventfold.events.schema.shapes import (
    Again,
    Bounded,
    Bounds,
    Items,
    Map,
    Members,
    OneOf,
    Optional,
    Plain,
    Record,
    Row,
    Shape,
    Values,
    shape_of,
)
from eventfold.handlers.public.event import PublicEvent, schema_uri

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JsonSchema = dict[str, Any]

_PLAIN: Mapping[Plain, JsonSchema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "null": {"type": "null"},
    "decimal": {"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?(E[+-]?[0-9]+)?$"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "any": {},
}
_NUMBERS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_TEXTS = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
_LISTS = {"min_length": "minItems", "max_length": "maxItems"}
_MAPS = {"min_length": "minProperties", "max_length": "maxProperties"}


def json_schema(event_type: type[PublicEvent]) -> JsonSchema:
    """The JSON Schema of the data of a public event.

    Raises:
        DefinitionError: a field of a type that has no form in JSON.
    """
    told = event_type.__doc__
    about = {"description": inspect.cleandoc(told)} if told else {}
    head = {"$schema": DIALECT, "$id": schema_uri(event_type), "title": event_type.public_name}
    return {**head, **about, **_record(shape_of(event_type), "#", ())}


def _schema(shape: Shape, place: str, around: tuple[str, ...]) -> JsonSchema:
    match shape:
        case Bounded(of=of, bounds=bounds):
            names = {} if of == "bytes" else _NUMBERS if of in {"int", "float", "decimal"} else _TEXTS
            return {**_PLAIN[of], **_limits(bounds, names)}
        case Items(of=of, bounds=bounds):
            items = _schema(of, f"{place}/items", around)
            return {"type": "array", "items": items, **_limits(bounds, _LISTS)}
        case Row(of=several):
            return _places([_schema(s, f"{place}/prefixItems/{n}", around) for n, s in enumerate(several)])
        case Map(of=of, keys=keys, bounds=bounds):
            found: JsonSchema = {
                "type": "object",
                "additionalProperties": _schema(of, f"{place}/additionalProperties", around),
            }
            named = {"propertyNames": _limits(keys, _TEXTS)} if keys else {}
            return {**found, **named, **_limits(bounds, _MAPS)}
        case OneOf(of=several):
            return {"anyOf": [_schema(s, f"{place}/anyOf/{n}", around) for n, s in enumerate(several)]}
        case Members(members=members):
            return {"enum": list(members.values())}
        case Values(values=values):
            return {"enum": list(values)}
        case Again(up=up):
            return {"$ref": around[-up]}
        case Record():
            return _record(shape, place, around)
        case _:
            return dict(_PLAIN[shape])


def _record(record: Record, place: str, around: tuple[str, ...]) -> JsonSchema:
    inside = (*around, place)
    tag = {} if record.tag is None else {record.tag[0]: {"const": record.tag[1]}}
    if record.positional:
        first = len(tag)
        rest = [
            _field(field, f"{place}/prefixItems/{first + n}", inside)
            for n, field in enumerate(record.fields.values())
        ]
        least = first + sum(not isinstance(field, Optional) for field in record.fields.values())
        return {**_places([*tag.values(), *rest]), "minItems": least}
    properties = {
        **tag,
        **{
            name: _field(field, f"{place}/properties/{_pointed(name)}", inside)
            for name, field in record.fields.items()
        },
    }
    required = [*tag, *(name for name, field in record.fields.items() if not isinstance(field, Optional))]
    closed = {} if record.open else {"additionalProperties": False}
    return {"type": "object", "properties": properties, "required": required, **closed}


def _field(field: Shape | Optional, place: str, around: tuple[str, ...]) -> JsonSchema:
    if not isinstance(field, Optional):
        return _schema(field, place, around)
    default = {} if field.default is UNSET else {"default": _as_json(field.default)}
    return {**_schema(field.of, place, around), **default}


def _as_json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))  # a tuple is a list, as it is in the file


def _places(places: list[JsonSchema]) -> JsonSchema:
    return {
        "type": "array",
        "prefixItems": places,
        "items": False,
        "minItems": len(places),
        "maxItems": len(places),
    }


def _limits(bounds: Bounds, names: Mapping[str, str]) -> JsonSchema:
    return {names[limit]: value for limit, value in sorted(bounds.items()) if limit in names}


def _pointed(name: str) -> str:
    """A name inside a JSON pointer that stands in the fragment of a URI."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~")
