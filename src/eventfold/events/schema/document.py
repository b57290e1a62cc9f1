"""Files under version control that say what is stored or told: their reading, and text that shows well in a diff."""

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from eventfold import limits
from eventfold.errors import JsonDuplicateKey, Refused, SchemaFileInvalid
from eventfold.events.jsontext import decode_utf8, unique_keys

T = TypeVar("T")
_WIDTH = 100


def content_of(path: Path) -> bytes:
    """The content of such a file.

    Raises:
        SchemaFileInvalid: it is not there, cannot be read, or is larger than one may be.
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
    return source


def decoded(source: bytes | str, name: str, form: str, kind: type[T]) -> T:
    """What such a file says.

    Args:
        source: its content.
        name: of the file, for errors.
        form: what `eventfold` says in it: the format that this program knows.
        kind: of what it says.

    Raises:
        SchemaFileInvalid: it is damaged, or written by a later release.
    """
    try:
        text = decode_utf8(source)
        json.loads(text, object_pairs_hook=unique_keys)  # a merge that went wrong names keys twice
        head = msgspec.json.decode(text)
        if isinstance(head, dict) and head.get("eventfold", form) != form:
            raise SchemaFileInvalid(
                f"{name} has the format {head['eventfold']!r}, this program knows {form!r}: install the release that"
                " wrote it.",
                file=name,
            )
        return msgspec.json.decode(text, type=kind)
    except JsonDuplicateKey as error:
        raise SchemaFileInvalid(f"{name}: {error.message}", file=name) from None
    except json.JSONDecodeError as error:
        raise SchemaFileInvalid(
            f"{name} is not JSON: {error.msg} in line {error.lineno}; is a merge unfinished?", file=name
        ) from None
    except (msgspec.MsgspecError, Refused, RecursionError) as error:
        raise damaged(name, error) from None


def damaged(name: str, error: Exception) -> SchemaFileInvalid:
    """The error, in a sentence."""
    return SchemaFileInvalid(f"{name} is damaged: {error}", file=name)


class Line(str):
    """JSON that stays on one line, however long."""

    __slots__ = ()


class Lines(dict[str, Any]):
    """An object with a line for each key, however short."""


def written(value: Any) -> str:
    """The content of a file: what is longer than a line gets a line for each of its parts."""
    return _text(value, 0) + "\n"


def _text(value: Any, indent: int) -> str:
    if isinstance(value, Line):
        return value
    lines: list[str]
    inner = " " * (indent + 2)
    if isinstance(value, dict) and value and (isinstance(value, Lines) or _long(value, indent)):
        lines = [f"{inner}{_flat(key)}: {_text(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and (isinstance(value[0], Line) or _long(value, indent)):
        lines = [inner + _text(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"
    return _flat(value)


def _long(value: Any, indent: int) -> bool:
    return len(_flat(value)) + indent > _WIDTH


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
