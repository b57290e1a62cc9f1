"""The registry of an app: which stored names it knows, and how their data becomes typed events and back."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import msgspec

from eventfold.errors import (
    DefinitionError,
    EncodingInvalid,
    EventfoldError,
    EventTypeUnknown,
    InvalidEvent,
    PayloadInvalid,
    SchemaVersionUnknown,
    TimeInvalid,
    UpcasterFailed,
    UpcasterMissing,
)
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.event import Event, Upcaster
from eventfold.events.ids import new_id
from eventfold.events.jsontext import encode_text
from eventfold.events.shape import Check, at_path, check_json, check_time, checker, is_lasting
from eventfold.events.storable import check_depth, too_deep


class Untyped(Event, frozen=True, name="Untyped"):
    """An event of a type the app has not registered, where the app allows that: its data stays a map."""

    type: str
    data: dict[str, Any]


class Stored(Protocol):
    """What decoding needs of an envelope: `RecordedEvent` and `NewEvent` both have it."""

    @property
    def type(self) -> str:
        """The stored name."""

    @property
    def schema_version(self) -> int:
        """The schema version it was written in."""

    @property
    def data(self) -> str:
        """A JSON object."""


class _Known:
    """One registered type with its compiled codec."""

    def __init__(self, event_type: type[Event]) -> None:
        self.event_type = event_type
        self.version = event_type.schema_version
        self.check: Check = checker(event_type)
        self.lasts = is_lasting(event_type)
        self.decode: Callable[[str], Event] = msgspec.json.Decoder(event_type).decode
        self.upcasters = _chain(event_type)


def _chain(event_type: type[Event]) -> tuple[Upcaster, ...]:
    missing = [v for v in range(1, event_type.schema_version) if v not in event_type.upcasters]
    if missing:
        raise UpcasterMissing(
            f"{event_type.stored_name} is at schema version {event_type.schema_version}, but nothing upcasts version"
            f" {missing[0]} to {missing[0] + 1}: add @upcast({event_type.__name__}, {missing[0]}).",
            type=event_type.stored_name,
            version=missing[0],
        )
    return tuple(event_type.upcasters[v] for v in range(1, event_type.schema_version))


class Registry:
    """The event types of an app. Stored text never decides what is imported or executed: unknown names stay unknown.

    Args:
        event_types: the classes, each with its stored name.
        untyped: whether events of other names are read as `Untyped` instead of being refused.

    Raises:
        DefinitionError: two classes with one stored name, or a field that would not read back as written.
        UpcasterMissing: a schema version from which no chain leads to the current one.
    """

    def __init__(self, event_types: Iterable[type[Event]] = (), *, untyped: bool = False) -> None:
        self.untyped = untyped
        self._encode = msgspec.json.Encoder().encode
        self._known: dict[str, _Known] = {}
        for event_type in event_types:
            name = event_type.stored_name
            if name in self._known and self._known[name].event_type is not event_type:
                raise DefinitionError(
                    f"Two event types are stored as {name!r}; give one of them another name=."
                )
            try:
                self._known[name] = _Known(event_type)
            except (TypeError, NameError) as error:
                raise DefinitionError(f"{event_type.__name__}: {error}") from error

    def __reduce__(self) -> tuple[object, ...]:
        """Made anew of its classes where it is sent to another process of one program, as the workers of Spark are."""
        return partial(Registry, untyped=self.untyped), (tuple(self.types.values()),)

    @property
    def types(self) -> Mapping[str, type[Event]]:
        """The registered classes by stored name."""
        return {name: known.event_type for name, known in self._known.items()}

    def encode(
        self,
        event: Event,
        *,
        metadata: str = "{}",
        event_id: UUID | None = None,
        occurred_at: datetime | None = None,
        checked: bool = False,
    ) -> NewEvent:
        """The event as it is stored, checked: what is decoded again equals it, by type and value.

        Args:
            event: an instance of a registered type.
            metadata: JSON text, as `metadata_text` gives it.
            event_id: default: a new UUIDv7.
            occurred_at: an aware time; default: when it is recorded.
            checked: its values were checked when an aggregate raised it; only what may have changed since is looked at.

        Raises:
            EventTypeUnknown: the type is not registered.
            InvalidEvent: a value that cannot be stored exactly; the fact `path` names it.
            JsonTooDeep: records, lists and maps nested too deep.
        """
        occurred_us = None
        if occurred_at is not None:
            check_time(occurred_at)
            occurred_us = to_us(occurred_at)
        name, version, data = self._data(event, checked=checked)
        chosen = new_id() if event_id is None else event_id
        return NewEvent(chosen, name, version, data, metadata, occurred_us, None, data)

    def _data(self, event: Event, *, checked: bool = False) -> tuple[str, int, str]:
        if isinstance(event, Untyped):
            if not self.untyped:
                raise self.unknown(event.type)
            check_json(event.data)
            return event.type, 1, encode_text(event.data)
        name = event.stored_name
        known = self._known.get(name)
        if known is None or known.event_type is not type(event):
            raise self.unknown(name)
        try:
            if not (checked and known.lasts):
                known.check(event)
            text = self._encode(event)
            check_depth(text, name)
            return name, known.version, text.decode()
        except RecursionError:
            raise too_deep(name) from None
        except UnicodeEncodeError:
            raise EncodingInvalid(f"{name}: text contains a lone surrogate.", type=name) from None
        except InvalidEvent as error:
            raise at_path(error, name) from None

    def decode(self, stored: Stored) -> Event:
        """The typed event, in the current schema version.

        Raises:
            EventTypeUnknown: the name is not registered and the app allows no untyped events.
            SchemaVersionUnknown: written by a later release.
            UpcasterFailed: an upcaster raised.
            PayloadInvalid: the data do not have the shape of the type.
        """
        known = self._known.get(stored.type)
        try:
            if known is None:
                if self.untyped:
                    return Untyped(type=stored.type, data=_decode_any(stored.data))
                raise self.unknown(stored.type)
            if stored.schema_version == known.version:
                return known.decode(stored.data)
            return known.decode(self._current(known, stored))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise _unfit(stored.type, str(error)) from None

    def current_data(self, stored: Stored) -> str:
        """The data as JSON text in the current schema version; of unregistered types, as it was written.

        Raises:
            EventTypeUnknown, SchemaVersionUnknown, UpcasterFailed: as `decode`.
            PayloadInvalid: data of an earlier version that are no JSON object.
        """
        known = self._known.get(stored.type)
        if known is None:
            if self.untyped:
                return stored.data
            raise self.unknown(stored.type)
        return self._current(known, stored)

    def next_data(self, stored: Stored) -> str:
        """The data as JSON text one schema version on: what a single upcaster makes of them.

        Raises:
            EventTypeUnknown: the type is not registered.
            SchemaVersionUnknown: there is no later version.
            UpcasterFailed: the upcaster raised.
        """
        known = self._known.get(stored.type)
        if known is None:
            raise self.unknown(stored.type)
        if stored.schema_version >= known.version:
            raise SchemaVersionUnknown(
                f"{stored.type} has no schema version after {known.version}.",
                type=stored.type,
                version=stored.schema_version,
            )
        return self._upcast(known, stored, stored.schema_version + 1)

    def version_of(self, type_name: str) -> int | None:
        """The current schema version of a stored name; None where it is not registered."""
        known = self._known.get(type_name)
        return known.version if known else None

    def _current(self, known: _Known, stored: Stored) -> str:
        if stored.schema_version == known.version:
            return stored.data
        if stored.schema_version > known.version:
            raise SchemaVersionUnknown(
                f"{stored.type} was written in schema version {stored.schema_version}; this program knows up to"
                f" {known.version}: install the release that wrote it.",
                type=stored.type,
                version=stored.schema_version,
            )
        return self._upcast(known, stored, known.version)

    def _upcast(self, known: _Known, stored: Stored, to: int) -> str:
        try:
            data = _decode_any(stored.data)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise _unfit(stored.type, str(error)) from None
        for version in range(stored.schema_version, to):
            data = _apply(known.upcasters[version - 1], stored.type, version, data)
        try:
            text = self._encode(data).decode()
        except (TypeError, UnicodeEncodeError, RecursionError) as error:
            raise UpcasterFailed(f"{stored.type}: an upcaster returned what is not JSON: {error}") from error
        if "null" in text and _is_lossy(data):  # what is not finite is written as null
            raise UpcasterFailed(f"{stored.type}: an upcaster returned a number that is not finite.")
        return text

    def unknown(self, name: str) -> EventTypeUnknown:
        """What is said of a stored name that this app does not know."""
        return EventTypeUnknown(
            f"This app has no event type {name!r}: add its class to App(events=[...]), or allow untyped events with"
            " untyped=True.",
            type=name,
        )


_decode_any = msgspec.json.Decoder(dict[str, Any]).decode
_PLACE = re.compile(r" - at `\$(.*)`$")
_FIELD = re.compile(r"(?:required|unknown) field `(.*?)`")


def _unfit(name: str, reason: str) -> PayloadInvalid:
    """The error for what msgspec says about data."""
    place, field = _PLACE.search(reason), _FIELD.search(reason)
    path = name + (place.group(1) if place else "") + (f".{field.group(1)}" if field else "")
    refusal = TimeInvalid if "RFC3339" in reason or "ISO8601" in reason else PayloadInvalid
    return refusal(f"{name}: {reason}", type=name, path=path)


def _is_lossy(value: Any) -> bool:
    match value:
        case float():
            return not math.isfinite(value)
        case dict():
            return any(map(_is_lossy, value.values()))
        case list() | tuple():
            return any(map(_is_lossy, value))
        case _:
            return False


def _apply(upcaster: Upcaster, name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    try:
        found = upcaster(data)
    except EventfoldError:
        raise
    except Exception as error:
        raise UpcasterFailed(
            f"{name}: the upcaster of version {version} raised {type(error).__name__}: {error}",
            type=name,
            version=version,
        ) from error
    if not isinstance(found, dict):
        raise UpcasterFailed(
            f"{name}: the upcaster of version {version} returned {type(found).__name__}, not a map."
        )
    return found
