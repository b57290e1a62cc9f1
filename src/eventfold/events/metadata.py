"""Metadata: who did it and why, taken from the context of the call."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.errors import MetadataInvalid, MetadataReserved, ObjectExpected
from eventfold.events.jsontext import compact_object, encode_text
from eventfold.events.shape import check_json, check_time

RESERVED = frozenset(
    {
        "schemaVersion",
        "upgradedFrom",
        "occurredAt",
        "recordedAt",
        "recorded_at",
        "position",
        "partition",
        "version",
        "stream",
        "logId",
        "hash",
        "id",
    }
)
OF_THE_DOCUMENT = ("schemaVersion", "upgradedFrom", "occurredAt")
"""Of them, those that stand in the metadata of an event's document, where a user's own would be taken for them."""
_EMPTY: Mapping[str, Any] = {}
_context: ContextVar[Mapping[str, Any]] = ContextVar("eventfold_metadata", default=_EMPTY)
_occurred: ContextVar[datetime | None] = ContextVar("eventfold_occurred_at", default=None)


@contextmanager
def context(
    *,
    actor: str | UUID | None = None,
    correlation_id: str | UUID | None = None,
    causation_id: str | UUID | None = None,
    occurred_at: datetime | None = None,
    **keys: str | int | bool | UUID,
) -> Iterator[None]:
    """Everything appended inside carries these metadata; an inner context adds to, and overrides, the outer one.

    A UUID is kept as its text.

    Args:
        actor: who acts.
        correlation_id: what the whole conversation belongs to.
        causation_id: the id of the command or event that led to this.
        occurred_at: when it happened, an aware time, where that is not when it is recorded.
        keys: further keys of your own.

    Raises:
        MetadataReserved: a key that the system itself writes.
        TimeInvalid: `occurred_at` has no time zone.
    """
    if occurred_at is not None:
        check_time(occurred_at)
    named = {"actor": actor, "correlationId": correlation_id, "causationId": causation_id, **keys}
    given = {
        key: str(value) if isinstance(value, UUID) else value
        for key, value in named.items()
        if value is not None
    }
    check_metadata(given)
    token = _context.set({**_context.get(), **given})
    occurred = _occurred.set(occurred_at or _occurred.get())
    try:
        yield
    finally:
        _occurred.reset(occurred)
        _context.reset(token)


class caused:  # noqa: N801 - it reads as a statement, like `context`
    """Everything appended inside carries metadata that are checked already, and read when something is.

    Args:
        metadata: in the place of those of the context around it.
    """

    __slots__ = ("_metadata", "_token")

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = metadata

    def __enter__(self) -> None:
        self._token = _context.set(self._metadata)

    def __exit__(self, *error: object) -> None:
        _context.reset(self._token)


enter, leave = _context.set, _context.reset
"""What `caused` does, for loops in which an object for each event would be felt."""


def current() -> Mapping[str, Any]:
    """The metadata of the context."""
    return _context.get()


def occurred_at() -> datetime | None:
    """When what is appended in this context happened; None = when it is recorded."""
    return _occurred.get()


def metadata_text(extra: Mapping[str, Any] | None = None) -> str:
    """The metadata of the context and `extra` as the text that is stored.

    Raises:
        MetadataInvalid: not JSON, or above 64 KiB.
        MetadataReserved: a key that the system itself writes.
    """
    found = _context.get()
    if extra:
        check_metadata(extra)
        found = {**found, **extra}
    if not found:
        return "{}"
    text = encode_text(dict(found))
    check_metadata_size(text)
    return text


def check_metadata(given: Mapping[str, Any]) -> None:
    """Refuses keys of the system and values that are not JSON."""
    for key in given:
        if key in RESERVED or key.startswith("$"):
            raise MetadataReserved(f"Metadata may not set {key!r}: the system writes it.", field=key)
    check_json(dict(given))


def check_metadata_keys(text: str) -> None:
    """Refuses metadata that would hide what the system says of an event; JSON text is looked into only where it may.

    Raises:
        MetadataReserved: it sets a key of the document form.
    """
    for key in OF_THE_DOCUMENT:
        if key in text and key in _top_level(text):
            raise MetadataReserved(f"Metadata may not set {key!r}: the system writes it.", field=key)


def _top_level(text: str) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise MetadataInvalid(f"Metadata are a JSON object: {error}.") from None


def check_metadata_size(text: str) -> None:
    """Refuses metadata above the limit."""
    if len(text) > limits.METADATA_BYTES // 4 and len(text.encode()) > limits.METADATA_BYTES:
        raise MetadataInvalid(f"Metadata may have {limits.METADATA_BYTES // 1024} KiB at most.")


def read_metadata(source: str | bytes) -> str:
    """Metadata from outside as text to be stored; errors as in `metadata_text` and `compact_object`."""
    try:
        text = compact_object(source)
    except ObjectExpected as error:
        raise MetadataInvalid(f"Metadata are a JSON object: {error.message}") from None
    check_metadata_size(text)
    check_metadata(msgspec.json.decode(text))
    return text
