"""OCEL 2.0 in XML: once through the file for its objects, and again for its events."""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import msgspec

from eventfold.errors import EventfoldError, EventTooLarge, QueryInvalid, RowInvalid
from eventfold.imports.files import rows
from eventfold.imports.files.ocel.ocel import Objects, OcelEvent, no_ocel, ocel_row
from eventfold.imports.files.rows import Again, Row
from eventfold.imports.files.typedtext import NULL, typed
from eventfold.imports.files.xmlfeed import read_xml


def ocel_xml_rows(again: Again, content: BufferedReader, path: Path) -> Iterator[Row]:
    """The events of an OCEL file in XML, numbered from 1 in their order; errors as `read_xml`.

    Args:
        again: opens the file once more.
        content: of the file.
        path: its place.
    """
    objects = _Objects(path)
    with again() as first:
        for _ in read_xml(first, path, objects):
            pass
    yield from read_xml(content, path, _Events(objects))


_INSIDE = {("attributes",), ("objects",), ("objects", "relationship"), ("objects", "object")}


class _Objects:
    """Collects what must be known before the events are read: types of objects, objects, attributes of events."""

    def __init__(self, path: Path) -> None:
        self.rows: list[Row] = []
        self.found = Objects(path)
        self.kinds: dict[tuple[str, str], str] = {}
        self._path = path
        self._where: list[str] = []
        self._type = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if not self._where and name != "log":
            raise QueryInvalid(
                f"{self._path.name} is no OCEL: it begins with <{name:.40}>.", file=self._path.name
            )
        self._where.append(name)
        match self._where[1:]:
            case ["global" | "events", *inside] if self._is_first(name, inside, attributes):
                raise no_ocel(self._path, "", is_first=True)
            case ["object-types", "object-type"]:
                self.found.declare(attributes.get("name", ""))
            case ["event-types", "event-type"]:
                self._type = attributes.get("name", "")
            case ["event-types", "event-type", "attributes", "attribute"]:
                name = attributes.get("name", "")
                self.found.hold(name)
                self.kinds[self._type, name] = attributes.get("type", "string")
            case ["objects", "object"]:
                self.found.add(attributes.get("id", ""), attributes.get("type", ""))

    def _is_first(self, name: str, inside: list[str], attributes: dict[str, str]) -> bool:
        """Whether an element is one of the first version: a global, or an event whose id is one of its values."""
        return name == "global" or (inside == ["event", "string"] and attributes.get("key") == "id")

    def text(self, found: str) -> None:
        """Values of objects are not looked at."""

    def end(self) -> None:
        """An element ends."""
        self._where.pop()


class _Events:
    """Makes a row of each event."""

    def __init__(self, known: _Objects) -> None:
        self.rows: list[Row] = []
        self._known = known
        self._types = tuple(known.found.types)
        self._where: list[str] = []
        self._count = 0
        self._size = 0
        self._event: dict[str, str] = {}
        self._attributes: list[tuple[str, str]] = []
        self._relations: list[tuple[str, str]] = []
        self._name = ""
        self._text: list[str] | None = None
        self._error: EventfoldError | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._where.append(name)
        self._size += sum(len(key) + len(value) for key, value in attributes.items())
        match self._where[1:]:
            case ["events", "event"]:
                self._event, self._attributes, self._relations, self._size = attributes, [], [], 0
                self._error = None
            case ["events", "event", "attributes", "attribute"]:
                self._name, self._text = attributes.get("name", ""), []
            case ["events", "event", "objects", "relationship" | "object"] if self._size <= rows.LONGEST_LINE:
                self._relations.append((attributes.get("object-id", ""), attributes.get("qualifier", "")))
            case ["events", "event", *inside] if tuple(inside) not in _INSIDE:
                self._refuse(f"The element <{name:.40}>")
            case ["events", other] if other != "event":
                wrong = RowInvalid(
                    f"The element <{name:.40}> among the events is nothing of OCEL: it is left out."
                )
                self.rows.append(Row(self._count, {}, wrong))

    def text(self, found: str) -> None:
        """The value of an attribute."""
        self._size += len(found)
        if self._text is not None and self._size <= rows.LONGEST_LINE:
            self._text.append(found)
        elif self._text is None and self._where[1:3] == ["events", "event"] and (said := found.strip()):
            self._refuse(f"The text {said[:40]!r} between elements")

    def _refuse(self, what: str) -> None:
        self._error = self._error or RowInvalid(f"{what} is nothing of OCEL: it would be left out.")

    def end(self) -> None:
        """An element ends."""
        match self._where[1:]:
            case ["events", "event", "attributes", "attribute"]:
                if self._size <= rows.LONGEST_LINE:
                    self._attributes.append((self._name, "".join(self._text or [])))
                self._text = None
            case ["events", "event"]:
                self._count += 1
                self.rows.append(self._row())
        self._where.pop()

    def _row(self) -> Row:
        event, kinds = self._event, self._known.kinds
        kind = event.get("type", "")
        attributes: list[tuple[str, msgspec.Raw]]
        wrong: EventfoldError | None
        try:
            if self._size > rows.LONGEST_LINE:
                raise EventTooLarge(
                    f"The event has more than {rows.LONGEST_LINE} characters.", line=self._count
                )
            if self._error is not None:
                raise self._error
            attributes = [
                (name, value)
                for name, text in self._attributes
                if (value := typed(kinds.get((kind, name), "string"), name, text)) != NULL
            ]
            wrong = None
        except EventfoldError as error:
            attributes, wrong = [], error
        found = OcelEvent(event.get("id", ""), kind, event.get("time", ""), attributes, self._relations)
        return ocel_row(self._count, found, self._types, self._known.found.kinds, wrong)
