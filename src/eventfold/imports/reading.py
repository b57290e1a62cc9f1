"""Files as rows: which kind of file it is, and what reads it, plain or gzipped. A wrong row is an error, no end."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar, get_args

from eventfold.errors import EncodingInvalid, NotFound, QueryInvalid
from eventfold.imports.delimited import csv_rows
from eventfold.imports.jsonlines import Line, json_lines, json_rows
from eventfold.imports.rows import Row, Source, damaged

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
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE = (EOFError, OSError, zlib.error)
Numbered = TypeVar("Numbered", Row, Line)


@contextmanager
def opened(path: Path, form: Format | None, delimiter: str) -> Iterator[Source]:
    """Opens a file; its form is told by its name where it is not given.

    Raises:
        NotFound: it cannot be opened.
        QueryInvalid: the form cannot be told, or the file is not of that form.
        InvalidEvent: a column has a name that cannot be kept.
        EncodingInvalid: it begins with a byte order mark or is UTF-16.
        RowInvalid: also while reading: a file that is damaged or ends in the middle.
        ExtraMissing: the form needs a package that is not installed.
    """
    form = form or form_of(path)
    if form == "parquet":
        from eventfold.imports.parquet import opened_parquet

        with opened_parquet(path) as file:
            yield Source(file.rows(), file.raw)
        return
    if form == "ocel-sqlite":
        from eventfold.imports.ocelsqlite import ocel_sqlite_rows

        with raw_file(path) as raw:
            yield Source(ocel_sqlite_rows(path), raw)
        return
    with _content(path, is_xml=form in _XML) as (raw, buffered):
        match form:
            case "jsonl":
                yield Source(_whole(path, json_rows(buffered)), raw)
            case "xes":
                from eventfold.imports.xes import xes_rows

                yield Source(_whole(path, xes_rows(buffered, path)), raw)
            case "ocel-xml":
                from eventfold.imports.ocelxml import ocel_xml_rows

                yield Source(
                    _whole(path, ocel_xml_rows(lambda: _again(path, is_xml=True), buffered, path)), raw
                )
            case "ocel-json":
                from eventfold.imports.oceljson import ocel_json_rows

                rows = ocel_json_rows(lambda: _again(path, is_xml=False), buffered, path)
                yield Source(_whole(path, rows), raw)
            case "csv":
                # bytes that are no UTF-8 become lone surrogates here, so that only their row is refused
                with io.TextIOWrapper(buffered, "utf-8", errors="surrogateescape", newline="") as text:
                    yield Source(_whole(path, csv_rows(text, delimiter)), raw)


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file of JSON Lines as they were written; errors as `opened`."""
    with _content(path) as (_, buffered):
        yield from _whole(path, json_lines(buffered))


def form_of(path: Path) -> Format:
    """What a file is by its name.

    Raises:
        QueryInvalid: the name does not say it.
    """
    form = ENDINGS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if form is None:
        raise QueryInvalid(
            f"The name {path.name} does not say what it is; give the format: {', '.join(get_args(Format))}.",
            file=path.name,
        )
    return form


@contextmanager
def _again(path: Path, *, is_xml: bool) -> Iterator[io.BufferedReader]:
    """The content once more, from its beginning."""
    with _content(path, is_xml=is_xml) as (_, buffered):
        yield buffered


@contextmanager
def _content(path: Path, *, is_xml: bool = False) -> Iterator[tuple[BinaryIO, io.BufferedReader]]:
    with raw_file(path) as raw:
        content: Any = gzip.GzipFile(fileobj=raw) if _begins_as_gzip(path, raw) else raw
        with io.BufferedReader(content) as buffered:
            _check_beginning(path, buffered, may_have_mark=is_xml)
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


def _check_beginning(path: Path, content: io.BufferedReader, *, may_have_mark: bool) -> None:
    try:
        first = content.peek(3)
    except _DAMAGE as error:
        raise damaged(path, 0, error) from error
    if not may_have_mark and first.startswith((_BOM, *_UTF16)):
        raise EncodingInvalid(
            f"{path.name} begins with a byte order mark; save it as UTF-8 without one.",
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
