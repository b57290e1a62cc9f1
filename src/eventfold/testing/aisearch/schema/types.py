"""The types of fields: what JSON is read as, and how it is told again.

Times are kept as milliseconds since 1970, as the service keeps no finer ones; everything else as JSON has it.
"""

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

STRING, BOOLEAN, TIME = "Edm.String", "Edm.Boolean", "Edm.DateTimeOffset"
INT32, INT64, DOUBLE = "Edm.Int32", "Edm.Int64", "Edm.Double"
TYPES = (STRING, BOOLEAN, INT32, INT64, DOUBLE, TIME)
NUMBERS = (INT32, INT64, DOUBLE)
BITS = {INT32: 31, INT64: 63}
WORDS = {"NaN": math.nan, "INF": math.inf, "-INF": -math.inf}
TIMES = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDEST = timedelta(hours=14)


class Mistyped(Exception):
    """A value is not of a type."""


def read(value: Any, kind: str) -> Any:
    """A JSON value that is not null as it is kept.

    Raises:
        Mistyped: it is of another type, or out of range.
    """
    match kind:
        case "Edm.String" if isinstance(value, str):
            return value
        case "Edm.Boolean" if isinstance(value, bool):
            return value
        case "Edm.Int32" | "Edm.Int64" if (
            type(value) is int and -(1 << BITS[kind]) <= value < 1 << BITS[kind]
        ):
            return value
        case "Edm.Double" if isinstance(value, str) and value in WORDS:
            return WORDS[value]
        case "Edm.Double" if isinstance(value, int | float) and not isinstance(value, bool):
            return _double(value)
        case "Edm.DateTimeOffset" if isinstance(value, str):
            return moment(value)
    raise Mistyped(f"Cannot convert the literal '{shown(value)}' to the expected type '{kind}'.")


def told(value: Any, kind: str) -> Any:
    """What is kept, as JSON."""
    if kind == TIME:
        text = (
            (_EPOCH + timedelta(milliseconds=value)).replace(tzinfo=None).isoformat(timespec="milliseconds")
        )
        return text.rstrip("0").rstrip(".") + "Z" if text.endswith("0") else text + "Z"
    if kind == DOUBLE and not math.isfinite(value):
        return next(word for word, known in WORDS.items() if repr(known) == repr(value))
    return value


def moment(text: str) -> int:
    """Milliseconds since 1970; what is finer is cut off.

    Raises:
        Mistyped: it is no time with an offset, or none that exists.
    """
    return microseconds(text) // 1000


def microseconds(text: str) -> int:
    """Microseconds since 1970.

    Raises:
        Mistyped: it is no time with an offset, or none that exists.
    """
    found = TIMES.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        clock = datetime.fromisoformat(f"{found[1]}:{found[2] or '00'}")
        place = _offset(found[4])
        since = clock.replace(tzinfo=timezone(place)).astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError):
        raise Mistyped(f"Cannot convert the literal '{text}' to the expected type '{TIME}'.") from None
    return since // timedelta(microseconds=1) + int((found[3] or "0").ljust(7, "0")[:6])


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    found = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
    if found > _WIDEST:
        raise ValueError(text)
    return -found if text[0] == "-" else found


def _double(value: float) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise Mistyped(f"Cannot convert the literal '{shown(value)}' to the expected type '{DOUBLE}'.")
    return found


def shown(value: Any) -> str:
    """A value in a sentence."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
