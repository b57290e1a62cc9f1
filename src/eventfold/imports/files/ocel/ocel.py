"""Rows out of OCEL 2.0, in any of its forms: an event, its attributes, and the objects it relates to by their types.

The columns are those which other tools give such a log in a table: `ocel:eid`, `ocel:activity`, `ocel:timestamp`, and
for each type of objects a list, `ocel:type:orders`. What objects are themselves (attributes, changes of them, relations
among them) is no event and is not brought in.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

import msgspec

from eventfold import limits
from eventfold.errors import (
    EventfoldError,
    EventTooLarge,
    JsonDuplicateKey,
    QueryInvalid,
    RowInvalid,
    TimeInvalid,
)
from eventfold.events.jsontext import compact_object
from eventfold.events.times import parse_time
from eventfold.imports.files import rows
from eventfold.imports.files.numbers import plain_number
from eventfold.imports.files.rows import Cells, Row

EVENT_ID = "ocel:eid"
ACTIVITY = "ocel:activity"
TIMESTAMP = "ocel:timestamp"
OF_TYPE = "ocel:type:"
QUALIFIERS = "ocel:qualifiers"

_AROUND = 100
"""Bytes that a text takes in memory beside its characters, about."""

_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def no_ocel(path: Path, why: str, *, is_first: bool = False) -> QueryInvalid:
    """What is raised for a file that is no OCEL 2.0; one of the first version is told as that."""
    if is_first:
        return QueryInvalid(
            f"{path.name} is no OCEL 2.0 but OCEL 1.0, which is not read: let the tool that wrote it write the second"
            " version (pm4py: read_ocel, then write_ocel2).",
            file=path.name,
        )
    return QueryInvalid(f"{path.name} is no OCEL 2.0: {why}.", file=path.name)


class OcelEvent(NamedTuple):
    """An event as OCEL has it.

    Attributes:
        id: its id in the file.
        type: its activity.
        time: as it is written.
        attributes: name and JSON value.
        relations: object id and qualifier.
    """

    id: str
    type: str
    time: str
    attributes: Iterable[tuple[str, msgspec.Raw]]
    relations: Iterable[tuple[str, str]]


class Objects:
    """The objects of a file in XML or JSON, which are held while its events are read.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.kinds: dict[str, str] = {}
        self._declared: dict[str, None] = {}
        self._used: dict[str, str] = {}
        self._path = path
        self._size = 0

    @property
    def types(self) -> Iterable[str]:
        """All types of objects: those that are declared first."""
        return (*self._declared, *(name for name in self._used if name not in self._declared))

    def declare(self, kind: str) -> None:
        """Takes a type."""
        self.hold(kind)
        self._declared[kind] = None

    def add(self, name: str, kind: str) -> None:
        """Takes an object.

        Raises:
            EventTooLarge: they are too many.
        """
        self.hold(name)
        if kind not in self._used:
            self.hold(kind)
        self.kinds[name] = self._used.setdefault(kind, kind)  # one text for all objects of a type

    def hold(self, text: str) -> None:
        """Counts what is held; errors as `add`."""
        self._size += len(text) + _AROUND
        if self._size > limits.OBJECT_BYTES:
            raise EventTooLarge(
                f"{self._path.name} has more objects than the {limits.OBJECT_BYTES // 1024**2} MiB that may be held;"
                " use its SQLite form.",
                file=self._path.name,
            )


def ocel_row(
    number: int,
    event: OcelEvent,
    types: Iterable[str],
    objects: Mapping[str, str],
    error: EventfoldError | None = None,
) -> Row:
    """The row of an event.

    Args:
        number: of the event, from 1.
        event: the event.
        types: all types of objects.
        objects: object id -> its type.
        error: what was found wrong with it already.
    """
    try:
        if error is not None:
            raise error
        time = _one_text(event.time)
        cells: dict[str, object] = {EVENT_ID: event.id, ACTIVITY: event.type, TIMESTAMP: time}
        of_type: dict[str, dict[str, None]] = {}
        qualifiers: dict[str, list[str]] = {}
        for object_id, qualifier in event.relations:
            if object_id not in objects:
                raise RowInvalid(
                    f"The event {event.id!r:.60} relates to {object_id!r:.60}, which is no object."
                )
            of_type.setdefault(objects[object_id], {})[object_id] = None
            if qualifier:
                qualifiers.setdefault(object_id, []).append(qualifier)
        cells |= {OF_TYPE + name: list(ids) for name, ids in of_type.items()}
        if qualifiers:
            cells[QUALIFIERS] = qualifiers
        own = {EVENT_ID: event.id, ACTIVITY: event.type}
        written: dict[str, msgspec.Raw] = {}
        if time != event.time:
            written[TIMESTAMP] = msgspec.Raw(msgspec.json.encode(event.time))
        for name, value in event.attributes:
            if name in own and bytes(value) == msgspec.json.encode(own[name]):
                continue  # other tools write it a second time, among the attributes
            if name in cells:
                raise JsonDuplicateKey(f"The attribute {name!r:.60} stands twice in one event.", key=name)
            cells[name] = plain = plain_number(value)
            if plain is not value:
                written[name] = value
        text = msgspec.json.encode(cells)
        if len(text) > rows.LONGEST_LINE:
            raise EventTooLarge(f"The event has more than {rows.LONGEST_LINE} bytes.", line=number)
        found = _raw_object(compact_object(text))
    except EventfoldError as wrong:
        return Row(number, _readable(event, objects), wrong)
    except UnicodeEncodeError:
        return Row(number, {}, RowInvalid("The event has text that is not UTF-8.", line=number))
    whole: Cells = {**{OF_TYPE + name: "" for name in types}, **found}
    return Row(number, whole, former={**whole, **written} if written else None)


def _one_text(time: str) -> str:
    """A time as one text, however it was written: the forms of OCEL write one event in several ways."""
    try:
        found = parse_time(time, TIMESTAMP)
        utc = found.astimezone(UTC) if found.tzinfo is not None else found
    except (TimeInvalid, OverflowError, ValueError):
        return time
    return utc.isoformat().replace("+00:00", "Z")


def _readable(event: OcelEvent, objects: Mapping[str, str]) -> Cells:
    """When an event that cannot be kept happened, and the objects that it relates to: whose streams miss it."""
    found: dict[str, list[str]] = {}
    for object_id, _ in event.relations:
        if object_id in objects:
            found.setdefault(OF_TYPE + objects[object_id], []).append(object_id)
    try:
        return {
            TIMESTAMP: event.time,
            **{name: msgspec.Raw(msgspec.json.encode(ids)) for name, ids in found.items()},
        }
    except UnicodeEncodeError:
        return {}
