"""Files as rows: which kind of file it is, and what reads it, plain or gzipped. A wrong row is an error, no end."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar, get_args

from eventfold.errors import ConfigInvalid, EncodingInvalid, NotFound, QueryInvalid
from eventfold.imports.files.delimited import CsvRows
from eventfold.imports.files.encodings import ESCAPED, encoding_of
from eventfold.imports.files.jsonlines import Line, json_lines, json_rows
from eventfold.imports.files.rows import Row, Source, damaged

Format = Literal["csv", "jsonl", "parquet", "xes", "ocel-xml", "ocel-json", "ocel-sqlite"]

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xes": "xes",
    ".xml": "ocel-xml",
    ".xmlocel": "ocel-xml",
    ".json": "ocel-json",
    ".jsonocel": "ocel-json",
    ".sqlite": "ocel-sqlite",
    ".sqlite3": "ocel-sqlite",
}
_XML = frozenset({"xes", "ocel-xml"})
_INDEX = (
    "the first column has no name and was left out, for tools write the numbers of their rows there: give it a name in"
    " the first line if it is to be kept."
)
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE = (EOFError, OSError, zlib.error)
Numbered = TypeVar("Numbered", Row, Line)


@contextmanager
def opened(
    path: Path,
    form: Format | None,
    delimiter: str | None = None,
    encoding: str = "",
    used: frozenset[str] | None = None,
) -> Iterator[Source]:
    """Opens a file; its form is told by its name where it is not given.

    Args:
        path: its place.
        form: what it is.
        delimiter: between the cells of a CSV file; None = told by the name: a tab for `.tsv`, else a comma.
        encoding: of a CSV file; empty = UTF-8.
        used: the columns that anybody asks for; None = all. Of Parquet the others refuse nothing.

    Raises:
        NotFound: it cannot be opened.
        QueryInvalid: the form cannot be told, or the file is not of that form.
        InvalidEvent: a column has a name that cannot be kept.
        EncodingInvalid: it is UTF-16, and that was not said.
        ConfigInvalid: there is no such encoding, or the file is none of CSV.
        RowInvalid: also while reading: a file that is damaged or ends in the middle.
        ExtraMissing: the form needs a package that is not installed.
    """
    form = form or form_of(path)
    if encoding and form != "csv":
        raise ConfigInvalid(f"An encoding is said of CSV only; {path.name} is {form}.", key="encoding")
    if form == "parquet":
        from eventfold.imports.files.parquet.parquet import opened_parquet

        with opened_parquet(path, used=used) as file:
            yield Source(file.rows(), file.raw, file.schema_arrow.names)
        return
    if form == "ocel-sqlite":
        from eventfold.imports.files.ocel.ocelsqlite import ocel_sqlite_rows

        with raw_file(path) as raw:
            yield Source(ocel_sqlite_rows(path), raw)
        return
    codec = encoding_of(encoding or "utf-8")
    with _content(path, may_have_mark=form in _XML or codec != "utf-8") as (raw, buffered):
        match form:
            case "jsonl":
                yield Source(_whole(path, json_rows(buffered)), raw)
            case "xes":
                from eventfold.imports.files.xes import xes_rows

                yield Source(_whole(path, xes_rows(buffered, path)), raw)
            case "ocel-xml":
                from eventfold.imports.files.ocel.ocelxml import ocel_xml_rows

                yield Source(
                    _whole(path, ocel_xml_rows(lambda: _again(path, is_xml=True), buffered, path)), raw
                )
            case "ocel-json":
                from eventfold.imports.files.ocel.oceljson import ocel_json_rows

                rows = ocel_json_rows(lambda: _again(path, is_xml=False), buffered, path)
                yield Source(_whole(path, rows), raw)
            case "csv":
                tab = "\t" if _suffix(path) == ".tsv" else ","
                with io.TextIOWrapper(buffered, codec, errors=ESCAPED, newline="") as text:
                    found = _begun(path, text, delimiter or tab)
                    yield Source(_whole(path, iter(found)), raw, found.columns, _INDEX * found.has_index)


def _begun(path: Path, text: io.TextIOWrapper, delimiter: str) -> CsvRows:
    try:
        return CsvRows(text, delimiter)
    except _DAMAGE as error:
        raise damaged(path, 0, error) from error
    except UnicodeError as error:  # of UTF-16 and UTF-32 the mark says which of two they are
        raise EncodingInvalid(
            f"{path.name} is not in {text.encoding}, or lacks its mark: say utf-16-le or utf-16-be.",
            file=path.name,
        ) from error


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file of JSON Lines as they were written; errors as `opened`."""
    with _content(path) as (_, buffered):
        yield from _whole(path, json_lines(buffered))


def form_of(path: Path) -> Format:
    """What a file is by its name.

    Raises:
        QueryInvalid: the name does not say it.
    """
    form = ENDINGS.get(_suffix(path))
    if form is None:
        raise QueryInvalid(
            f"The name {path.name} does not say what it is; say --format with one of {', '.join(get_args(Format))}.",
            file=path.name,
        )
    return form


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


@contextmanager
def _again(path: Path, *, is_xml: bool) -> Iterator[io.BufferedReader]:
    """The content once more, from its beginning."""
    with _content(path, may_have_mark=is_xml) as (_, buffered):
        yield buffered


@contextmanager
def _content(path: Path, *, may_have_mark: bool = False) -> Iterator[tuple[BinaryIO, io.BufferedReader]]:
    with raw_file(path) as raw:
        content: Any = gzip.GzipFile(fileobj=raw) if _begins_as_gzip(path, raw) else raw
        with io.BufferedReader(content) as buffered:
            if not may_have_mark:
                _pass_mark(path, buffered)
            yield raw, buffered


def raw_file(path: Path) -> BinaryIO:
    """The bytes of a file.

    Raises:
        NotFound: it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise NotFound(f"{path} cannot be opened: {error.strerror}.", file=str(path)) from error


def _begins_as_gzip(path: Path, raw: BinaryIO) -> bool:
    try:
        beginning = raw.read(2)
        raw.seek(0)
    except OSError as error:
        raise damaged(path, 0, error) from error
    return beginning == _GZIP


def _pass_mark(path: Path, content: io.BufferedReader) -> None:
    """Passes over the mark by which tools say UTF-8; it is no part of the first name."""
    try:
        first = content.peek(3)
    except _DAMAGE as error:
        raise damaged(path, 0, error) from error
    if first.startswith(_BOM):
        content.read(len(_BOM))
    elif first.startswith(_UTF16):
        raise EncodingInvalid(
            f"{path.name} begins with the mark of UTF-16: of CSV say --encoding utf-16, or save it as UTF-8.",
            file=path.name,
            offset=0,
        )


def _whole(path: Path, rows: Iterator[Numbered]) -> Iterator[Numbered]:
    line = 0
    try:
        for row in rows:
            line = row.line
            yield row
    except _DAMAGE as error:
        raise damaged(path, line, error) from error
