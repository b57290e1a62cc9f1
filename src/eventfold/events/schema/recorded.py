"""The schema file: every type and version with its shape and samples, as text that shows well in a diff.

One field of an event a line, one sample a line, names in order. It is written by the gate and may be edited by hand: a
sample that cannot occur is deleted, one of your own is added.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from eventfold import limits
from eventfold.errors import JsonDuplicateKey, Refused, SchemaFileInvalid
from eventfold.events.jsontext import compact_object, decode_utf8, unique_keys
from eventfold.events.schema.shapes import Again, Items, Map, OneOf, Optional, Record, Row, Shape

FORMAT = "schema 1"
_WIDTH = 100
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


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """All that a schema file says.

    Attributes:
        app: the name of the app.
        untyped: whether the app takes events of other names.
        categories: by name.
        tables: the names of the tables.
        events: by stored name.
        ignored: stored names that the app does not know and means not to.
    """

    app: str
    untyped: bool = False
    categories: dict[str, Category] = {}
    tables: list[str] = []
    events: dict[str, EventType] = {}
    ignored: list[str] = []


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
    events: dict[str, _EventText] = {}


def parse(source: bytes | str, name: str = "schema.json") -> Recorded:
    """What a schema file says.

    Args:
        source: its content.
        name: of the file, for errors.

    Raises:
        SchemaFileInvalid: it is damaged, or written by a later release.
    """
    try:
        text = decode_utf8(source)
        json.loads(text, object_pairs_hook=unique_keys)  # a merge that went wrong names keys twice
        head = msgspec.json.decode(text)
        if isinstance(head, dict) and head.get("eventfold", FORMAT) != FORMAT:
            raise SchemaFileInvalid(
                f"{name} has the format {head['eventfold']!r}, this program knows {FORMAT!r}: install the release that"
                " wrote it.",
                file=name,
            )
        return _recorded(msgspec.json.decode(text, type=_File))
    except JsonDuplicateKey as error:
        raise SchemaFileInvalid(f"{name}: {error.message}", file=name) from None
    except json.JSONDecodeError as error:
        raise SchemaFileInvalid(
            f"{name} is not JSON: {error.msg} in line {error.lineno}; is a merge unfinished?", file=name
        ) from None
    except (msgspec.MsgspecError, Refused, RecursionError) as error:
        raise SchemaFileInvalid(f"{name} is damaged: {error}", file=name) from None


def read_file(path: Path) -> Recorded:
    """What the schema file at a place says.

    Raises:
        SchemaFileInvalid: as `parse`; it is not there, cannot be read, or is larger than one may be.
    """
    try:
        with path.open("rb") as file:
            source = file.read(limits.SCHEMA_BYTES + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        what = (
            "is not there: make it with `eventfold schema accept`" if missing else f"cannot be read: {error}"
        )
        raise SchemaFileInvalid(f"{path} {what}.", file=str(path)) from None
    if len(source) > limits.SCHEMA_BYTES:
        raise SchemaFileInvalid(
            f"{path} has more than {limits.SCHEMA_BYTES // 1024**2} MiB: it is no schema file.",
            file=str(path),
        )
    return parse(source, path.name)


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


class _Line(str):
    """JSON that stays on one line, however long."""

    __slots__ = ()


class _Lines(dict[str, Any]):
    """An object with a line for each key, however short."""


def render(recorded: Recorded) -> str:
    """The content of the file; equal for equal contents."""
    found = _Lines(
        eventfold=FORMAT,
        app=recorded.app,
        untyped=recorded.untyped,
        categories=_Lines(_sorted({n: msgspec.to_builtins(c) for n, c in recorded.categories.items()})),
        tables=sorted(recorded.tables),
        # a file of an app that ignores nothing stays as every release writes and reads it
        **({"ignored": sorted(recorded.ignored)} if recorded.ignored else {}),
        events=_Lines(_sorted({name: _event_text(event) for name, event in recorded.events.items()})),
    )
    return _text(found, 0) + "\n"


def _sorted(found: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(found.items()))


def _event_text(event: EventType) -> _Lines:
    return _Lines(
        {
            "class": event.class_,
            "versions": _Lines({str(n): _version_text(v) for n, v in sorted(event.versions.items())}),
        }
    )


def _version_text(version: Version) -> _Lines:
    found = _Lines()
    if version.shape is not None:
        shape = msgspec.to_builtins(version.shape)
        found["shape"] = _Lines({**shape, "fields": _Lines(shape["fields"])})
    found["samples"] = [
        _Line(f'{{"data": {s.data}' + ("}" if s.upcast is None else f', "upcast": {s.upcast}}}'))
        for s in version.samples
    ]
    return found


def _text(value: Any, indent: int) -> str:
    if isinstance(value, _Line):
        return value
    lines: list[str]
    inner = " " * (indent + 2)
    if isinstance(value, dict) and value and (isinstance(value, _Lines) or _long(value, indent)):
        lines = [f"{inner}{_flat(key)}: {_text(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and (isinstance(value[0], _Line) or _long(value, indent)):
        lines = [inner + _text(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"
    return _flat(value)


def _long(value: Any, indent: int) -> bool:
    return len(_flat(value)) + indent > _WIDTH


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
