"""Typed text of XML as JSON: numbers keep the digits they were written with."""

import re
from decimal import Decimal, InvalidOperation

import msgspec

from eventfold.errors import NumberNotFinite, RowInvalid

_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_BOOLEANS = {"true": b"true", "1": b"true", "false": b"false", "0": b"false"}
LONGEST_NUMBER = 400
NULL = msgspec.Raw(b"null")


def typed(kind: str, name: str, text: str) -> msgspec.Raw:
    """A value as JSON.

    Args:
        kind: int or integer, float, boolean; everything else stays text.
        name: of the attribute.
        text: its value.

    Returns:
        The value; null where a number is NaN, by which tools of data frames say that there is none.

    Raises:
        RowInvalid: the text is no such value.
        NumberNotFinite: an infinity.
    """
    match kind:
        case "int" | "integer":
            return _number(_INTEGER, kind, name, text)
        case "float":
            return _number(_NUMBER, kind, name, text)
        case "boolean":
            if text.strip() not in _BOOLEANS:
                raise RowInvalid(f"{name}: {text!r:.60} is neither true nor false.")
            return msgspec.Raw(_BOOLEANS[text.strip()])
        case _:
            return msgspec.Raw(msgspec.json.encode(text))


def _number(form: re.Pattern[str], kind: str, name: str, text: str) -> msgspec.Raw:
    digits = text.strip()
    if not form.fullmatch(digits):
        digits = _plain(kind, name, digits)
        if digits == "null":
            return NULL
        if not form.fullmatch(digits):
            raise RowInvalid(f"{name}: {text!r:.60} is no {kind}.")
    return msgspec.Raw(digits.encode())


def _plain(kind: str, name: str, text: str) -> str:
    """Other ways to write a number (+1, 007, .5, 1.) in that of JSON."""
    try:
        found = Decimal(text) if len(text) <= LONGEST_NUMBER and "_" not in text else None
    except InvalidOperation:
        found = None
    if found is None:
        raise RowInvalid(f"{name}: {text!r:.60} is no {kind}.")
    if found.is_qnan():
        return "null"
    if not found.is_finite():
        raise NumberNotFinite(f"{name}: {text!r:.60} is no JSON number.")
    return str(found)
