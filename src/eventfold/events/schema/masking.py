"""Samples out of a real log, without what it says: every letter becomes x, every digit 1; the form stays.

What a type declares is kept: names of fields, members of an Enum, written-out values, true, false and null. Keys of a
map are data and are replaced.
"""

import base64
import re
from collections.abc import Set as AbstractSet
from typing import Any

from eventfold.events.schema.shapes import (
    Again,
    Bounded,
    Items,
    Map,
    Members,
    OneOf,
    Optional,
    Record,
    Row,
    Shape,
    Values,
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+)?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?")
_DIGIT = re.compile(r"\d")
_LONGEST = 64
"""Characters of a masked text, items of a masked list, keys of a masked map, at most."""


def masked(data: dict[str, Any], shape: Record | None, names: AbstractSet[str]) -> dict[str, Any]:
    """The data of an event with every value replaced by another of its form.

    Args:
        data: as it is stored.
        shape: it was written in; None where it was never recorded.
        names: keys that may be kept where there is no shape; those of the outermost object always are.
    """
    if shape is None:
        return {key: _unknown(value, names) for key, value in data.items()}
    found: dict[str, Any] = _record(data, shape, (), names)
    return found


def names_in(shape: Shape | Optional) -> set[str]:
    """Every name of a field that a shape holds."""
    match shape:
        case Record(fields=fields):
            return set(fields).union(*map(names_in, fields.values()))
        case Items(of=of) | Map(of=of) | Optional(of=of):
            return names_in(of)
        case Row(of=several) | OneOf(of=several):
            return set().union(*map(names_in, several))
        case _:
            return set()


def _masked(value: Any, shape: Shape, around: tuple[Record, ...], names: AbstractSet[str]) -> Any:
    match shape, value:
        case OneOf(of=arms), _:
            return _masked(value, _arm(value, arms, around), around, names)
        case Again(up=up), _:
            return _record(value, around[-up], around[:-up], names)
        case Record(), _:
            return _record(value, shape, around, names)
        case Items(of=of), list():
            return [_masked(item, of, around, names) for item in value[:_LONGEST]]
        case Row(of=places), list():
            return [_masked(item, of, around, names) for item, of in zip(value, places, strict=False)]
        case Map(of=of), dict():
            items = list(value.values())[:_LONGEST]
            return {f"key-{at}": _masked(item, of, around, names) for at, item in enumerate(items, 1)}
        case Members() | Values(), _:
            return value
        case (("uuid" | "decimal" | "datetime" | "date"), str()):
            return _text(value)
        case (("bytes" | Bounded(of="bytes")), str()):
            return base64.b64encode(bytes(len(base64.b64decode(value)))).decode()
        case (("str" | Bounded(of="str")), str()):
            return _words(value)
        case _:
            return _unknown(value, names)


def _record(value: Any, shape: Record, around: tuple[Record, ...], names: AbstractSet[str]) -> Any:
    inside = (*around, shape)
    forms = {name: f.of if isinstance(f, Optional) else f for name, f in shape.fields.items()}
    match value:
        case dict():
            tag = {shape.tag[0]: shape.tag[1]} if shape.tag else {}
            found = {n: _masked(value[n], form, inside, names) for n, form in forms.items() if n in value}
            return {**tag, **found}
        case list() if shape.positional:
            tagged = [shape.tag[1]] if shape.tag else []
            rest = zip(value[len(tagged) :], forms.values(), strict=False)
            return [*tagged, *(_masked(item, form, inside, names) for item, form in rest)]
        case _:
            return _unknown(value, names)


def _arm(value: Any, arms: list[Shape], around: tuple[Record, ...]) -> Shape:
    """The arm of a union that a value was written in, by its JSON type and tag; `any` where none fits."""
    return next((arm for arm in arms if _fits(value, arm, around)), "any")


def _fits(value: Any, arm: Shape, around: tuple[Record, ...]) -> bool:
    match arm:
        case Again(up=up):
            return _fits(value, around[-up], around)
        case Record(tag=tag, positional=True):
            return isinstance(value, list) and (tag is None or value[:1] == [tag[1]])
        case Record(tag=tag):
            return isinstance(value, dict) and (tag is None or value.get(tag[0]) == tag[1])
        case Map():
            return isinstance(value, dict)
        case Items() | Row():
            return isinstance(value, list)
        case Members(members=members):
            return value in members.values()
        case Values(values=values):
            return value in values
        case Bounded(of=of):
            return _fits(value, of, around)
        case "str" | "uuid" | "decimal" | "datetime" | "date" | "bytes":
            return isinstance(value, str)
        case "null":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "int":
            return type(value) is int
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _unknown(value: Any, names: AbstractSet[str]) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return int(_DIGIT.sub("1", str(value)))
        case float():
            return -1.5 if value < 0 else 1.5
        case list():
            return [_unknown(item, names) for item in value[:_LONGEST]]
        case _:
            kept = list(value.items())[:_LONGEST]
            return {
                key if key in names else f"key-{at}": _unknown(item, names)
                for at, (key, item) in enumerate(kept, 1)
            }


def _text(value: str) -> str:
    if _UUID.fullmatch(value):
        return re.sub(r"[0-9a-fA-F]", "0", value)
    number = _DECIMAL.fullmatch(value)
    if number is not None:
        return _DIGIT.sub("1", number[1]) + (number[2] or "")
    if _TIME.fullmatch(value):
        return _DIGIT.sub("1", value)
    return _words(value)


def _words(value: str) -> str:
    return "".join(map(_letter, value[:_LONGEST]))


def _letter(character: str) -> str:
    if character.isnumeric():
        return "1"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character
