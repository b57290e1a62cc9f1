"""Facets: how many of the documents that were found have which value, or a value in which range."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from eventfold.testing.aisearch.schema.documents import Document
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.schema.types import DOUBLE, NUMBERS, TIME, Mistyped, read, told
from eventfold.testing.aisearch.wire import Refused, expression, unknown

_PART = re.compile(r"\s*(\w+)\s*:\s*(.*?)\s*")
_SORTS = ("count", "-count", "value", "-value")
_SPANS = ("minute", "hour", "day", "week", "month", "quarter", "year")
_USUAL = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Bucket = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet as it was asked for; `count` 0 is without an end."""

    field: Field
    count: int = _USUAL
    sort: str = "count"
    values: tuple[Any, ...] = ()
    interval: str = ""


def read_facet(text: str, fields: Mapping[str, Field]) -> Facet:
    """A facet.

    Raises:
        Refused: 400, the service does not take it.
    """
    name, *parts = (part.strip() for part in text.split(","))
    field = fields.get(name)
    if field is None:
        raise expression("facet", f"Could not find a property named '{name}' on type 'search.document'.")
    if not field.facetable:
        raise expression(
            "facet",
            f"'{name}' is not a facetable field. Only facetable fields can be used in facet expressions.",
        )
    said: dict[str, str] = {}
    for part in parts:
        found = _PART.fullmatch(part)
        if found is None or found[1] in said:
            raise _bad(text, f"'{part}' is no parameter of it")
        said[found[1]] = found[2]
    for parameter in said.keys() - {"count", "sort", "values", "interval"}:
        raise unknown(f"the parameter '{parameter}' of a facet")
    if len(said.keys() & {"values", "interval"}) + bool(said.keys() & {"count", "sort"}) > 1:
        raise _bad(text, "'count' and 'sort' go together; 'values' and 'interval' stand alone")
    return Facet(
        field,
        _count(said.get("count"), text),
        _sort(said.get("sort", "count"), text),
        _values(said["values"], field, text) if "values" in said else (),
        _interval(said["interval"], field, text) if "interval" in said else "",
    )


def _bad(text: str, why: str) -> Refused:
    return expression("facet", f"The facet '{text[:60]}' cannot be: {why}.")


def _count(given: str | None, text: str) -> int:
    if given is None:
        return _USUAL
    if not given.isdecimal():
        raise _bad(text, "'count' is a number from 0 up")
    return int(given)


def _sort(given: str, text: str) -> str:
    if given not in _SORTS:
        raise _bad(text, f"'sort' is one of {', '.join(_SORTS)}")
    return given


def _values(given: str, field: Field, text: str) -> tuple[Any, ...]:
    if field.kind not in (*NUMBERS, TIME):
        raise _bad(text, "'values' are for numbers and times")
    try:
        found = [_value(part.strip(), field.kind) for part in given.split("|")]
    except (Mistyped, ValueError):
        raise _bad(text, f"'{given}' are no values of type {field.kind}") from None
    if found != sorted(found):
        raise _bad(text, "'values' are in ascending order")
    return tuple(found)


def _value(text: str, kind: str) -> Any:
    if kind == TIME:
        return read(text, kind)
    return read(float(text) if kind == DOUBLE else int(text), kind)


def _interval(given: str, field: Field, text: str) -> str:
    is_span = field.kind == TIME and given in _SPANS
    if not is_span and not (field.kind in NUMBERS and given.isdecimal() and int(given) > 0):
        raise _bad(text, f"'interval' is a whole number above 0, or for times one of {', '.join(_SPANS)}")
    return given


def counted(facet: Facet, documents: Iterable[Document]) -> list[Bucket]:
    """The buckets of a facet; a document without a value is in none."""
    field = facet.field
    counts: Counter[Any] = Counter()
    place = _place(facet)
    for document in documents:
        value = document.get(field.name)
        if value is None:
            continue
        if field.is_collection:
            counts.update({place(each) for each in value})
        else:
            counts[place(value)] += 1
    if facet.values:
        return [_range(facet, number, counts[number]) for number in range(len(facet.values) + 1)]
    if facet.interval:
        return [_bucket(field, value, counts[value]) for value in sorted(counts)]
    found = [_bucket(field, value, counts[value]) for value in _sorted(counts, facet.sort)]
    return found[: facet.count] if facet.count else found


def _sorted(counts: Counter[Any], sort: str) -> Sequence[Any]:
    found = sorted(counts, key=lambda value: (value != value, value), reverse=sort == "-value")  # noqa: PLR0124 - NaN
    match sort:
        case "count":
            return sorted(found, key=lambda value: -counts[value])
        case "-count":
            return sorted(found, key=lambda value: counts[value])
    return found


def _bucket(field: Field, value: Any, count: int) -> Bucket:
    return {"value": told(value, field.kind), "count": count}


def _range(facet: Facet, number: int, count: int) -> Bucket:
    bucket: Bucket = {"count": count}
    if number > 0:
        bucket["from"] = told(facet.values[number - 1], facet.field.kind)
    if number < len(facet.values):
        bucket["to"] = told(facet.values[number], facet.field.kind)
    return bucket


def _place(facet: Facet) -> Callable[[Any], Any]:
    if facet.values:
        return lambda value: bisect_right(facet.values, value)
    if facet.interval and facet.field.kind == TIME:
        return lambda value: _begin(value, facet.interval)
    if facet.interval:
        size = int(facet.interval)
        return lambda value: value // size * size
    return lambda value: value


def _begin(milliseconds: int, span: str) -> int:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match span:
        case "minute":
            found = moment.replace(second=0, microsecond=0)
        case "hour":
            found = moment.replace(minute=0, second=0, microsecond=0)
        case "week":
            found = day - timedelta(days=day.weekday())
        case "month":
            found = day.replace(day=1)
        case "quarter":
            found = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            found = day.replace(month=1, day=1)
        case _:
            found = day
    return (found - _EPOCH) // timedelta(milliseconds=1)
