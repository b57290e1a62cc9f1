"""The document of an event: the pattern's form, in which exports and the bus carry what a log holds.

    {"id", "aggregateId", "eventType", "version", "timestamp", "data", "metadata": {"schemaVersion", ...}}

Stored JSON is spliced in and cut out again, never written anew. What is no JSON, or nested deeper than readers go,
because it was appended before appends were strict, stands as text: `"data":null,...,"exact":{"data":"..."}`.
"""

import json
from collections import deque
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from eventfold.events.envelope import RecordedEvent, from_us, to_us
from eventfold.events.jsontext import compact_object, unique_keys
from eventfold.events.storable import is_storable, is_value


class Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How data and metadata are stored, where a document cannot say it."""

    data: str | None = None
    metadata: str | None = None


class Document(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A document that was read; its data and metadata are not taken apart."""

    id: UUID
    aggregateId: str  # noqa: N815 - the document's own name
    eventType: str  # noqa: N815 - so too
    version: int
    timestamp: str
    data: msgspec.Raw
    metadata: msgspec.Raw
    exact: Exact | None = None


class _Parts(msgspec.Struct, gc=False):
    data: msgspec.Raw
    metadata: msgspec.Raw


_BETWEEN = b',"metadata":'
_decode_parts = msgspec.json.Decoder(_Parts).decode
_decode = msgspec.json.Decoder(Document).decode
_encode = msgspec.json.Encoder().encode


def read_document(text: bytes) -> Document:
    """The document that a text is.

    Raises:
        JsonDuplicateKey: it names one of its own keys twice; of data and metadata that is not asked.
        msgspec.MsgspecError, UnicodeDecodeError, RecursionError: it is none.
    """
    found = _decode(text)
    if _encode(found) != text.strip():  # written by hand
        _check_keys(text)
    return found


def document_of(event: RecordedEvent, *, strictly: bool = False) -> str:
    """An event as its document, the same text that an export has.

    Args:
        event: as it is stored.
        strictly: what no append takes any more stands as text, also where it is JSON.
    """
    texts = id_text(event.id_bytes), time_text(event.recorded_us), _encode(event.stream).decode()
    return document_with(event, *texts, strictly=strictly)


def document_with(
    event: RecordedEvent, event_id: str, recorded: str, stream: str, *, strictly: bool = False
) -> str:
    """As `document_of`, for who has the texts of id and time and the JSON of the stream already."""
    data, metadata, exact = event.data, event.metadata, ""
    shown_data, shown_metadata = shown(data, strictly=strictly), shown_users(metadata, strictly=strictly)
    if shown_data != data or shown_metadata != metadata:
        texts = Exact(None if shown_data == data else data, None if shown_metadata == metadata else metadata)
        exact = f',"exact":{_encode(texts).decode()}'
    occurred = None if event.occurred_or_none_us is None else time_text(event.occurred_or_none_us)
    before = _before_data(event_id, stream, type_json(event.type), event.version, recorded)
    return f"{before}{shown_data}{_after_data(event.schema_version, occurred, shown_metadata)}{exact}}}"


def document_as_stored(
    event_id: str,
    stream: str,
    event_type: str,
    version: int,
    recorded: str,
    data: str,
    schema_version: int,
    occurred: str | None,
    metadata: str,
) -> str:
    """The document of an event whose data and metadata are `is_splicable`.

    Args:
        event_id: as `id_text` says.
        stream: its name in JSON.
        event_type: as `type_json` says.
        version: in its stream.
        recorded: as `time_text` says.
        data: as they are stored.
        schema_version: of the data.
        occurred: as `time_text` says; None where the producer said none.
        metadata: as they are stored.
    """
    time = "" if occurred is None else f',"occurredAt":"{occurred}"'
    rest = "" if metadata == "{}" else f",{metadata[1:-1]}"
    # as `_before_data` and `before_users` say, at once: a relay writes a million of them
    return (
        f'{{"id":"{event_id}","aggregateId":{stream},"eventType":{event_type},"version":{version},'
        f'"timestamp":"{recorded}","data":{data},"metadata":{{"schemaVersion":{schema_version}{time}{rest}}}}}'
    )


def is_splicable(data: str, metadata: str) -> bool:
    """Whether a document shows both as they are stored."""
    return is_value(data) and (metadata == "{}" or (metadata.startswith('{"') and is_value(metadata)))


def shown(data: str, *, strictly: bool = False) -> str:
    """Data as a document shows them: as they are stored, or null."""
    return data if is_value(data) and (not strictly or is_storable(data)) else "null"


def shown_users(metadata: str, *, strictly: bool = False) -> str:
    """Metadata as they can be spliced: an object whose first key follows the brace."""
    if strictly and not is_storable(metadata):
        return "{}"
    if metadata == "{}" or (metadata.startswith('{"') and is_value(metadata)):
        return metadata
    return compact_object(metadata) if is_storable(metadata) else "{}"


def before_data(event_id: str, stream: str, event_type: str, version: int, recorded: str) -> str:
    """How a document begins, before its data."""
    name = _encode(stream).decode()  # not kept: of streams there may be millions
    return _before_data(event_id, name, type_json(event_type), version, recorded)


def _before_data(event_id: str, name: str, event_type: str, version: int, recorded: str) -> str:
    return (
        f'{{"id":"{event_id}","aggregateId":{name},"eventType":{event_type},"version":{version},'
        f'"timestamp":"{recorded}","data":'
    )


def _after_data(schema_version: int, occurred: str | None, metadata: str) -> str:
    rest = "}" if metadata == "{}" else f",{metadata[1:]}"
    return f',"metadata":{before_users(schema_version, occurred)}{rest}'


def before_users(schema_version: int, occurred: str | None) -> str:
    """How the metadata of a document begin: with what the system says, before the keys of the user."""
    time = "" if occurred is None else f',"occurredAt":"{occurred}"'
    return f'{{"schemaVersion":{schema_version}{time}'


def users_of(metadata: bytes, before: str) -> str | None:
    """What follows in the metadata of a document, as it is stored; None where they begin otherwise than is said."""
    if not metadata.startswith(before.encode()):
        return None
    rest = metadata[len(before.encode()) :].decode()
    if rest == "}":
        return "{}"
    return "{" + rest[1:] if rest.startswith(",") else None


def cut(text: bytes, before: str) -> tuple[bytes, bytes] | None:
    """Data and metadata of a document as `document_of` wrote it, without `exact`; None of any other, to be read whole.

    Args:
        text: that begins as the next says.
        before: as `before_data` says.

    Raises:
        msgspec.MsgspecError, RecursionError: it is no JSON.
    """
    return split(text, len(before.encode()))


def split(text: bytes, size: int) -> tuple[bytes, bytes] | None:
    """As `cut`, of a text that begins with so many bytes as `before_data` says."""
    found = _decode_parts(text)
    data, metadata = bytes(found.data), bytes(found.metadata)
    # as long as what is between them leaves no room for anything else
    if size + len(data) + len(_BETWEEN) + len(metadata) + 1 != len(text):
        return None
    return data, metadata


def id_text(id_bytes: bytes) -> str:
    """An event id as text."""
    return f"{id_bytes[:4].hex()}-{id_bytes[4:10].hex('-', 2)}-{id_bytes[10:].hex()}"


def id_of(text: str) -> bytes | None:
    """The 16 bytes of an event id that `id_text` wrote; None of what has another form."""
    if len(text) != 36 or not text[8] == text[13] == text[18] == text[23] == "-":
        return None
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return found if len(found) == 16 else None


def time_text(us: int) -> str:
    """A time in ISO 8601, UTC, with its microseconds."""
    seconds, rest = divmod(us, 1_000_000)
    return f"{_second(seconds)}.{rest:06d}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    """The events of one second share it."""
    return from_us(seconds * 1_000_000).isoformat(timespec="seconds").removesuffix("+00:00")


@lru_cache(maxsize=1024)
def time_us(text: str) -> int | None:
    """Microseconds since 1970 of a time that `time_text` wrote; None of anything else."""
    try:
        us = to_us(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        return None
    return us if time_text(us) == text else None


@lru_cache(maxsize=4096)
def type_json(name: str) -> str:
    """The name of a type in JSON."""
    return _encode(name).decode()


def _check_keys(text: bytes) -> None:
    """Refuses a document that names one of its own keys twice."""
    whole: deque[list[tuple[str, object]]] = deque(maxlen=1)  # the outermost object ends last
    with suppress(RecursionError):  # too deep to be looked at in this way
        json.loads(text, object_pairs_hook=whole.append)
    if whole:
        unique_keys(whole[0])
