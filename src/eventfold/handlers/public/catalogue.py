"""The catalogue: a file that says what an app tells others, a JSON Schema for each version of each public event.

It stands beside the schema file, under version control, and can be handed to whoever reads the events. Versions that
are no longer published stay in it: events of theirs are kept by others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from eventfold.events.schema.document import Lines, content_of, decoded, written
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.public.schemas import JsonSchema, json_schema

FORMAT = "catalogue 1"
_Version = Annotated[int, msgspec.Meta(ge=1)]


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a public event.

    Attributes:
        published: whether a handler makes it now.
        key: the field that becomes `subject` and `partitionkey`, as it is written; None where there is none.
        schema: the JSON Schema of its data.
    """

    published: bool
    key: str | None
    schema: JsonSchema


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All that the file says.

    Attributes:
        app: the name of the app.
        events: by public name, then by version.
    """

    app: str
    events: dict[str, dict[int, Published]] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    eventfold: str
    app: str
    events: dict[str, dict[_Version, Published]] = {}


def catalogue_of(app: str, events: Sequence[type[PublicEvent]]) -> Catalogue:
    """What an app publishes now, as the catalogue says it.

    Args:
        app: the name of the app.
        events: that its handlers make.

    Raises:
        DefinitionError: a field of a type that has no form in JSON.
    """
    found: dict[str, dict[int, Published]] = {}
    for event in events:
        made = Published(published=True, key=_key(event), schema=json_schema(event))
        found.setdefault(event.public_name, {})[event.schema_version] = made
    return Catalogue(app=app, events=found)


def parse(source: bytes | str, name: str = "catalogue.json") -> Catalogue:
    """What a catalogue says.

    Args:
        source: its content.
        name: of the file, for errors.

    Raises:
        SchemaFileInvalid: it is damaged, or written by a later release.
    """
    file = decoded(source, name, FORMAT, _File)
    return Catalogue(app=file.app, events=file.events)


def read_file(path: Path) -> Catalogue:
    """What the catalogue at a place says.

    Raises:
        SchemaFileInvalid: as `parse`; it is not there, cannot be read, or is larger than one may be.
    """
    return parse(content_of(path), path.name)


def read_if_there(path: Path, app: str) -> Catalogue:
    """The same; where nothing stands there, an app has published nothing yet."""
    return read_file(path) if path.exists() else Catalogue(app=app)


def render(catalogue: Catalogue) -> str:
    """The content of the file; equal for equal contents."""
    events = {
        name: Lines({str(number): _text(version) for number, version in sorted(versions.items())})
        for name, versions in sorted(catalogue.events.items())
    }
    return written(Lines(eventfold=FORMAT, app=catalogue.app, events=Lines(events)))


def _key(event: type[PublicEvent]) -> str | None:
    names = dict(zip(event.__struct_fields__, event.__struct_encode_fields__, strict=True))
    return None if event.key_field is None else names[event.key_field]


def _text(version: Published) -> Lines:
    return Lines(published=version.published, key=version.key, schema=_schema_text(version.schema))


def _schema_text(schema: Mapping[str, Any]) -> Lines:
    found = Lines(schema)
    if isinstance(schema.get("properties"), dict):
        found["properties"] = Lines(schema["properties"])
    return found
