"""What every kind of file gives: rows, each with its line, and cells or what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from eventfold import limits
from eventfold.errors import EventfoldError, RowInvalid

LONGEST_LINE = limits.ROW_BYTES
"""Of a row, characters of CSV or bytes of JSON: a few bytes of gzip may stand for gigabytes."""

Cells = Mapping[str, str | msgspec.Raw]
"""Column -> text of a CSV cell, or JSON as it was written."""


Again = Callable[[], AbstractContextManager[BufferedReader]]
"""Opens the content of a file once more."""


class Row(NamedTuple):
    """One row: its line, and its cells or what is wrong with it.

    Attributes:
        line: where it begins.
        cells: what it says; of a row that is wrong, as far as it could be read.
        error: what is wrong with it.
        former: the cells as earlier releases took them, where that was otherwise: their ids are made of them.
        plain: of cells that hold more than a value, the value alone, by which a stream or a type is named, or a time is
            told.
        cut: the cells without what times say finer than a microsecond, where nothing else is wrong.
        shifted: some cells may stand in the place of others.
    """

    line: int
    cells: Cells
    error: EventfoldError | None = None
    former: Cells | None = None
    cut: Cells | None = None
    shifted: bool = False
    plain: Cells | None = None


class Source(NamedTuple):
    """An open file.

    Attributes:
        rows: its rows.
        raw: its bytes.
        columns: those that it says it has; None where each row says it for itself.
        note: what a person should know of it, as a sentence.
    """

    rows: Iterator[Row]
    raw: BinaryIO
    columns: Sequence[str] | None = None
    note: str = ""

    def read_bytes(self) -> int:
        """How far it has been read, of the size of the file."""
        return self.raw.tell()


def bare(error: EventfoldError | None) -> EventfoldError | None:
    """An error without where it was raised, so that of a page of them each does not keep the row it speaks of."""
    if error is not None:
        error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def damaged(path: Path, line: int, error: Exception) -> RowInvalid:
    """What is raised for a file that cannot be read to its end."""
    return RowInvalid(
        f"{path.name} is damaged or ends in the middle, after line {line}: {error}. Run it again with the whole file:"
        " what was written by then is known and left alone.",
        file=path.name,
        line=line,
    )
