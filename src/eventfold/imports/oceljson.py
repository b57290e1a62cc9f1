"""OCEL 2.0 in JSON: one document, which is held in memory whole; a larger one comes as XML or SQLite."""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import msgspec

from eventfold.errors import EventTooLarge, QueryInvalid, RowInvalid
from eventfold.imports.ocel import OcelEvent, ocel_row
from eventfold.imports.rows import Row, damaged

LARGEST = 512 * 1024 * 1024
"""Of such a document, bytes: a few bytes of gzip may stand for gigabytes."""


class _Type(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    id: str
    type: str


class _Attribute(msgspec.Struct):
    name: str
    value: msgspec.Raw


class _Relation(msgspec.Struct):
    objectId: str  # noqa: N815 - the standard's own name
    qualifier: str = ""


class _Event(msgspec.Struct):
    id: str
    type: str
    time: str
    attributes: list[_Attribute] = []
    relationships: list[_Relation] = []


class _Log(msgspec.Struct):
    objectTypes: list[_Type]  # noqa: N815
    objects: list[_Object]
    events: list[msgspec.Raw]


class _Related(msgspec.Struct):
    relationships: list[_Relation] = []


_event = msgspec.json.Decoder(_Event).decode
_related = msgspec.json.Decoder(_Related).decode


def ocel_json_rows(content: BufferedReader, path: Path) -> Iterator[Row]:
    """The events of an OCEL file in JSON, numbered from 1 in their order.

    Raises:
        QueryInvalid: it is no OCEL 2.0.
        EventTooLarge: it is too large to be held in memory.
        RowInvalid: it is damaged or ends in the middle.
    """
    text = content.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise EventTooLarge(
            f"{path.name} has more than {LARGEST // 1024**2} MiB of JSON; use its XML or SQLite form.",
            file=path.name,
        )
    try:
        log = msgspec.json.decode(text, type=_Log)
    except msgspec.ValidationError as error:
        raise QueryInvalid(f"{path.name} is no OCEL 2.0: {error}.", file=path.name) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(path, 0, error) from error
    objects = {found.id: found.type for found in log.objects}
    types = dict.fromkeys([*(kind.name for kind in log.objectTypes), *objects.values()])
    for number, raw in enumerate(log.events, 1):
        try:
            event = _event(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            wrong = RowInvalid(f"This is no event of OCEL: {error}.", line=number)
            yield ocel_row(number, OcelEvent("", "", "", [], _relations(raw)), types, objects, wrong)
            continue
        attributes = [(found.name, found.value) for found in event.attributes]
        relations = [(found.objectId, found.qualifier) for found in event.relationships]
        yield ocel_row(
            number, OcelEvent(event.id, event.type, event.time, attributes, relations), types, objects
        )


def _relations(raw: msgspec.Raw) -> list[tuple[str, str]]:
    """What an event relates to that cannot be read otherwise."""
    try:
        return [(found.objectId, found.qualifier) for found in _related(raw).relationships]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
