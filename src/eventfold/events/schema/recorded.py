"""The schema file: every type and version with its shape and samples, as text that shows well in a diff.

One field of an event a line, one sample a line, names in order. It is written by the gate and may be edited by hand: a
sample that cannot occur is deleted, one of your own is added.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from eventfold.errors import Refused
from eventfold.events.jsontext import compact_object
from eventfold.events.schema.document import Line, Lines, content_of, damaged, decoded, written
from eventfold.events.schema.shapes import Again, Items, Map, OneOf, Optional, Record, Row, Shape

FORMAT = "schema 1"
_Version = Annotated[int, msgspec.Meta(ge=1)]


class Sample(msgspec.Struct, frozen=True):
    """Data as stored, and what the upcaster of their version makes of them; None where it was not recorded yet."""

    data: str
    upcast: str | None = None


class Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A schema version: its shape, None where it was never seen, and samples written in it."""

    shape: Record | None = None
    samples: list[Sample] = []


class EventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stored name: the class that had it when it was recorded, and its versions."""

    class_: str = msgspec.field(name="class")
    versions: dict[int, Version]


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category of streams: the class of its aggregate and the stored names it takes."""

    aggregate: str
    events: list[str]


class Handling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A handler: what it is, the stored names it takes, and whose public events, where it consumes some."""

    kind: str
    events: list[str]
    source: str = ""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """All that a schema file says.

    Attributes:
        app: the name of the app.
        untyped: whether the app takes events of other names.
        categories: by name.
        tables: the names of the tables.
        events: by stored name.
        ignored: stored names that the app does not know and means not to.
        handlers: by name.
    """

    app: str
    untyped: bool = False
    categories: dict[str, Category] = {}
    tables: list[str] = []
    events: dict[str, EventType] = {}
    ignored: list[str] = []
    handlers: dict[str, Handling] = {}


class _Sample(msgspec.Struct, forbid_unknown_fields=True):
    data: msgspec.Raw
    upcast: msgspec.Raw = msgspec.Raw()


class _VersionText(msgspec.Struct, forbid_unknown_fields=True):
    shape: Record | None = None
    samples: list[_Sample] = []


class _EventText(msgspec.Struct, forbid_unknown_fields=True):
    class_: str = msgspec.field(name="class")
    versions: dict[_Version, _VersionText]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    eventfold: str
    app: str
    untyped: bool = False
    categories: dict[str, Category] = {}
    tables: list[str] = []
    ignored: list[str] = []
    handlers: dict[str, Handling] = {}
    events: dict[str, _EventText] = {}


def parse(source: bytes | str, name: str = "schema.json") -> Recorded:
    """What a schema file says.

    Args:
        source: its content.
        name: of the file, for errors.

    Raises:
        SchemaFileInvalid: it is damaged, or written by a later release.
    """
    file = decoded(source, name, FORMAT, _File)
    try:
        return _recorded(file)
    except (msgspec.MsgspecError, Refused, RecursionError) as error:
        raise damaged(name, error) from None


def read_file(path: Path) -> Recorded:
    """What the schema file at a place says.

    Raises:
        SchemaFileInvalid: as `parse`; it is not there, cannot be read, or is larger than one may be.
    """
    return parse(content_of(path), path.name)


def _recorded(file: _File) -> Recorded:
    events = {
        name: EventType(
            event.class_, {n: _version(f"{name}@{n}", v) for n, v in sorted(event.versions.items())}
        )
        for name, event in sorted(file.events.items())
    }
    return Recorded(
        app=file.app,
        untyped=file.untyped,
        categories=dict(sorted(file.categories.items())),
        tables=sorted(file.tables),
        events=events,
        ignored=sorted(file.ignored),
        handlers=dict(sorted(file.handlers.items())),
    )


def _version(where: str, version: _VersionText) -> Version:
    if version.shape is not None and not _closed(version.shape, 0):
        raise msgspec.ValidationError(f"the shape of {where} refers to a record that is not around it")
    return Version(
        version.shape,
        [Sample(compact_object(bytes(s.data)), _optional(bytes(s.upcast))) for s in version.samples],
    )


def _optional(text: bytes) -> str | None:
    return compact_object(text) if text else None


def _closed(shape: Shape | Optional, depth: int) -> bool:
    match shape:
        case Again(up=up):
            return 1 <= up <= depth
        case Record(fields=fields):
            return all(_closed(field, depth + 1) for field in fields.values())
        case Items(of=of) | Map(of=of) | Optional(of=of):
            return _closed(of, depth)
        case Row(of=several) | OneOf(of=several):
            return all(_closed(one, depth) for one in several)
        case _:
            return True


def render(recorded: Recorded) -> str:
    """The content of the file; equal for equal contents."""
    found = Lines(
        eventfold=FORMAT,
        app=recorded.app,
        untyped=recorded.untyped,
        categories=Lines(_sorted({n: msgspec.to_builtins(c) for n, c in recorded.categories.items()})),
        tables=sorted(recorded.tables),
        # a file of an app that has none of them stays as every release writes and reads it
        **({"ignored": sorted(recorded.ignored)} if recorded.ignored else {}),
        **({"handlers": _handlers(recorded.handlers)} if recorded.handlers else {}),
        events=Lines(_sorted({name: _event_text(event) for name, event in recorded.events.items()})),
    )
    return written(found)


def _handlers(handlers: Mapping[str, Handling]) -> Lines:
    return Lines(_sorted({name: msgspec.to_builtins(handling) for name, handling in handlers.items()}))


def _sorted(found: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(found.items()))


def _event_text(event: EventType) -> Lines:
    return Lines(
        {
            "class": event.class_,
            "versions": Lines({str(n): _version_text(v) for n, v in sorted(event.versions.items())}),
        }
    )


def _version_text(version: Version) -> Lines:
    found = Lines()
    if version.shape is not None:
        shape = msgspec.to_builtins(version.shape)
        found["shape"] = Lines({**shape, "fields": Lines(shape["fields"])})
    found["samples"] = [
        Line(f'{{"data": {s.data}' + ("}" if s.upcast is None else f', "upcast": {s.upcast}}}'))
        for s in version.samples
    ]
    return found
