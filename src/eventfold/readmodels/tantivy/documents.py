"""Rows as documents of an index.

Every value is given in the type of its field: one of another type would make the library lose a whole commit, and the
ones after it, in silence.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from tantivy import Document

from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.folding.arrowform import to_rows
from eventfold.readmodels.search.rowtext import RowText
from eventfold.readmodels.search.words import joined
from eventfold.readmodels.tantivy.exact import ordered, term_of
from eventfold.readmodels.tantivy.fields import KEY, MARK, ROW, WORDS, Compared, Fields

_LOW_BITS = 64
_LOW_MASK = 2**_LOW_BITS - 1
Values = dict[str, Any]


class Documents:
    """Makes the documents of a table.

    Args:
        layout: of its rows.
        fields: of its index.
    """

    def __init__(self, layout: Layout, fields: Fields) -> None:
        self._layout = layout
        self._fields = fields
        self._text = RowText(layout)
        self._fill = [_filler(one) for one in fields.compared.values()]

    def of(self, batch: pa.RecordBatch) -> Iterator[tuple[str, Document]]:
        """The documents of a batch, each with the term of its key."""
        for values in self.values(batch):
            yield values[KEY], Document.from_dict(values, self._fields.schema)

    def values(self, batch: pa.RecordBatch) -> Iterator[Values]:
        """What stands in the documents of a batch."""
        for row in to_rows(self._layout, pa.Table.from_batches([batch])):
            yield self._values(row)

    def mark(self, text: bytes) -> Document:
        """The document that says what the others contain."""
        return Document.from_dict({MARK: MARK, ROW: text}, self._fields.schema)

    def _values(self, row: Row) -> Values:
        values: Values = {KEY: term_of(str(row[0])), ROW: self._text.write(row)}
        texts = [joined(text) for at in self._fields.words for text in _texts(row[at])]
        if texts:
            values[WORDS] = texts
        for fill in self._fill:
            fill(values, row)
        return values


def halves(cell: int) -> tuple[int, int]:
    """The two numbers of a wide one: compared one after the other they order as it does."""
    return cell >> _LOW_BITS, cell & _LOW_MASK


def plain(cell: float) -> float:
    """A number of one sign: minus zero equals zero, but not in an index."""
    return float(cell) + 0.0


def _texts(cell: Any) -> Iterator[str]:
    yield from cell if isinstance(cell, list) else () if cell is None else (cell,)


def _filler(one: Compared) -> Callable[[Values, Row], None]:
    name, at, kind, low, by, form = one.name, one.at, one.kind, one.low, one.by, one.form

    def fill(values: Values, row: Row) -> None:
        cell: Any = row[at]
        if cell is None or (form == "float" and math.isnan(cell)):
            return
        match form:
            case "text":
                values[name] = term_of(cell)
            case "wide":
                values[name], values[low] = halves(cell)
            case "float":
                values[name] = plain(cell)
            case _:
                values[name] = cell
        if by:
            values[by] = ordered(kind, cell, values[KEY])

    return fill
