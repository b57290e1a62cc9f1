"""Rows out of files: CSV and JSON Lines, plain or gzipped. A row that is wrong is an error beside its line, no end."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import msgspec

from eventfold.errors import (
    EncodingInvalid,
    EventfoldError,
    EventTooLarge,
    NotFound,
    QueryInvalid,
    RowInvalid,
)
from eventfold.events.jsontext import compact_object
from eventfold.events.shape import check_key

Format = Literal["csv", "jsonl"]
LONGEST_LINE = 4 * 1024 * 1024
"""Of a row, characters of CSV or bytes of JSON: a few bytes of gzip may stand for gigabytes."""

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = ("\n", "\r")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE = (EOFError, OSError, zlib.error)

Cells = Mapping[str, str | msgspec.Raw]
"""Column -> text of a CSV cell, or JSON as it was written."""


class Row(NamedTuple):
    """One row: its line, and its cells or what is wrong with it."""

    line: int
    cells: Cells
    error: EventfoldError | None = None


class Source(NamedTuple):
    """An open file: its rows, and how many bytes of it have been read so far."""

    rows: Iterator[Row]
    raw: BinaryIO

    def read_bytes(self) -> int:
        """How far it has been read, of the size of the file."""
        return self.raw.tell()


@contextmanager
def opened(path: Path, form: Format | None, delimiter: str) -> Iterator[Source]:
    """Opens a file; its form is told by its name where it is not given.

    Raises:
        NotFound: it cannot be opened.
        QueryInvalid: the form cannot be told, or a CSV file has no usable header.
        InvalidEvent: a column has a name that cannot be kept.
        EncodingInvalid: it begins with a byte order mark or is UTF-16.
        RowInvalid: also while reading: a file that is damaged or ends in the middle.
    """
    form = form or _form_of(path)
    with _raw(path) as raw:
        content: Any = gzip.GzipFile(fileobj=raw) if _begins_as_gzip(path, raw) else raw
        with io.BufferedReader(content) as buffered:
            _check_beginning(path, buffered)
            if form == "jsonl":
                yield Source(_whole(path, _jsonl(buffered)), raw)
                return
            # bytes that are no UTF-8 become lone surrogates here, so that only their row is refused
            with io.TextIOWrapper(buffered, "utf-8", errors="surrogateescape", newline="") as text:
                yield Source(_whole(path, _csv(text, delimiter)), raw)


def _raw(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise NotFound(f"{path} cannot be opened: {error.strerror}.", file=str(path)) from error


def _begins_as_gzip(path: Path, raw: BinaryIO) -> bool:
    try:
        beginning = raw.read(2)
        raw.seek(0)
    except OSError as error:
        raise _damaged(path, 0, error) from error
    return beginning == _GZIP


def _form_of(path: Path) -> Format:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if name.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    raise QueryInvalid(
        f"The name {path.name} does not say what it is; give the format: csv or jsonl.", file=path.name
    )


def _check_beginning(path: Path, content: io.BufferedReader) -> None:
    try:
        first = content.peek(3)
    except _DAMAGE as error:
        raise _damaged(path, 0, error) from error
    if first.startswith((_BOM, *_UTF16)):
        raise EncodingInvalid(
            f"{path.name} begins with a byte order mark; save it as UTF-8 without one.",
            file=path.name,
            offset=0,
        )


def _whole(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    line = 0
    try:
        for row in rows:
            line = row.line
            yield row
    except _DAMAGE as error:
        raise _damaged(path, line, error) from error


def _damaged(path: Path, line: int, error: Exception) -> RowInvalid:
    return RowInvalid(
        f"{path.name} is damaged or ends in the middle, after line {line}: {error}. Run it again with the whole file:"
        " what was written by then is known and left alone.",
        file=path.name,
        line=line,
    )


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
        if self._size >= LONGEST_LINE:
            # up to where its quotes are closed: the rest of a cell must not be taken for rows
            while line and (self._quotes % 2 or not line.endswith(_LINE_ENDS)):
                ended = line.endswith(_LINE_ENDS)
                line = self._part()
                self.count += bool(line) and ended
            raise EventTooLarge(
                f"The row is longer than {LONGEST_LINE} characters; lines {self._first} to {self.count} are left out.",
                line=self._first,
                to=self.count,
            )
        return line

    def _part(self) -> str:
        line = self._readline(LONGEST_LINE)
        self._size += len(line)
        self._quotes += line.count('"')
        return line


def _csv(text: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    # the parser's own limit, one for the process, would end a row inside of a cell
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = _header(reader)
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
            yield Row(begins, {}, wrong)


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
    twice = {name for name in header if header.count(name) > 1}
    if twice or "" in header:
        raise QueryInvalid(
            f"The header names a column twice or not at all: {sorted(twice) or 'an empty name'}."
        )
    if any("\udc80" <= c <= "\udcff" for name in header for c in name):
        raise EncodingInvalid("The header is not UTF-8.")
    for name in header:
        check_key(name)
    return header


_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _jsonl(content: io.BufferedReader) -> Iterator[Row]:
    line = 0
    while text := content.readline(LONGEST_LINE):
        line += 1
        if len(text) == LONGEST_LINE and not text.endswith(b"\n"):
            while (rest := content.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Row(line, {}, EventTooLarge(f"The line is longer than {LONGEST_LINE} bytes.", line=line))
        elif text.strip():
            try:
                cells = _raw_object(compact_object(text.strip()))
            except EventfoldError as error:
                yield Row(line, {}, error)
            else:
                yield Row(line, cells)
