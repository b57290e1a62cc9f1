"""Events to be appended, as a person or a program writes them: one, or many as JSON Lines."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.errors import (
    EventfoldError,
    EventTooLarge,
    ExpectedVersionInvalid,
    InvalidEvent,
    MetadataReserved,
    NotFound,
    PayloadInvalid,
)
from eventfold.events.accepting import accept
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import command_event_id
from eventfold.events.jsontext import compact_object
from eventfold.events.metadata import RESERVED, metadata_text, read_metadata
from eventfold.events.registry import Registry
from eventfold.events.times import parse_time
from eventfold.limits import INT_MAX
from eventfold.store.port import ANY, EXISTS, Expected

LONGEST_LINE = limits.ROW_BYTES
_OF_AN_EVENT = 256
"""Of an event in memory beside its line, about."""

_WORDS: dict[str, Expected] = {"any": ANY, "exists": EXISTS, "new": 0}
_KEYS = ("aggregateId", "eventType", "data", "id", "expected", "schemaVersion", "occurredAt", "metadata")
_OF_THE_STORE = RESERVED | {"timestamp"}


class Batch:
    """What is appended to one stream, all or nothing."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.expected: Expected = ANY
        self.events: list[NewEvent] = []


def expected_version(given: object) -> Expected:
    """The expected version that a person wrote: a number of events, `new`, `any` or `exists`.

    Raises:
        ExpectedVersionInvalid: anything else.
    """
    if isinstance(given, str):
        found = _WORDS.get(given.lower())
        if found is not None:
            return found
        if given.isascii() and given.isdecimal():
            given = int(given[:40])
    if type(given) is not int or not 0 <= given <= INT_MAX:
        raise ExpectedVersionInvalid(
            f"{str(given)[:40]!r} is no expected version: give the number of events, new, any or exists.",
            expected=str(given)[:40],
        )
    return given


def metadata_of(source: str | bytes | None) -> str:
    """The metadata of the context with those that were given as JSON laid over them; errors as `read_metadata`."""
    return metadata_text(msgspec.json.decode(read_metadata(source)) if source is not None else None)


def event_id(text: str) -> UUID:
    """The event id that a person wrote.

    Raises:
        PayloadInvalid: it is no UUID.
    """
    try:
        return UUID(text)
    except ValueError:
        raise PayloadInvalid(f"{text[:40]!r} is no event id: give a UUID.", field="id") from None


def batches(lines: Iterable[bytes], stream: str | None, registry: Registry | None) -> list[Batch]:
    """The events of JSON Lines, by stream, in the order of their first lines.

        {"eventType", "data"?, "aggregateId"?, "id"?, "expected"?, "schemaVersion"?, "occurredAt"?, "metadata"?}

    Args:
        lines: JSON objects; lines without anything are left out.
        stream: of all events; None = every line names its own.
        registry: as for `accept`.

    Raises:
        EventfoldError: a line that is no event; the fact `line` says which. Nothing was written.
    """
    found: dict[str, Batch] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _take(found, line, stream, registry)
        except EventfoldError as error:
            raise type(error)(f"Line {number}: {error.message}", **{**error.facts, "line": number}) from error
    return list(found.values())


def one(stream: str, event: NewEvent, expected: Expected) -> Batch:
    """A batch of one event."""
    batch = Batch(stream)
    batch.expected = expected
    batch.events.append(event)
    return batch


def with_command(batch: Batch, command: str) -> None:
    """Gives the events ids that every repeat of the command derives again."""
    batch.events = [
        msgspec.structs.replace(event, id=command_event_id(command, batch.stream, n))
        for n, event in enumerate(batch.events)
    ]


def file_lines(file: str, stdin: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, or of standard input for `-`.

    Raises:
        NotFound: it cannot be opened.
        EventTooLarge: a line without an end, or more of them than are held.
    """
    if file == "-":
        yield from _bounded(stdin)
        return
    try:
        with Path(file).open("rb") as content:
            yield from _bounded(content)
    except (OSError, ValueError) as error:
        raise NotFound(f"{file} cannot be read: {getattr(error, 'strerror', error)}.", file=file) from error


def whole(content: IO[bytes], what: str, limit: int = LONGEST_LINE) -> bytes:
    """All of a file or a pipe, of which no more is read than is allowed.

    Raises:
        EventTooLarge: there is more.
    """
    found = content.read(limit + 1)
    if len(found) > limit:
        raise EventTooLarge(f"{what} has more than {limit} bytes.", limit=limit)
    return found


def _bounded(content: IO[bytes]) -> Iterator[bytes]:
    size = 0
    while line := content.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise EventTooLarge(f"A line is longer than {LONGEST_LINE} bytes.", limit=LONGEST_LINE)
        size += len(line) + _OF_AN_EVENT
        if size > limits.APPEND_BYTES:
            raise EventTooLarge(
                f"The lines have more than about {limits.APPEND_BYTES} bytes, too many to be checked before any is"
                " written: append them in parts, or bring them in with `eventfold import --documents`.",
                limit=limits.APPEND_BYTES,
            )
        yield line


def _take(found: dict[str, Batch], line: bytes, stream: str | None, registry: Registry | None) -> None:
    given: dict[str, Any] = msgspec.json.decode(compact_object(line.strip()), type=dict[str, msgspec.Raw])
    for key in given:
        if key in _OF_THE_STORE - {"id", "schemaVersion", "occurredAt"}:
            raise MetadataReserved(
                f"The store sets {key!r}; events that were recorded elsewhere come in by `eventfold import`.",
                field=key,
            )
        if key not in _KEYS:
            raise PayloadInvalid(f"An event has no {key!r}; known: {', '.join(_KEYS)}.", field=key)
    named = _text(given, "aggregateId")
    if stream is not None and named not in {None, stream}:
        raise PayloadInvalid(f"The event names the stream {named!r:.60}, not {stream}.", field="aggregateId")
    name = stream or named
    event_type = _text(given, "eventType")
    if name is None or event_type is None:
        key = "eventType" if name else "aggregateId"
        raise PayloadInvalid(f"The event has no {key}.", field=key)
    batch = found.setdefault(name, Batch(name))
    if "expected" in given:
        if batch.events:
            raise PayloadInvalid("Only the first event of a stream says what is expected.", field="expected")
        batch.expected = expected_version(msgspec.json.decode(given["expected"]))
    batch.events.append(
        accept(
            registry,
            event_type,
            bytes(given.get("data", b"{}")),
            schema_version=_version(given),
            metadata=metadata_of(bytes(given["metadata"]) if "metadata" in given else None),
            event_id=None if (chosen := _text(given, "id")) is None else event_id(chosen),
            occurred_at=_time(_text(given, "occurredAt")),
        )
    )


def _text(given: dict[str, Any], key: str) -> str | None:
    value = msgspec.json.decode(given[key]) if key in given else None
    if value is not None and not isinstance(value, str):
        raise PayloadInvalid(f"{key} is text.", field=key)
    return value


def _version(given: dict[str, Any]) -> int | None:
    value = msgspec.json.decode(given["schemaVersion"]) if "schemaVersion" in given else None
    if value is not None and type(value) is not int:
        raise InvalidEvent("schemaVersion is a whole number from 1.", field="schemaVersion")
    return value


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text, "occurredAt")
