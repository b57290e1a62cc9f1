"""Rows out of XES, versions 1.0 and 2.0 (IEEE 1849): an event with the attributes of its trace beside its own.

The columns are those which other tools give such a log in a table: `case:concept:name`, `concept:name`,
`time:timestamp`, `org:resource` and so on.
"""

from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

import msgspec

from eventfold.errors import EventfoldError, EventTooLarge, JsonDuplicateKey, QueryInvalid, RowInvalid
from eventfold.events.jsontext import compact_object
from eventfold.imports.files import rows
from eventfold.imports.files.rows import Cells, Row
from eventfold.imports.files.typedtext import NULL, typed
from eventfold.imports.files.xesnames import CASE, RESOURCE, TIME
from eventfold.imports.files.xmlfeed import read_xml

_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_NESTED = frozenset({"list", "container"})
_OF_THE_LOG = frozenset({"extension", "global", "classifier"}) | _VALUES | _NESTED
_OVERHEAD = 32
"""Of an attribute in memory, about: many small ones are as large as a few large ones."""
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def xes_rows(content: BufferedReader, path: Path) -> Iterator[Row]:
    """The events of a XES file, numbered from 1 in their order; errors as `read_xml`."""
    yield from read_xml(content, path, _Xes(path))


class _Attribute:
    """An attribute that is being read, with those inside of it."""

    def __init__(self, kind: str, key: str, value: str | None) -> None:
        self.kind = kind
        self.key = key
        self.value = value
        self.inside: list[_Attribute] = []

    def as_json(self, *, former: bool = False) -> msgspec.Raw:
        """Lists become arrays of one-key objects, containers objects; a value that has attributes itself, an object.

        Earlier releases left out what stands beside the values of a list.
        """
        beside = self.inside
        if self.kind == "container":
            return _object(beside, former=former)
        if self.kind == "list":
            values = [a for a in self.inside if a.kind == "values"]
            if len(values) > 1 and not former:
                raise RowInvalid(f"{self.key}: a list has its values once.")
            beside = [a for a in self.inside if a.kind != "values"] if values and not former else []
            inside = values[0].inside if values else self.inside
            value = msgspec.Raw(msgspec.json.encode([{a.key: a.as_json(former=former)} for a in inside]))
        else:
            value = typed(self.kind, self.key, self.value or "")
        if not beside:
            return value
        return msgspec.Raw(
            msgspec.json.encode({"value": value, "attributes": _object(beside, former=former)})
        )

    def has_former(self) -> bool:
        """Whether earlier releases left out some of it."""
        is_list = self.kind == "list" and any(a.kind == "values" for a in self.inside)
        return (is_list and len(self.inside) > 1) or any(a.has_former() for a in self.inside)


class _Owner:
    """A trace or an event with its attributes, or what is wrong with it."""

    def __init__(self, error: EventfoldError | None = None) -> None:
        self.attributes: list[_Attribute] = []
        self.size = 0
        self.error = error

    def add(self, attribute: _Attribute, *, below: _Attribute | None) -> None:
        """Takes an attribute, or no more of them than fit a row."""
        self.size += len(attribute.key) + len(attribute.value or "") + _OVERHEAD
        if self.size <= rows.LONGEST_LINE:
            (self.attributes if below is None else below.inside).append(attribute)

    def refuse(self, what: str) -> None:
        """Notes something that would be missing without a word."""
        self.error = self.error or RowInvalid(f"{what} is nothing of XES: it would be left out.")


class _Xes:
    """Makes rows of the elements of a log."""

    def __init__(self, path: Path) -> None:
        self.rows: list[Row] = []
        self._path = path
        self._count = 0
        self._count_in_trace = 0
        self._depth = 0
        self._trace: _Owner | None = None
        self._event: _Owner | None = None
        self._open: list[_Attribute] = []
        self._skipped = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins: a trace, an event, or an attribute of one of them."""
        self._depth += 1
        if self._depth == 1 and name != "log":
            raise QueryInvalid(
                f"{self._path.name} is no XES: it begins with <{name:.40}>.", file=self._path.name
            )
        owner = self._event or self._trace
        if self._skipped:
            self._skipped += 1
        elif self._depth == 1:
            pass
        elif owner is None:
            self._start_in_log(name)
        elif name == "event" and self._event is None and not self._open:
            self._event = _Owner()
        elif name in _VALUES or name in _NESTED or (name == "values" and self._is_in_list()):
            if self._trace is owner and self._event is None and self._count_in_trace:
                raise RowInvalid(
                    f"{self._path.name}: a trace has an attribute behind its events, after event {self._count}.",
                    file=self._path.name,
                )
            attribute = _Attribute(name, attributes.get("key", ""), attributes.get("value"))
            owner.add(attribute, below=self._open[-1] if self._open else None)
            self._open.append(attribute)
        else:
            owner.refuse(f"The element <{name:.40}>")
            self._skipped += 1

    def _start_in_log(self, name: str) -> None:
        """What the log says of itself is no event, nor are extensions, globals and classifiers."""
        if name == "trace":
            self._trace = _Owner()
        elif name == "event":
            self._event = _Owner(RowInvalid("The event stands in no trace, so that it names no entity."))
        else:
            self._skipped += 1
            if name not in _OF_THE_LOG:
                wrong = RowInvalid(
                    f"The element <{name:.40}> of the log is nothing of XES: it is left out with all that it holds."
                )
                self.rows.append(Row(self._count, {}, wrong))

    def _is_in_list(self) -> bool:
        return bool(self._open) and self._open[-1].kind == "list"

    def text(self, found: str) -> None:
        """Between elements there is nothing but white space."""
        owner = self._event or self._trace
        if owner is not None and not self._skipped and (said := found.strip()):
            owner.refuse(f"The text {said[:40]!r} between elements")

    def end(self) -> None:
        """An element ends."""
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
        elif self._open:
            self._open.pop()
        elif self._event is not None:
            self._count += 1
            self._count_in_trace += self._trace is not None
            self.rows.append(_row(self._count, self._trace or _Owner(), self._event))
            self._event = None
        elif self._depth == 1:
            self._end_of_trace()

    def _end_of_trace(self) -> None:
        trace, self._trace = self._trace, None
        if trace is not None and trace.error is not None and not self._count_in_trace:
            self.rows.append(Row(self._count, {}, trace.error))
        self._count_in_trace = 0


def _row(number: int, trace: _Owner, event: _Owner) -> Row:
    pairs = [(CASE + a.key, a) for a in trace.attributes] + [(a.key, a) for a in event.attributes]
    try:
        if trace.size + event.size > rows.LONGEST_LINE:
            raise EventTooLarge(
                f"The event and its trace have more than {rows.LONGEST_LINE} characters.", line=number
            )
        if (wrong := event.error or trace.error) is not None:
            raise wrong
        cells = _cells(pairs)
    except EventfoldError as error:
        return Row(number, _readable(pairs), error, _former(pairs))
    former = _former(pairs) if any(a.has_former() for _, a in pairs) else None
    return Row(number, cells, former=former, plain=_plain(pairs))


def _cells(pairs: list[tuple[str, _Attribute]], *, former: bool = False) -> Cells:
    found: Cells = _raw_object(compact_object(_object_of(pairs, former=former)))
    # an event need not say when it happened, or who did it
    return {TIME: "", RESOURCE: "", **found}


def _former(pairs: list[tuple[str, _Attribute]]) -> Cells | None:
    """The event as earlier releases took it; None where they refused it too."""
    try:
        return _cells(pairs, former=True)
    except (EventfoldError, UnicodeError):
        return None


def _plain(pairs: list[tuple[str, _Attribute]]) -> Cells | None:
    """The values of those attributes that have attributes themselves: a name or a time is no less one for them."""
    found = {key: typed(a.kind, key, a.value or "") for key, a in pairs if a.inside and a.kind not in _NESTED}
    return found or None


def _readable(pairs: list[tuple[str, _Attribute]]) -> Cells:
    """The plain attributes of an event that cannot be kept: they may still say which stream it belongs to."""
    found: dict[str, msgspec.Raw] = {}
    for key, attribute in pairs:
        if attribute.kind not in _NESTED:
            with suppress(EventfoldError, UnicodeError):
                found.setdefault(key, typed(attribute.kind, key, attribute.value or ""))
    return found


def _object(attributes: list[_Attribute], *, former: bool) -> msgspec.Raw:
    return msgspec.Raw(_object_of([(a.key, a) for a in attributes], former=former))


def _object_of(pairs: list[tuple[str, _Attribute]], *, former: bool) -> bytes:
    found: dict[str, msgspec.Raw] = {}
    for key, attribute in pairs:
        if key in found:
            raise JsonDuplicateKey(f"The attribute {key!r:.60} stands twice in one place.", key=key)
        value = attribute.as_json(former=former)
        if value != NULL:  # absent is absent
            found[key] = value
    return msgspec.json.encode(found)
