"""One text for one number, however it was written: `2`, `2.0` and `20e-1` are equal, and so are their events."""

import re
from decimal import Decimal, InvalidOperation

import msgspec

from eventfold.limits import INT_MAX, INT_MIN

_FRACTION = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_IS_PLAIN = re.compile(rb"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,14}[1-9])?")
_LEAST, _MOST = -20, 20
"""Powers of ten between which a number is written without one."""


def plain_number(raw: msgspec.Raw) -> msgspec.Raw:
    """A JSON number as its one text, exactly; what is no number, or a whole one beyond 64 bits, as it is."""
    text = bytes(raw)
    if _IS_PLAIN.fullmatch(text) or not _FRACTION.fullmatch(text) or text.lstrip(b"-").isdigit():
        return raw if text != b"-0" else msgspec.Raw(b"0")
    try:
        sign, digits, power = Decimal(text.decode()).as_tuple()
    except InvalidOperation:
        return raw
    assert isinstance(power, int)
    kept = "".join(map(str, digits)).rstrip("0")
    if not kept.lstrip("0"):
        return msgspec.Raw(b"0")
    power += len(digits) - len(kept)
    found = Decimal((sign, tuple(map(int, kept)), power))
    if power >= 0:
        plain = found.adjusted() < _MOST and INT_MIN <= int(found) <= INT_MAX
        return msgspec.Raw((str(int(found)) if plain else _scientific(found)).encode())
    return msgspec.Raw((f"{found:f}" if found.adjusted() > _LEAST else _scientific(found)).encode())


def _scientific(number: Decimal) -> str:
    sign, digits, _ = number.as_tuple()
    first, *rest = map(str, digits)
    fraction = "." + "".join(rest) if rest else ""
    return f"{'-' if sign else ''}{first}{fraction}e{number.adjusted()}"
