"""Events and messages for the tests of public events."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import msgspec

from eventfold.events.envelope import RecordedEvent, to_us
from eventfold.events.event import Event
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.event import PublicEvent

EVENT = UUID(int=7 << 76 | 2 << 62 | 1)
HAPPENED = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)


class OrderShipped(Event):
    order_id: str
    carrier: str
    margin: Decimal


class Service(Enum):
    FAST = "fast"
    SLOW = "slow"


class Parcel(msgspec.Struct, frozen=True):
    weight: Decimal
    fragile: bool = False


class ShipmentStarted(PublicEvent, name="com.example.shipment.started", key="order_id"):
    """A shipment is on its way."""

    order_id: str
    carrier: str
    due: date | None = None
    value: Decimal = Decimal(0)
    parcels: tuple[Parcel, ...] = ()
    service: Service = Service.SLOW
    left_at: datetime | None = None


def message(
    handler: str = "shipment_started",
    *,
    event_id: UUID = EVENT,
    metadata: Mapping[str, object] | None = None,
    stream: str = "order-secret",
) -> Message:
    recorded = RecordedEvent(
        position=5,
        stream=stream,
        version=3,
        type="OrderShipped",
        schema_version=1,
        id_bytes=event_id.bytes,
        recorded_us=to_us(HAPPENED) + 1_000_000,
        occurred_or_none_us=to_us(HAPPENED),
        data='{"order_id":"o-1","carrier":"DHL","margin":"3.10"}',
        metadata=msgspec.json.encode(metadata or {}).decode(),
    )
    return Message(handler, recorded)
