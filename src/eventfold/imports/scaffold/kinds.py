"""Which type of column holds every value of a field, as far as they were seen; text where that is in doubt."""

import re
from decimal import Decimal
from typing import NamedTuple

import msgspec

from eventfold import limits
from eventfold.errors import ValueUnfit
from eventfold.readmodels.declaring.extract import NumberText
from eventfold.readmodels.declaring.types import column_type

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_TEXT_AT_MOST = 64
"""Characters of a text that may be something else than text."""

DIGITS, MOST_DIGITS = 18, 38
ROOM = 3
"""Digits that are left free before the point of a decimal of 18."""

MONEY = 2
"""Digits behind the point that a decimal has at least."""

MEASURED = 6
"""Digits behind the point of a number, beyond which it is a measurement: a float, if that says the same."""


class _Value(NamedTuple):
    """What one value is."""

    kind: str
    whole: int = 0
    scale: int = 0
    is_int64: bool = True
    is_double: bool = True


class Guess(msgspec.Struct):
    """What all values of a field are, one after the other.

    Attributes:
        kind: `number` of JSON, `digits` (numbers as text), `truth`, `truth text`, `timestamp`, `date`, `string`, or
            `nested`: a list or a map, for which no column has a place; empty before the first.
        whole: digits before the point, at most.
        scale: digits behind it, at most.
        is_int64: all are whole numbers of 64 bits.
        is_double: all are said exactly by a float.
    """

    kind: str = ""
    whole: int = 0
    scale: int = 0
    is_int64: bool = True
    is_double: bool = True

    def take(self, value: object) -> None:
        """Takes one value of JSON into account; null says nothing."""
        if value is None or self.kind == "nested":
            return
        if isinstance(value, list | dict):
            self.kind = "nested"
            return
        if self.kind == "string":
            return
        found = _value(value)
        self.kind = found.kind if self.kind in ("", found.kind) else "string"
        self.whole = max(self.whole, found.whole)
        self.scale = max(self.scale, found.scale)
        self.is_int64 &= found.is_int64
        self.is_double &= found.is_double

    @property
    def type_name(self) -> str:
        """The name of a type that holds all of them; empty where none does."""
        match self.kind:
            case "nested":
                return ""
            case "number" | "digits" if self.is_int64:
                return "int64"
            case "number" if self.scale > MEASURED and self.is_double:
                return "double"
            case "number" | "digits":
                return self._decimal()
            case "truth" | "truth text":
                return "boolean"
            case "timestamp" | "date":
                return self.kind
            case _:
                return "string"

    def _decimal(self) -> str:
        scale = max(self.scale, MONEY)
        if self.whole + scale + ROOM <= DIGITS:
            return f"decimal({DIGITS},{scale})"
        if self.whole + scale <= MOST_DIGITS:
            return f"decimal({MOST_DIGITS},{scale})"
        return "double" if self.kind == "number" and self.is_double else "string"


def _value(value: object) -> _Value:
    if isinstance(value, bool):
        return _Value("truth")
    if isinstance(value, int):
        return _number("number", str(value), is_whole=True)
    if isinstance(value, NumberText):
        return _number("number", str(value), is_whole=False)
    text = str(value)
    if len(text) > _TEXT_AT_MOST:
        return _Value("string")
    if _WHOLE.fullmatch(text):
        found = _number("digits", text, is_whole=True)
        # a long number that is written as text is a name, and so is one with a sign before nothing
        return found if found.is_int64 and text != "-0" else _Value("string")
    if _FRACTION.fullmatch(text):
        return _number("digits", text, is_whole=False)
    if text in ("true", "false"):
        return _Value("truth text")
    return _Value(next((kind for kind in ("date", "timestamp") if _holds(kind, text)), "string"))


def _number(kind: str, text: str, *, is_whole: bool) -> _Value:
    if is_whole:
        whole = int(text)
        is_double = -(2**53) <= whole <= 2**53
        return _Value(kind, len(text.lstrip("-")), 0, limits.INT_MIN <= whole <= limits.INT_MAX, is_double)
    exact = Decimal(text)
    exponent = exact.as_tuple().exponent
    scale = max(-exponent, 0) if isinstance(exponent, int) else 0
    near = float(text)
    is_double = abs(near) != float("inf") and Decimal(repr(near)) == exact
    return _Value(kind, max(exact.adjusted() + 1, 1), scale, is_int64=False, is_double=is_double)


def _holds(kind: str, text: str) -> bool:
    try:
        column_type(kind).parse(text)
    except ValueUnfit:
        return False
    return text[:1].isdigit()
