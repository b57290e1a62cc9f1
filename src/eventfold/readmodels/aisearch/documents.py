"""Rows as documents of the service, and their keys.

Decimals go out as whole numbers: the service and its library take them for floats. Every document has every field, so
that an upload takes the place of all that was there.
"""

import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pyarrow as pa

from eventfold.readmodels.aisearch.fields import (
    CHANGE,
    ID,
    KEY,
    KIND,
    ROW,
    WORDS,
    Compared,
    compared_of,
    halves,
    term_of,
)
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.folding.arrowform import to_rows
from eventfold.readmodels.search.port import ORDERED_CHARACTERS
from eventfold.readmodels.search.request import searched
from eventfold.readmodels.search.rowtext import RowText
from eventfold.readmodels.search.words import joined

STAMP_ID = "eventfold-stamp"
"""The key of the document that says what the others contain: no row has it."""
ROW_KIND, STAMP_KIND = "row", "stamp"
_LONGEST_KEY = 1_024
"""Characters of a key, by the limits of the service."""
Document = dict[str, Any]


def id_of(key: str) -> str:
    """The key of a row's document: base64 of its text for URLs, without padding; of a long one a digest."""
    written = f"r-{urlsafe_b64encode(key.encode()).decode().rstrip('=')}"
    return written if len(written) <= _LONGEST_KEY else f"h-{sha256(key.encode()).hexdigest()}"


class Documents:
    """Makes the documents of a table.

    Args:
        layout: of its rows.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._text = RowText(layout)
        at = {slot.name: n for n, slot in enumerate(layout.slots)}
        self._words = [at[name] for name in searched(layout.spec).text]
        self._compared = list(compared_of(layout).values())

    def of(self, batch: pa.RecordBatch, change: int) -> Iterator[Document]:
        """The documents of a batch.

        Args:
            batch: rows.
            change: of the version that they are sent for.
        """
        for row in to_rows(self._layout, pa.Table.from_batches([batch])):
            yield self._document(row, change)

    def _document(self, row: Row, change: int) -> Document:
        key = str(row[0])
        made: Document = {
            ID: id_of(key),
            KEY: term_of(key),
            KIND: ROW_KIND,
            ROW: self._text.write(row).decode(),
            CHANGE: change,
            WORDS: [joined(text) for at in self._words for text in _texts(row[at])],
        }
        for one in self._compared:
            _fill(made, one, row[one.at])
        return made


def _texts(cell: Any) -> list[str]:
    return cell if isinstance(cell, list) else [] if cell is None else [cell]


def _fill(made: Document, one: Compared, cell: Any) -> None:
    there = cell is not None and not (one.form == "float" and math.isnan(cell))
    value: Any = cell if there else None
    if one.form == "wide":
        value, made[one.low] = halves(cell) if there else (None, None)
    elif there and one.form == "text":
        value = term_of(cell)
    elif there and one.form == "float":
        value = _number(cell)
    made[one.name] = value
    if one.sort:
        made[one.there] = there
    if one.sort and one.form == "text":
        made[one.by] = str(cell)[:ORDERED_CHARACTERS] if there else None


def _number(cell: float) -> float | str:
    """As the service reads it: of one sign where it is zero, and by name where it has no end."""
    if math.isinf(cell):
        return "INF" if cell > 0 else "-INF"
    return cell + 0.0
