"""Values of an answer as text for people and as JSON for programs, where their own text would not do."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from eventfold.limits import INT_MAX, INT_MIN

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
Parts = tuple[int, int, int]
"""Months, days and microseconds, each with its own sign."""


def parts(value: object) -> Parts | None:
    """What an interval counts; None of anything else."""
    if isinstance(value, timedelta):
        us = value // timedelta(microseconds=1)
        days = abs(us) // _DAY * (1 if us > 0 else -1)
        return 0, days, us - days * _DAY
    if isinstance(value, tuple) and type(value).__name__ == "MonthDayNano":
        months, days, nanoseconds = value
        return months, days, nanoseconds // 1000
    return None


def interval_text(found: Parts) -> str:
    """As SQL writes it: `12 days 09:58:55`, `1 year 2 months -3 days`."""
    months, days, us = found
    years, months = _divided(months, 12)
    counted = [(years, "year"), (months, "month"), (days, "day")]
    words = [f"{n} {word}{'' if abs(n) == 1 else 's'}" for n, word in counted if n]
    if us or not words:
        seconds, rest = divmod(abs(us), _SECOND)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        words.append(f"{'-' if us < 0 else ''}{clock}{_fraction(rest)}")
    return " ".join(words)


def interval_iso(found: Parts) -> str:
    """As ISO 8601 writes a duration: `P12DT9H58M55S`; a part below zero has its sign before it."""
    months, days, us = found
    years, months = _divided(months, 12)
    seconds, rest = divmod(abs(us), _SECOND)
    sign = "-" if us < 0 else ""
    date = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (days, "D")) if n)
    clock = "".join(
        f"{sign}{n}{unit}" for n, unit in ((seconds // 3600, "H"), (seconds // 60 % 60, "M")) if n
    )
    if seconds % 60 or rest:
        clock += f"{sign}{seconds % 60}{_fraction(rest)}S"
    if not date and not clock:
        return "PT0S"
    return f"P{date}{'T' if clock else ''}{clock}"


def in_json(value: Any) -> Any:
    """The value for a JSON encoder that knows no number beyond 64 bits, no infinity and no months."""
    match value:
        case bool() | str():
            return value
        case int():
            return value if INT_MIN <= value <= INT_MAX else msgspec.Raw(str(value).encode())
        case float():
            return value if math.isfinite(value) else _NOT_FINITE[str(value)]
        case Mapping():
            return {str(key): in_json(item) for key, item in value.items()}
        case timedelta() | tuple() if (found := parts(value)) is not None:
            return interval_iso(found)
        case list() | tuple():
            return [in_json(item) for item in value]
    return value


def to_json(value: object, otherwise: Callable[[Any], Any] = str) -> str:
    """The value as JSON; decimals, times and whatever else JSON does not know are text."""
    return msgspec.json.encode(in_json(value), enc_hook=otherwise).decode()


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _divided(number: int, by: int) -> tuple[int, int]:
    """Quotient and rest, both with the sign of the number."""
    whole, rest = divmod(abs(number), by)
    return (-whole, -rest) if number < 0 else (whole, rest)


def _fraction(us: int) -> str:
    return f".{us:06d}".rstrip("0") if us else ""
