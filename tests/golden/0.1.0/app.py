"""Parcels: the app that wrote this corpus, as it stood in this release. It is never edited, only copied."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

import eventfold as ef


class Service(Enum):
    LETTER = "letter"
    PARCEL = "parcel"


class Stop(msgspec.Struct, frozen=True):
    depot: str
    code: int | None = None


class Sent(ef.Event, name="parcel sent", version=3):
    sender: str
    price: Decimal
    currency: str
    grams: int
    service: Service
    route: tuple[Stop, ...] = ()
    labels: dict[str, str] = {}
    insured: Decimal | None = None


@ef.upcast(Sent, 1)
def prices_were_in_cents(data: dict[str, Any]) -> dict[str, Any]:
    cents = data.pop("cents")
    return {**data, "price": str(Decimal(cents) / 100), "currency": "EUR"}


@ef.upcast(Sent, 2)
def weights_were_in_kilos(data: dict[str, Any]) -> dict[str, Any]:
    kilos = Decimal(data.pop("kilos"))
    service = "letter" if kilos < 1 else "parcel"
    return {**data, "grams": int(kilos * 1000), "service": service}


class Moved(ef.Event):
    depot: str
    arrived: datetime


class Delivered(ef.Event, version=2):
    receiver: str
    day: date
    proof: bytes
    round_id: UUID
    left_alone: bool = False


@ef.upcast(Delivered, 1)
def rounds_had_no_id(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "round_id": "00000000-0000-0000-0000-000000000000"}


class Returned(ef.Event):
    reason: str


ParcelEvent = Sent | Moved | Delivered | Returned


class Parcel(ef.Aggregate[ParcelEvent], snapshot_every=2):
    where: str = ""
    price: Decimal = Decimal(0)
    moves: int = 0
    seen: list[str] = []

    def move(self, depot: str, arrived: datetime) -> None:
        self.raise_event(Moved(depot=depot, arrived=arrived))

    def apply(self, event: ParcelEvent) -> None:
        match event:
            case Sent():
                self.where, self.price = "sender", event.price
            case Moved():
                self.where, self.moves = event.depot, self.moves + 1
                self.seen.append(event.depot)
            case Delivered():
                self.where = event.receiver
            case Returned():
                self.where = "sender"


class Parcels(ef.Table, category="parcel"):
    parcel = ef.key()
    sender = ef.first(Sent.sender)
    price = ef.last(Sent.price, "decimal(18,2)")
    insured = ef.max(ef.field(Sent, "insured"), "decimal(30,6)")
    grams = ef.sum(Sent.grams)
    status = ef.last({Sent: "sent", Moved: "moving", Delivered: "delivered", Returned: "returned"})
    depots = ef.collect(Moved.depot, limit=3)
    first_seen = ef.min(Moved.arrived)
    day = ef.last(Delivered.day)
    proof = ef.last(Delivered.proof)
    left_alone = ef.last(Delivered.left_alone)
    events = ef.count()
    changed_at = ef.last(ef.recorded_at)
    changed_by = ef.last(ef.actor)


class Depots(ef.Table):
    depot = ef.key(Moved.depot)
    parcels = ef.count(Moved)
    last_parcel = ef.last(ef.stream, on=[Moved])
    last_at = ef.max(Moved.arrived)


class Open(ef.Table, category="parcel"):
    parcel = ef.key()
    since = ef.first(ef.occurred_at, on=[Sent])
    gone = ef.delete_on(Delivered)


class Notes(ef.Table, category="note"):
    note = ef.key()
    total = ef.sum(ef.field("Noted", "n"), "int64")
    words = ef.last(ef.field("Noted", "text"), "string")


parcels = ef.App("parcels", aggregates=[Parcel], tables=[Parcels, Depots, Open, Notes], untyped=True)
