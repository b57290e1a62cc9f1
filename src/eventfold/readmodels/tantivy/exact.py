"""Texts as terms of an index: exactly comparable, and short, whatever their length.

An index drops terms of more than 65,530 bytes in silence. A longer text than is reasonable stands there as its
beginning and a digest, with a NUL between, which no text of an event has.
"""

from hashlib import sha256

from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.search.port import ORDERED_CHARACTERS

LONGEST = 1_024
"""Bytes of a text that is its own term."""
_KEPT = 200
_WIDE = 10**38
SEPARATOR = "\0"


def term_of(text: str) -> str:
    """The term of a text: that of another text is another one."""
    if len(text) * 4 <= LONGEST or len(written := text.encode()) <= LONGEST:
        return text
    return f"{text[:_KEPT]}{SEPARATOR}{sha256(written).hexdigest()}"


def is_short_for(term: str) -> bool:
    """Whether a term stands for a longer text, which it does not tell."""
    return SEPARATOR in term


def ordered(kind: ColumnType, cell: str | int, key: str) -> str:
    """A term that orders hits by a cell, and those of one cell by their key.

    Args:
        kind: of the column: text, or a decimal of more digits than a number of the index has.
        cell: of the row.
        key: of the row, as a term.
    """
    if kind.kind == "string":
        return f"{str(cell)[:ORDERED_CHARACTERS]}{SEPARATOR}{key}"
    return f"{int(cell) + _WIDE:039d}{SEPARATOR}{key}"
