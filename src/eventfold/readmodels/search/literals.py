"""The values that stand in a `where`: what is written becomes the cell of the column that it is compared with."""

import re

from eventfold.errors import FilterInvalid, ValueUnfit
from eventfold.readmodels.declaring.types import Cell, ColumnType

_NO_SECONDS = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(Z|[+-]\d\d:\d\d)", re.ASCII)
_WANTED = {
    "string": "a text in single quotes, as 'Shipped'",
    "int64": "a whole number, as 10",
    "decimal": "a number, as 10.50",
    "double": "a number, as 10.5",
    "boolean": "true or false",
    "date": "a date in single quotes, as '2026-01-31'",
    "timestamp": "a time with its offset in single quotes, as '2026-01-31T00:00Z'",
}
_QUOTED = {"string", "date", "timestamp"}


def cell_of(column: str, kind: ColumnType, written: str, token: str, position: int) -> Cell:
    """The cell of a value.

    Args:
        column: that it is compared with.
        kind: of that column.
        written: the value, without quotes.
        token: what it is: `text`, `number` or `word`.
        position: where it stands, from 1.

    Raises:
        FilterInvalid: it is no value of that column.
    """
    wanted = "text" if kind.kind in _QUOTED else "word" if kind.kind == "boolean" else "number"
    try:
        if token != wanted:
            raise ValueUnfit(written)
        if kind.kind == "timestamp":
            written = _NO_SECONDS.sub(r"\1:00\2", written) if _NO_SECONDS.fullmatch(written) else written
        if kind.kind == "string":
            written.encode()  # a lone surrogate is in no row
        return kind.parse(written.lower() if token == "word" else written)  # noqa: S105 - a kind of token
    except (ValueUnfit, UnicodeEncodeError):
        raise FilterInvalid(
            f"{written[:40]!r} at character {position} of the where is no value of {column}, which is {kind}: write"
            f" {_WANTED[kind.kind]}.",
            column=column,
            position=position,
        ) from None
