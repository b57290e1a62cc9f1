"""OCEL 2.0 in JSON: once through the file for its objects, and again for its events."""

import re
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

import msgspec

from eventfold.errors import EventfoldError, EventTooLarge, NumberNotFinite, QueryInvalid, RowInvalid
from eventfold.imports.files import rows
from eventfold.imports.files.jsonvalues import JsonValues, NotJson
from eventfold.imports.files.ocel.ocel import Objects, OcelEvent, no_ocel, ocel_row
from eventfold.imports.files.rows import Again, Row, damaged
from eventfold.imports.files.typedtext import NULL

_FIRST = {b'"ocel:events"', b'"ocel:objects"'}
"""What the first version of the standard has instead."""
_OWN = (b'"objectTypes"', b'"objects"', b'"events"')


class _Type(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    id: str
    type: str


class _Attribute(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: msgspec.Raw


class _AnyRelation(msgspec.Struct):
    objectId: str  # noqa: N815 - the standard's own name
    qualifier: str = ""


class _Relation(_AnyRelation, forbid_unknown_fields=True):
    pass


class _Event(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    type: str
    time: str
    attributes: list[_Attribute] = []
    relationships: list[_Relation] = []


class _Related(msgspec.Struct):
    relationships: list[_AnyRelation] = []


_CONSTANT = re.compile(rb'("(?:[^"\\]++|\\.)*+")|(?<![\w.])(NaN|-?Infinity)(?![\w.])', re.DOTALL)
_event = msgspec.json.Decoder(_Event).decode
_related = msgspec.json.Decoder(_Related).decode
Element = TypeVar("Element", _Type, _Object)


def ocel_json_rows(again: Again, content: BufferedReader, path: Path) -> Iterator[Row]:
    """The events of an OCEL file in JSON, numbered from 1 in their order.

    Args:
        again: opens the file once more.
        content: of the file.
        path: its place.

    Raises:
        QueryInvalid: it is no OCEL 2.0.
        EventTooLarge: it has more objects than are held.
        RowInvalid: it is damaged or ends in the middle.
    """
    objects = Objects(path)
    with again() as first:
        _read_objects(JsonValues(first), objects, path)
    types = tuple(objects.types)
    number = 0
    values = JsonValues(content)
    try:
        for key in values.members():
            if key != b'"events"':
                values.value()
                continue
            for _ in values.elements():
                number += 1
                yield _row(number, values.value(), types, objects.kinds)
    except NotJson as error:
        raise damaged(path, number, error) from error


def _read_objects(values: JsonValues, objects: Objects, path: Path) -> None:
    """What must be known before the events are read; the file is passed through, so that half of one is noticed."""
    seen: set[bytes] = set()
    if values.peek() != b"{":
        raise QueryInvalid(f"{path.name} is no OCEL 2.0: it is no JSON object.", file=path.name)
    try:
        for key in values.members():
            if key in seen:
                raise QueryInvalid(
                    f"{path.name} is no OCEL 2.0: {key.decode()} stands twice.", file=path.name
                )
            if key in _FIRST:
                seen.add(key)
            if key in _OWN:
                seen.add(key)
                if values.peek() != b"[":
                    raise QueryInvalid(
                        f"{path.name} is no OCEL 2.0: {key.decode()} is no list.", file=path.name
                    )
            match key:
                case b'"objectTypes"':
                    for _ in values.elements():
                        objects.declare(_element(values, _Type, path).name)
                case b'"objects"':
                    for _ in values.elements():
                        found = _element(values, _Object, path)
                        objects.add(found.id, found.type)
                case _:
                    values.value()
        values.end()
    except (msgspec.MsgspecError, UnicodeDecodeError, NotJson) as error:
        raise damaged(path, 0, error) from error
    if missing := set(_OWN) - seen:
        what = ", ".join(sorted(key.decode() for key in missing))
        raise no_ocel(path, f"it has no {what}", is_first=seen >= _FIRST)


def _element(values: JsonValues, kind: type[Element], path: Path) -> Element:
    text = values.value()
    if text is None:
        raise EventTooLarge(
            f"{path.name}: an object has more than {rows.LONGEST_LINE} bytes.", file=path.name
        )
    try:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # what an object is beside its id and its type is not looked at
            return msgspec.json.decode(_CONSTANT.sub(_or_null, text), type=kind)
    except msgspec.ValidationError as error:
        raise QueryInvalid(f"{path.name} is no OCEL 2.0: {error}.", file=path.name) from None


def _row(number: int, text: bytes | None, types: Iterable[str], objects: Mapping[str, str]) -> Row:
    if text is None:
        return Row(
            number, {}, EventTooLarge(f"The event has more than {rows.LONGEST_LINE} bytes.", line=number)
        )
    wrong: EventfoldError | None = None
    try:
        event, is_mended = _read(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        wrong = RowInvalid(f"This is no event of OCEL: {error}.", line=number)
    except NumberNotFinite as error:
        wrong = error
    if wrong is not None:
        relations = _relations(_CONSTANT.sub(_or_null, text))
        return ocel_row(number, OcelEvent("", "", "", [], relations), types, objects, wrong)
    attributes = [(a.name, a.value) for a in event.attributes if not (is_mended and a.value == NULL)]
    relations = [(found.objectId, found.qualifier) for found in event.relationships]
    found = OcelEvent(event.id, event.type, event.time, attributes, relations)
    return ocel_row(number, found, types, objects)


def _read(text: bytes) -> tuple[_Event, bool]:
    """The event of a text, and whether it says NaN, which is no JSON: that there is no such value."""
    try:
        return _event(text), False
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _CONSTANT.sub(_or_null, text)
        if mended == text:
            raise
        infinite = [found for found in _CONSTANT.findall(text) if found[1].endswith(b"Infinity")]
        if infinite:
            raise NumberNotFinite(f"{infinite[0][1].decode()} is no JSON number.") from None
        return _event(mended), True


def _or_null(found: re.Match[bytes]) -> bytes:
    return found[1] or b"null"


def _relations(text: bytes) -> list[tuple[str, str]]:
    """What an event relates to that cannot be read otherwise."""
    try:
        return [(found.objectId, found.qualifier) for found in _related(text).relationships]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
