"""JSON that comes from outside as text: checked whole before any of it is used.

The standard library's parser is used because its hooks see duplicate keys and the digits of numbers, which msgspec's
does not show. Fractions keep the digits they were written with.
"""

import json
import math
from typing import Any, Self

import msgspec

from eventfold import limits
from eventfold.errors import (
    EncodingInvalid,
    InvalidJson,
    JsonDuplicateKey,
    JsonTooDeep,
    NumberNotFinite,
    NumberTooLarge,
    ObjectExpected,
)
from eventfold.events.shape import check_json

_BOM = "\ufeff"


def compact_object(source: str | bytes, *, around: int = 0) -> str:
    """The same JSON object without white space, safe to store.

    Args:
        source: the text.
        around: how many levels it may be nested deeper, because it is no data but stands around data.

    Raises:
        EncodingInvalid: not UTF-8, a byte order mark or a lone surrogate.
        InvalidJson: not JSON, nested too deep, a key twice, a number too large (each by its own class).
        ObjectExpected: JSON, but not an object.
        InvalidEvent: a value that no store can keep: NUL, an infinite number, an integer beyond 64 bits.
    """
    value = _loaded(source)
    if not isinstance(value, dict):
        raise ObjectExpected(f"Expected a JSON object, got {_kind(value)}.")
    check_json(value, -around)
    return encode_text(value)


def compact_value(source: str | bytes, *, around: int = 0) -> str:
    """As `compact_object`, of any JSON value; errors as there, but for `ObjectExpected`."""
    value = _loaded(source)
    check_json(value, -around)
    return encode_text(value)


def _loaded(source: str | bytes) -> Any:
    text = decode_utf8(source)
    try:
        return json.loads(
            text,
            object_pairs_hook=unique_keys,
            parse_int=_integer,
            parse_float=_Fraction,
            parse_constant=_constant,
        )
    except RecursionError:
        raise JsonTooDeep(f"The JSON is nested deeper than {limits.JSON_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(
            f"This is not JSON: {error.msg} at character {error.pos}.", offset=error.pos
        ) from None


def encode_text(value: object) -> str:
    """A checked value as compact JSON text.

    Raises:
        EncodingInvalid: text with a lone surrogate, which UTF-8 cannot express.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_digits).decode()
    except UnicodeEncodeError:
        raise EncodingInvalid("Text contains a lone surrogate, which UTF-8 cannot express.") from None


def decode_utf8(source: str | bytes) -> str:
    """Text of bytes that must be UTF-8 without a byte order mark.

    Raises:
        EncodingInvalid: otherwise; the fact `offset` says at which byte.
    """
    if isinstance(source, bytes):
        try:
            source = source.decode()
        except UnicodeDecodeError as error:
            raise EncodingInvalid(
                f"This is not UTF-8: byte {error.start} is wrong.", offset=error.start
            ) from None
    if source.startswith(_BOM):
        raise EncodingInvalid(
            "The text begins with a byte order mark; save it as UTF-8 without one.", offset=0
        )
    return source


class _Fraction(float):
    """A float that remembers the digits it was written with."""

    __slots__ = ("digits",)
    digits: str

    def __new__(cls, digits: str) -> Self:
        if len(digits) > limits.NUMBER_DIGITS:
            raise NumberTooLarge(
                f"A number has {len(digits)} characters; at most {limits.NUMBER_DIGITS} fit."
            )
        self = super().__new__(cls, digits)
        if not math.isfinite(self):
            raise NumberNotFinite(
                f"The number {digits[:40]} is too large for any column: it becomes infinite."
            )
        self.digits = digits
        return self


def _digits(value: object) -> msgspec.Raw:
    if isinstance(value, _Fraction):
        return msgspec.Raw(value.digits.encode())
    raise ObjectExpected(f"{type(value).__name__} is not a JSON value.")


def _integer(digits: str) -> int:
    if len(digits) > limits.NUMBER_DIGITS:
        raise NumberTooLarge(f"A number has {len(digits)} digits; at most {limits.NUMBER_DIGITS} fit.")
    return int(digits)


def _constant(name: str) -> float:
    raise NumberNotFinite(f"{name} is not a JSON number.")


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A hook for `json.loads`: an object that names no key twice.

    Raises:
        JsonDuplicateKey: otherwise.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JsonDuplicateKey(f"The key {twice!r} stands twice in one object.", key=twice)
    return found


def _kind(value: object) -> str:
    names = {list: "an array", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
