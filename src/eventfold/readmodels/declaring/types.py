"""Column types: how the text of a JSON value becomes the value of a cell, the same on every engine.

A cell holds text, int, float, bool or bytes only: times are microseconds since 1970, dates days since 1970, decimals
whole numbers scaled by their digits. So cells add, compare and travel exactly; `show` gives them their Python type.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import date, datetime
from decimal import Context, Decimal, Inexact
from functools import cache

import msgspec

from eventfold import limits
from eventfold.errors import TableInvalid, ValueUnfit
from eventfold.events.envelope import from_us, to_us

Cell = str | int | float | bool | bytes
_DECIMAL_NAME = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6}(\d*))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EXACT = Context(prec=100, traps=[Inexact])


_LIMITS = [10**digits - 1 for digits in range(39)]


class ColumnType(msgspec.Struct, frozen=True):
    """The type of a column.

    Attributes:
        kind: string, int64, double, boolean, timestamp, date, decimal or binary.
        precision: digits of a decimal, at most 38.
        scale: of them behind the point.
    """

    kind: str
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})" if self.kind == "decimal" else self.kind

    @property
    def limit(self) -> int:
        """The largest magnitude of a cell that is summed."""
        return _LIMITS[self.precision] if self.kind == "decimal" else limits.INT_MAX

    def parse(self, text: str) -> Cell:
        """The cell of a JSON value's text.

        Raises:
            ValueUnfit: the text is no value of this type, or would lose digits in it.
        """
        return _parser(self)(text)

    def show(self, cell: Cell | None) -> object:
        """The cell as a user sees it: Decimal, aware datetime, date, or the plain value."""
        if cell is None:
            return None
        match self.kind:
            case "decimal":
                return Decimal(int(cell)).scaleb(-self.scale, _EXACT)
            case "timestamp":
                return from_us(int(cell))
            case "date":
                return date.fromordinal(int(cell) + _EPOCH_DAY)
            case _:
                return cell

    def hide(self, value: object) -> Cell | None:
        """The cell of a Python value, for folds written in Python.

        Raises:
            ValueUnfit: the value is not of this type, or would lose digits in it.
        """
        match self.kind, value:
            case _, None:
                return None
            case "decimal", Decimal() if value.is_finite():
                return self.parse(str(value))
            case "decimal", int() if not isinstance(value, bool):
                return self.parse(str(value))
            case "timestamp", datetime() if value.utcoffset() is not None:
                return _shown_us(to_us(value), str(value))
            case "date", date() if not isinstance(value, datetime):
                return value.toordinal() - _EPOCH_DAY
            case "string", str():
                return value
            case "int64", int() if not isinstance(value, bool):
                return self.parse(str(value))
            case "double", float() | int() if not isinstance(value, bool):
                return float(value)
            case "boolean", bool():
                return value
            case "binary", bytes():
                return value
            case _:
                raise ValueUnfit(f"{value!r} ({type(value).__name__}) is no {self}")


STRING = ColumnType("string")
INT64 = ColumnType("int64")
TIMESTAMP = ColumnType("timestamp")
_PLAIN = {
    kind: ColumnType(kind) for kind in ("string", "int64", "double", "boolean", "timestamp", "date", "binary")
}


@cache
def column_type(name: str) -> ColumnType:
    """The type of a name: `string`, `int64`, `double`, `boolean`, `timestamp`, `date`, `binary`, `decimal(p,s)`.

    Raises:
        TableInvalid: no such type.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if found := _DECIMAL_NAME.fullmatch(name):
        precision, scale = int(found[1]), int(found[2])
        if 1 <= precision <= 38 and scale <= precision:
            return ColumnType("decimal", precision, scale)
        raise TableInvalid(
            f"{name}: a decimal has 1 to 38 digits, of which at most all stand behind the point."
        )
    raise TableInvalid(f"No column type {name!r}; known: {', '.join(sorted(_PLAIN))}, decimal(p,s).")


@cache
def _parser(kind: ColumnType) -> Callable[[str], Cell]:
    match kind.kind:
        case "string":
            return str
        case "int64":
            return _int64
        case "double":
            return _double
        case "boolean":
            return _boolean
        case "timestamp":
            return _timestamp
        case "date":
            return _date
        case "binary":
            return _binary
        case _:
            return lambda text: _decimal(text, kind)


def _unfit(text: str, kind: str) -> ValueUnfit:
    return ValueUnfit(f"{text[:60]!r} is no {kind}", value=text[:60], type=kind)


def _int64(text: str) -> int:
    if _INTEGER.fullmatch(text) and limits.INT_MIN <= (value := int(text)) <= limits.INT_MAX:
        return value
    raise _unfit(text, "int64")


def _double(text: str) -> float:
    if _NUMBER.fullmatch(text) and abs(value := float(text)) != float("inf"):
        return value
    raise _unfit(text, "double")


def _boolean(text: str) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    raise _unfit(text, "boolean")


def _timestamp(text: str) -> int:
    if found := _TIME.fullmatch(text):
        if (found[2] or "").strip("0"):
            raise _unfit(text, "timestamp: it is finer than a microsecond")
        try:
            return _shown_us(to_us(datetime.fromisoformat(text)), text)
        except ValueError:
            pass
    raise _unfit(text, "timestamp (RFC 3339 with an offset)")


def _shown_us(us: int, text: str) -> int:
    if limits.TIME_MIN_US <= us <= limits.TIME_MAX_US:
        return us
    raise _unfit(text, "timestamp in the years 1 to 9999 in UTC")


def _date(text: str) -> int:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).toordinal() - _EPOCH_DAY
        except ValueError:
            pass
    raise _unfit(text, "date")


def _binary(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise _unfit(text, "binary (base64)") from None


def _decimal(text: str, kind: ColumnType) -> int:
    if _NUMBER.fullmatch(text):
        value = Decimal(text)
        # adjusted() first: scaling 1E+999999999 would build a number of a billion digits
        if not value:
            return 0
        if value.adjusted() < kind.precision - kind.scale and value.adjusted() >= -kind.scale:
            try:
                scaled = value.scaleb(kind.scale, _EXACT)
                if scaled == (whole := int(scaled)) and abs(whole) <= kind.limit:
                    return whole
            except Inexact:
                pass
    raise _unfit(text, str(kind))
