"""Rows out of CSV: quoted cells may hold line ends; a row that is wrong or too long takes no other with it unseen."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from eventfold.errors import EncodingInvalid, EventTooLarge, QueryInvalid, RowInvalid
from eventfold.events.shape import check_key
from eventfold.imports.files import rows
from eventfold.imports.files.rows import Row

_LINE_ENDS = ("\n", "\r")
_MARK = "\ufeff"


class _Lines:
    """The lines of a text, counted as they stand in the file; a row of them that grows too long is refused, whole."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._readline = text.readline
        self.count = 0
        self.new_row()

    def new_row(self) -> None:
        """The next line begins a row."""
        self._first = self.count + 1
        self._size = 0
        self._quotes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._part()
        if not line:
            raise StopIteration
        self.count += 1
        if self._size >= rows.LONGEST_LINE:
            # up to where its quotes are closed: the rest of a cell must not be taken for rows
            while line and (self._quotes % 2 or not line.endswith(_LINE_ENDS)):
                ended = line.endswith(_LINE_ENDS)
                line = self._part()
                self.count += bool(line) and ended
            raise EventTooLarge(
                f"The row is longer than {rows.LONGEST_LINE} characters; lines {self._first} to {self.count} are left"
                " out.",
                line=self._first,
                to=self.count,
            )
        return line

    def _part(self) -> str:
        line = self._readline(rows.LONGEST_LINE)
        self._size += len(line)
        self._quotes += line.count('"')
        return line


class CsvRows:
    """The rows of a CSV file, by the names of its first line.

    Args:
        text: of the file.
        delimiter: between its cells.

    Raises:
        QueryInvalid: it has no usable header.
        InvalidEvent, EncodingInvalid: a column has a name that cannot be kept.
    """

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        # the parser's own limit, one for the process, would end a row inside of a cell
        csv.field_size_limit(max(csv.field_size_limit(), rows.LONGEST_LINE))
        self._lines = _Lines(text)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._header = _header(self._reader)
        self.has_index = len(self._header) > 1 and self._header[0] == ""
        """Whether the first column has no name, as tools write the numbers of their rows; it is left out."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._header[self.has_index :]

    def __iter__(self) -> Iterator[Row]:
        found = _rows(self._lines, self._reader, self._header)
        if not self.has_index:
            return found
        return (row._replace(cells={n: c for n, c in row.cells.items() if n}) for row in found)


def _rows(lines: _Lines, reader: "Iterator[list[str]]", header: list[str]) -> Iterator[Row]:
    while True:
        begins = lines.count + 1
        lines.new_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except EventTooLarge as error:
            yield Row(begins, {}, error)
            continue
        except csv.Error as error:
            yield Row(begins, {}, _no_csv(error, begins, lines.count))
            continue
        if len(cells) == len(header):
            yield Row(begins, dict(zip(header, cells, strict=True)))
        elif cells:
            wrong = RowInvalid(f"The row has {len(cells)} cells, the header {len(header)}.", line=begins)
            # before the cell at fault all stand in their place, so that they may say which stream it belongs to
            yield Row(begins, dict(zip(header, cells, strict=False)), wrong, shifted=True)


def _no_csv(error: csv.Error, first: int, last: int) -> RowInvalid:
    # a quote that is never closed takes the lines behind it with it; they must not be missed in silence
    lost = f", so that lines {first} to {last} are left out as one row" if last > first else ""
    return RowInvalid(f"This is not CSV: {error}{lost}.", line=first, to=last)


def _header(reader: "Iterator[list[str]]") -> list[str]:
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise QueryInvalid(f"The header is not CSV: {error}.") from None
    if not header:
        raise QueryInvalid("The file is empty: its first line names the columns.")
    header[0] = header[0].removeprefix(_MARK)
    twice = {name for name, count in Counter(header).items() if count > 1}
    if twice or "" in header[1:] or not any(header):
        raise QueryInvalid(
            f"The header names a column twice or not at all: {sorted(twice) or 'an empty name'}."
            " Give each column a name of its own in the first line."
        )
    if any("\udc80" <= c <= "\udcff" for name in header for c in name):
        raise EncodingInvalid(
            "The header is not in the encoding of the file: say --encoding, latin-1 for example."
        )
    for name in header:
        if name:
            check_key(name)
    return header
