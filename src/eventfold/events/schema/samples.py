"""Samples made from a shape: data of every form it allows, the same ones every time.

Sample number i takes the i-th form of each field, so that there are as many samples as the richest field has forms:
absent, null, every arm of a union, every member of an Enum, the ends of each range.
"""

import base64
import re
from typing import Any

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
)
from eventfold.limits import INT_MAX, INT_MIN

_ABSENT: Any = object()
_LONGEST = 256
"""Characters or items of a sample, at most, where the type has no lower limit above it."""

_FORMS: dict[Plain, list[Any]] = {
    "str": ["text", "", 'Žluťoučký kůň 🐎 "quoted" \\ two\nlines'],
    "int": [1, 0, INT_MIN, INT_MAX],
    "float": [0.5, 0, -1.7976931348623157e308, 5e-324],
    "bool": [True, False],
    "null": [None],
    "decimal": ["1.50", "0", "-0.01", "12345678901234567890.123456789", "1E+3"],
    "datetime": [
        "2024-02-29T12:30:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2024-07-01T08:00:00.000001+05:30",
    ],
    "date": ["2024-02-29", "0001-01-01", "9999-12-31"],
    "uuid": ["018f4e2a-7b1c-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000"],
    "bytes": ["AP8=", ""],
    "any": [None, True, 1, 0.5, "text", [1, "two", []], {"key": {}}],
}
_PATTERNED = [
    "a",
    "A",
    "0",
    "1",
    "EUR",
    "abc",
    "ABC-123",
    "0000",
    "12345",
    "a@example.org",
    "2024-02-29",
    "text",
]


def samples_of(shape: Record) -> list[Any]:
    """The data of each sample; none where a rule of the type (a pattern, for example) keeps out what is tried."""
    return _forms(shape, (), 0)


def _forms(shape: Shape, around: tuple[Record, ...], jumps: int) -> list[Any]:
    match shape:
        case str():
            return _FORMS[shape]
        case Bounded():
            return _within(shape.of, shape.bounds)
        case Members():
            return list(shape.members.values())
        case Values():
            return list(shape.values)
        case OneOf():
            return [form for arm in shape.of for form in _forms(arm, around, jumps)]
        case Items():
            return _counted(_forms(shape.of, around, jumps), shape.bounds)
        case Map():
            return _maps(shape, around, jumps)
        case Row():
            return _together([_forms(place, around, jumps) for place in shape.of])
        case Record():
            return _records(shape, around, jumps)
        case Again(up=up):
            # once inside itself shows the form; what is deeper needs an end: another arm, no item, an absent field
            return [] if jumps else _records(around[-up], around[:-up], jumps + 1)


def _records(record: Record, around: tuple[Record, ...], jumps: int) -> list[Any]:
    inside = (*around, record)
    columns = []
    for field in record.fields.values():
        if isinstance(field, Optional):
            columns.append([_ABSENT, *_forms(field.of, inside, jumps)])
        else:
            columns.append(_forms(field, inside, jumps))
    rows = _together(columns) if columns else [[]]
    if record.positional:
        rows = [row[: row.index(_ABSENT)] if _ABSENT in row else row for row in rows]
        made: list[Any] = [[record.tag[1], *row] if record.tag else row for row in rows]
    else:
        tag = dict([record.tag]) if record.tag else {}
        made = [
            {**tag, **{n: v for n, v in zip(record.fields, row, strict=True) if v is not _ABSENT}}
            for row in rows
        ]
    return made


def _together(columns: list[list[Any]]) -> list[list[Any]]:
    if not all(columns):
        return []
    most = max(map(len, columns), default=0)
    return [[column[at % len(column)] for column in columns] for at in range(most)]


def _counted(forms: list[Any], bounds: Bounds) -> list[Any]:
    least, most = _lengths(bounds)
    wanted = [[], forms[:1], forms]
    found = []
    for items in wanted:
        while forms and len(items) < least:
            items = [*items, forms[len(items) % len(forms)]]  # noqa: PLW2901 - filled up to the lower limit
        found.append(items[:most])
    return [items for at, items in enumerate(found) if len(items) >= least and items not in found[:at]]


def _maps(shape: Map, around: tuple[Record, ...], jumps: int) -> list[Any]:
    keys = _within("str", shape.keys) if shape.keys else ["key", "ключ"]
    forms = _forms(shape.of, around, jumps)
    pairs = [dict(zip(keys[:count], forms, strict=False)) for count in range(len(keys) + 1)]
    least, most = _lengths(shape.bounds)
    return [made for at, made in enumerate(pairs) if least <= len(made) <= most and made not in pairs[:at]]


def _within(plain: Plain, bounds: Bounds) -> list[Any]:
    """Forms of a plain type inside its limits, with the limits themselves."""
    if plain in {"int", "float"}:
        return _numbers(plain, bounds)
    least, most = _lengths(bounds)
    if plain == "bytes":
        return [base64.b64encode(b"\xff" * size).decode() for size in dict.fromkeys((least, most))]
    pattern = bounds.get("pattern")
    if pattern is not None:
        return [t for t in _PATTERNED if re.search(str(pattern), t) and least <= len(t) <= most]
    return list(
        dict.fromkeys(
            "text"[:most].ljust(size, "x")[:size] for size in (max(least, min(4, most)), least, most)
        )
    )


def _numbers(plain: Plain, bounds: Bounds) -> list[Any]:
    step: Any = bounds.get("multiple_of", 1 if plain == "int" else None)
    ends = [bounds[key] for key in ("ge", "le") if key in bounds]
    ends += [bounds[key] + (step or 0.5) for key in ("gt",) if key in bounds]  # type: ignore[operator] # bounds are numbers
    ends += [bounds[key] - (step or 0.5) for key in ("lt",) if key in bounds]  # type: ignore[operator] # bounds are numbers
    tried: list[Any] = [*ends, *_FORMS[plain]]
    if step:
        tried = [*(value // step * step for value in tried), *(-(-value // step) * step for value in tried)]
    found = [int(value) if plain == "int" else value for value in tried]
    return [value for value in dict.fromkeys(found) if _inside(value, bounds) and INT_MIN <= value <= INT_MAX]


def _inside(value: Any, bounds: Bounds) -> bool:
    limits: dict[str, Any] = dict(bounds)
    return (
        value >= limits.get("ge", value)
        and value <= limits.get("le", value)
        and ("gt" not in limits or value > limits["gt"])
        and ("lt" not in limits or value < limits["lt"])
    )


def _lengths(bounds: Bounds) -> tuple[int, int]:
    least = int(bounds.get("min_length", 0))
    return least, min(int(bounds.get("max_length", _LONGEST)), max(_LONGEST, least))
