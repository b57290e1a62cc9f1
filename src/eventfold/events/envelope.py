"""The two envelopes: an event on its way into a store, and an event that a store has recorded.

Both carry data and metadata as the JSON text that is stored, so that nothing between a typed event and the disk, or
the disk and a column, is encoded twice.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from eventfold.errors import PayloadInvalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_decode_map = msgspec.json.Decoder(dict[str, Any]).decode


def to_us(time: datetime) -> int:
    """Microseconds since 1970 of an aware time, exactly."""
    return (time - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The aware UTC time of microseconds since 1970, exactly."""
    return _EPOCH + timedelta(microseconds=us)


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event to be appended. Two are equal if they say the same, whoever looked at their data.

    Attributes:
        id: unique; an append that is repeated with the same id writes nothing.
        type: the stored name.
        schema_version: from 1.
        data: a JSON object, as text without line feeds.
        metadata: such an object too: actor, correlationId, causationId and keys of the user.
        occurred_us: when it happened, microseconds since 1970; None = when it is recorded.
        recorded_us: when the log it came from recorded it: given by a restore only; None = now.
        checked: the very text of `data`, where it is known to be right: the registry has just written it, or another
            log holds it. Anything else is looked at when the event is appended.
    """

    id: UUID
    type: str
    schema_version: int
    data: str
    metadata: str = "{}"
    occurred_us: int | None = None
    recorded_us: int | None = None
    checked: str | None = None

    def __eq__(self, other: object) -> bool:
        return self._said() == other._said() if isinstance(other, NewEvent) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._said())

    def _said(self) -> tuple[object, ...]:
        said = (self.id, self.type, self.schema_version, self.data, self.metadata)
        return (*said, self.occurred_us, self.recorded_us)


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as a store has recorded it. Times and ids are decoded when they are asked for.

    Attributes:
        position: its place in its partition of the feed; comparable inside the partition only.
        stream: the stream it belongs to.
        version: its number in the stream, from 1.
        type: the stored name.
        schema_version: the schema version it was written in.
        id_bytes: the 16 bytes of its id.
        recorded_us: when the store recorded it, microseconds since 1970.
        occurred_or_none_us: when it happened, where the producer said so.
        data: a JSON object, as it was written.
        metadata: a JSON object, as it was written.
        partition: the partition of the feed that delivered it.
    """

    position: int
    stream: str
    version: int
    type: str
    schema_version: int
    id_bytes: bytes
    recorded_us: int
    occurred_or_none_us: int | None
    data: str
    metadata: str
    partition: str = "0"

    @property
    def id(self) -> UUID:
        """The event id."""
        return UUID(bytes=self.id_bytes)

    @property
    def recorded_at(self) -> datetime:
        """When the store recorded it: aware, UTC, never decreasing along a stream."""
        return from_us(self.recorded_us)

    @property
    def occurred_us(self) -> int:
        """When it happened, microseconds since 1970: as the producer said, else when it was recorded."""
        return self.recorded_us if self.occurred_or_none_us is None else self.occurred_or_none_us

    @property
    def occurred_at(self) -> datetime:
        """When it happened: as the producer said, else when it was recorded."""
        return from_us(self.occurred_us)

    @property
    def occurred_apart(self) -> datetime | None:
        """When it happened, where that is not when it was recorded; else None."""
        return from_us(self.occurred_us) if self.occurred_us != self.recorded_us else None

    def metadata_map(self) -> dict[str, Any]:
        """Actor, correlationId, causationId and the user's keys.

        Raises:
            PayloadInvalid: they are no JSON object, as nothing is that an append takes today.
        """
        return self._map(self.metadata, "metadata")

    def data_map(self) -> dict[str, Any]:
        """The data as it was written, before any upcaster.

        Raises:
            PayloadInvalid: they are no JSON object, as nothing is that an append takes today.
        """
        return self._map(self.data, "data")

    def _map(self, text: str, what: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = _decode_map(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise PayloadInvalid(
                f"The {what} of version {self.version} of {self.stream} are no JSON object: {error}.",
                stream=self.stream,
                version=self.version,
            ) from None
        return found
