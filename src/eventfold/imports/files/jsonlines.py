"""Rows out of JSON Lines: one object a line."""

import io
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from eventfold.errors import EventfoldError, EventTooLarge
from eventfold.events.jsontext import compact_object
from eventfold.imports.files import rows
from eventfold.imports.files.rows import Cells, Row

_DAMAGE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Line(NamedTuple):
    """One line that is not empty, as it was written, or what is wrong with it."""

    line: int
    text: bytes
    error: EventfoldError | None = None


def json_lines(content: io.BufferedReader) -> Iterator[Line]:
    """The lines of a file, one that is too long among them as an error."""
    line = 0
    while text := content.readline(rows.LONGEST_LINE):
        line += 1
        if len(text) == rows.LONGEST_LINE and not text.endswith(b"\n"):
            while (rest := content.readline(rows.LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Line(
                line, b"", EventTooLarge(f"The line is longer than {rows.LONGEST_LINE} bytes.", line=line)
            )
        elif stripped := text.strip():
            yield Line(line, stripped)


def json_rows(content: io.BufferedReader) -> Iterator[Row]:
    """The objects of a file, field by field as they were written."""
    for line, text, error in json_lines(content):
        try:
            if error is not None:
                raise error
            cells = _raw_object(compact_object(text))
        except EventfoldError as wrong:
            yield Row(line, _readable(text), wrong)
        else:
            yield Row(line, cells)


def _readable(text: bytes) -> Cells:
    """Those fields of an object that can be read, where it cannot be kept: they may still say which stream it is of."""
    try:
        return {name: cell for name, cell in _raw_object(text).items() if _is_readable(cell)}
    except _DAMAGE:
        return {}


def _is_readable(cell: msgspec.Raw) -> bool:
    try:
        msgspec.json.decode(cell)  # a raw one was passed over, not looked into
    except _DAMAGE:
        return False
    return True
