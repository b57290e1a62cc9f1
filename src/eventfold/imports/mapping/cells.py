"""Cells as names, and on request as numbers: with a decimal comma, and whole ones that tools write as `1.0`."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import msgspec

from eventfold.errors import RowInvalid
from eventfold.imports.files.rows import Cells

_KEPT = 10_000
_GROUPED = re.compile(r"([+-]?\d{1,3})((?:([.' \u00a0\u202f\u2019])\d{3})(?:\3\d{3})*)(,\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+(,\d+)?", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d+)(\.0*)?", re.ASCII)
_ONE_GROUP = 4
_EXACT = 2**53
"""Below it each whole number is a float of its own."""


def numbers(decimal_commas: Iterable[str], whole: Iterable[str]) -> Callable[[Cells], dict[str, str]] | None:
    """Reads the cells of some columns as numbers; None where there are no such columns.

    Args:
        decimal_commas: columns whose numbers have a comma before their decimals: `1.234,50` becomes `1234.50`.
        whole: columns whose numbers are whole: `1.0` becomes `1`.

    Returns:
        What the cells of these columns say. It raises `KeyError` where a column is missing, and `RowInvalid` for a cell
        that is no such number; an empty one stays empty.
    """
    commas, wholes = tuple(decimal_commas), tuple(whole)
    if not (commas or wholes):
        return None

    def read(cells: Cells) -> dict[str, str]:
        found = {name: _with_comma(name, _written(cells[name])) for name in commas}
        for name in wholes:
            found[name] = _whole(name, found[name] if name in found else _written(cells[name]))
        return found

    return read


def cell_text(cell: str | msgspec.Raw) -> str:
    """A cell as the text of a name; a number that is whole is written so, since tools make `1.0` of `1`.

    Raises:
        RowInvalid: it is neither text nor a whole number.
    """
    if isinstance(cell, str):
        return cell
    value = msgspec.json.decode(cell)
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RowInvalid("The stream and the type are text or whole numbers.")


def _written(cell: str | msgspec.Raw) -> str:
    if isinstance(cell, str):
        return cell
    text = bytes(cell).decode()
    if text.startswith('"'):
        return str(msgspec.json.decode(cell))
    return "" if text == "null" else text


@lru_cache(_KEPT)
def _with_comma(name: str, text: str) -> str:
    plain = text.strip()
    if not plain or _COMMA.fullmatch(plain):
        return plain.replace(",", ".")
    grouped = _GROUPED.fullmatch(plain)
    if grouped is None:
        raise RowInvalid(f"{name}: {text!r:.60} is no number with a decimal comma.")
    first, groups, sign, fraction = grouped.groups()
    if sign == "." and len(groups) == _ONE_GROUP and not fraction:
        raise RowInvalid(
            f"{name}: {text!r:.60} may be thousands or have a decimal point: write a comma, or leave out the point."
        )
    return first + groups.replace(sign, "") + (fraction or "").replace(",", ".")


@lru_cache(_KEPT)
def _whole(name: str, text: str) -> str:
    plain = text.strip()
    found = _WHOLE.fullmatch(plain)
    if plain and found is None:
        raise RowInvalid(f"{name}: {text!r:.60} is no whole number.")
    return found[1] if found else ""
