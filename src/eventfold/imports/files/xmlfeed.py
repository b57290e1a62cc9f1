"""XML of strangers, element by element: no tree is kept, no entity is declared, no other file or host is asked.

A document type declaration is where entities come from, and event logs have none: it is refused before it is used.
"""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from eventfold import limits
from eventfold.errors import EventTooLarge, QueryInvalid
from eventfold.extras import needing
from eventfold.imports.files import rows
from eventfold.imports.files.rows import Row, damaged

with needing("an event log in XML", "mining"):
    from lxml import etree

CHUNK = 64 * 1024


class Reader(Protocol):
    """Takes the elements of a file in their order, and makes rows of them."""

    rows: list[Row]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def text(self, found: str) -> None:
        """Text inside of it, perhaps not all of it."""

    def end(self) -> None:
        """It ends."""


class _Target:
    """What the parser calls: names lose their namespace, and a declaration ends it all.

    `moved` says that it was called: whatever is not yet complete (a tag with its values, a comment) is held by the
    parser until it is, however long it grows. `too_deep` says that more elements are open than may be, of which the
    reader is told no more: it would keep something of each.
    """

    def __init__(self, reader: Reader, path: Path) -> None:
        self._reader = reader
        self._path = path
        self.moved = False
        self.too_deep = False
        self._depth = 0

    def doctype(self, *_: object) -> None:
        raise QueryInvalid(
            f"{self._path.name} declares a document type, which no event log needs: entities in it could stand for"
            " anything. Remove the declaration, if you trust the file.",
            file=self._path.name,
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.moved = True
        self._depth += 1
        self.too_deep = self.too_deep or self._depth > limits.XML_DEPTH
        if not self.too_deep:
            self._reader.start(_local(tag), dict(attributes))

    def end(self, _tag: str) -> None:
        self.moved = True
        self._depth -= 1
        if not self.too_deep:
            self._reader.end()

    def data(self, found: str) -> None:
        self.moved = True
        if not self.too_deep:
            self._reader.text(found)

    def comment(self, _text: str) -> None:
        self.moved = True

    def pi(self, _target: str, _text: str | None = None) -> None:
        self.moved = True

    def close(self) -> None:
        """The file has ended as it should."""


def read_xml(content: BufferedReader, path: Path, reader: Reader) -> Iterator[Row]:
    """The rows that a reader makes of a file.

    Raises:
        QueryInvalid: a document type is declared.
        EventTooLarge: also while reading: a tag or a value is too long to be held, or elements are nested too deep.
        RowInvalid: also while reading: it is no XML, is damaged or ends in the middle.
    """
    target = _Target(reader, path)
    parser = etree.XMLParser(
        target=target,
        resolve_entities="internal",  # of none declared, so &amp; and its like: False would leave them as &#38;
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
    )
    line = held = 0
    try:
        while chunk := content.read(CHUNK):
            target.moved = False
            try:
                parser.feed(chunk)
            except etree.XMLSyntaxError:
                if not target.too_deep:
                    raise
            held = 0 if target.moved else held + len(chunk)
            if held > rows.LONGEST_LINE:
                raise EventTooLarge(
                    f"{path.name}: after event {line} a tag, a value or a comment has more than {rows.LONGEST_LINE}"
                    " bytes; shorten it.",
                    file=path.name,
                    line=line,
                )
            while reader.rows:
                given, reader.rows = reader.rows, []
                for row in given:
                    line = row.line
                    yield row
            if target.too_deep:
                raise EventTooLarge(
                    f"{path.name}: after event {line} elements are nested deeper than {limits.XML_DEPTH} levels; no"
                    " event log needs as many.",
                    file=path.name,
                    line=line,
                )
        parser.close()
    except etree.XMLSyntaxError as error:
        raise damaged(path, line, error) from error
    yield from reader.rows


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
