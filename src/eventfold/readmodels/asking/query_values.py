"""What DuckDB answers, in Arrow and in Python, with nothing lost on the way.

Arrow has no unsigned number of 128 bits, no time of day with an offset, no span of more than 292 years in one unit, and
DuckDB hands them over as something else without a word. Such values travel as text, which is exact, and get their
Python type from it. What Python has no value for is refused when rows are asked for: as text it can always be had.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.errors import QueryInvalid

Decode = Callable[[Any], Any]
_SPAN = re.compile(
    r"(?:(-?\d+) years? ?)?(?:(-?\d+) months? ?)?(?:(-?\d+) days? ?)?(?:(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?"
)
_NANOSECONDS = re.compile(r"\.\d{7,}")
_DAY_US = 86_400_000_000


class _Way(NamedTuple):
    """How the values of a column get to Python.

    Attributes:
        cast: the SQL type in which they travel; empty = as they are.
        decode: what makes a Python value of what has arrived; None = nothing is to be done.
    """

    cast: str = ""
    decode: Decode | None = None


def fetch(answer: duckdb.DuckDBPyRelation) -> tuple[pa.Table, Sequence[Decode | None]]:
    """An answer as an Arrow table, and what gives the values of each column their Python type."""
    names, ways = answer.columns, [_way(kind) for kind in answer.types]
    if any(way.cast for way in ways):
        listed = [f"CAST(#{n} AS {way.cast})" if way.cast else f"#{n}" for n, way in enumerate(ways, 1)]
        answer = answer.project(", ".join(listed))
    return answer.to_arrow_table().rename_columns(names), [way.decode for way in ways]


def values(name: str, column: pa.ChunkedArray, decode: Decode | None = None) -> list[Any]:
    """The values of a column.

    Raises:
        QueryInvalid: one of them has no form in Python.
    """
    try:
        if pa.types.is_time(column.type) and pc.max(column.cast(pa.int64())).as_py() == _DAY_US:
            raise ValueError("24:00:00")  # becomes midnight otherwise
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pa.timestamp("us", column.type.tz))
        found: list[Any] = column.to_pylist()
        return found if decode is None else [None if value is None else decode(value) for value in found]
    except (ValueError, OverflowError) as error:
        raise QueryInvalid(
            f"The column {name!r} holds what Python has no value for (an infinite time, a year before 1 or after 9999,"
            " nanoseconds, 24:00, a number of thousands of digits): ask for it as text, with CAST(... AS VARCHAR).",
            column=name,
        ) from error


def span(text: str) -> "timedelta | pa.MonthDayNano":
    """An interval from its text: a timedelta, or months, days and nanoseconds where it counts months."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    years, months, days, sign, hours, minutes, seconds, fraction = found.groups(default="0")
    us = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))
    us = -us if sign == "-" else us
    count = int(years) * 12 + int(months)
    if count:
        return pa.MonthDayNano([count, int(days), us * 1000])
    return timedelta(days=int(days), microseconds=us)


def _instant(text: str) -> datetime:
    if _NANOSECONDS.search(text):
        raise ValueError(text)  # cut otherwise
    return datetime.fromisoformat(text)


_TEXTS: dict[str, Decode | None] = {
    "uhugeint": int,
    "bignum": int,
    "interval": span,
    "time with time zone": None,
    "time_ns": None,
    "bit": None,
    "geometry": None,
    "variant": None,
}
_TEXTS_INSIDE: dict[str, Decode | None] = {
    **_TEXTS,
    "time": time.fromisoformat,
    "timestamp_ns": _instant,
    "timestamptz_ns": _instant,
}
"""Inside a list or a record, where Arrow's values are not looked at one by one."""


def _way(kind: Any, *, inside: bool = False) -> _Way:
    name = kind.id
    texts = _TEXTS_INSIDE if inside else _TEXTS
    if name in texts:
        return _Way("VARCHAR", texts[name])
    match name:
        case "hugeint":
            return _Way(decode=int)
        case "list" | "array":
            parts = dict(kind.children)
            item = _way(parts["child"], inside=True)
            size = str(parts.get("size", ""))
            return _Way(item.cast and f"{item.cast}[{size}]", item.decode and _each(item.decode))
        case "struct":
            return _record(kind.children, [key for key, _ in kind.children], "STRUCT")
        case "tuple":
            return _record(kind.children, [f"element{n + 1}" for n in range(len(kind.children))], "TUPLE")
        case "union":
            return _record(kind.children[1:], [], "UNION")  # its value does not say which member it is
        case "map":
            key, value = (_way(part, inside=True) for _, part in kind.children)
            casts = [
                way.cast or str(part) for way, (_, part) in zip((key, value), kind.children, strict=True)
            ]
            cast = f"MAP({', '.join(casts)})" if key.cast or value.cast else ""
            return _Way(cast, _pairs(key.decode, value.decode) if key.decode or value.decode else None)
    return _Way()


def _record(children: Sequence[tuple[str, Any]], names: Sequence[str], word: str) -> _Way:
    ways = [_way(part, inside=True) for _, part in children]
    cast = ""
    if any(way.cast for way in ways):
        parts = [way.cast or str(part) for way, (_, part) in zip(ways, children, strict=True)]
        quoted = ['"' + key.replace('"', '""') + '" ' if key else "" for key, _ in children]
        cast = f"{word}({', '.join(map(str.__add__, quoted, parts))})"
    decodes = {name: way.decode for name, way in zip(names, ways, strict=False) if way.decode}
    return _Way(cast, _fields(decodes) if decodes else None)


def _each(decode: Decode) -> Decode:
    return lambda items: [None if item is None else decode(item) for item in items]


def _pairs(key: Decode | None, value: Decode | None) -> Decode:
    return lambda pairs: [
        (key(k) if key else k, value(v) if value and v is not None else v) for k, v in pairs
    ]


def _fields(decodes: dict[str, Decode]) -> Decode:
    def decoded(record: dict[str, Any]) -> dict[str, Any]:
        return {
            name: decodes[name](value) if name in decodes and value is not None else value
            for name, value in record.items()
        }

    return decoded
