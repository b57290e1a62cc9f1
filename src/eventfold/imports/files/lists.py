"""Lists in cells, as exports of other tools write them: `['a', 'b']`, or JSON."""

import re

import msgspec

from eventfold.errors import RowInvalid

_ITEM = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)"|([^,'"\[\]]+))\s*""")
_decode = msgspec.json.Decoder(list[str | int | float | bool | None]).decode


def as_list(column: str, cell: str | msgspec.Raw) -> msgspec.Raw:
    """The list in a cell as JSON; of an empty cell, an empty list.

    Raises:
        RowInvalid: it is no list of texts and numbers.
    """
    text = cell.strip() if isinstance(cell, str) else bytes(cell).decode()
    if not text:
        return msgspec.Raw(b"[]")
    try:
        return msgspec.Raw(msgspec.json.encode(_decode(text)))
    except msgspec.MsgspecError:
        return msgspec.Raw(msgspec.json.encode(_quoted(column, text)))


def list_items(cell: str | msgspec.Raw) -> list[str]:
    """The items of a list made by `as_list`, as texts."""
    return [str(item) for item in _decode(cell) if item is not None]


def _quoted(column: str, text: str) -> list[str]:
    if not (text.startswith("[") and text.endswith("]")):
        raise RowInvalid(f"{column}: {text!r:.60} is no list.")
    found, at, inside = [], 0, text[1:-1]
    while at < len(inside):
        item = _ITEM.match(inside, at)
        if item is None or not item.group().strip():
            raise RowInvalid(f"{column}: {text!r:.60} is no list.")
        found.append(next(part for part in item.groups() if part is not None).strip())
        at = item.end()
        if at < len(inside) and inside[at] != ",":
            raise RowInvalid(f"{column}: {text!r:.60} is no list.")
        at += 1
    return found
