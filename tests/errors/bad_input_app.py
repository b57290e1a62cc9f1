"""What hostile and mistaken input is tried on: an app with money, whole numbers, times, and an upcaster that fails."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import eventfold as ef


class Paid(ef.Event):
    amount: Decimal
    units: int = 0
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    note: str = ""


class Renamed(ef.Event, version=2):
    name: str


@ef.upcast(Renamed, 1)
def fails(data: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("name")


class Order(ef.Aggregate[Paid]):
    total: Decimal = Decimal(0)

    def pay(self, amount: Decimal) -> None:
        self.raise_event(Paid(amount=amount))

    def apply(self, event: Paid) -> None:
        self.total += event.amount


class Totals(ef.Table, category="order"):
    order = ef.key()
    units = ef.last(Paid.units)
    name = ef.last(Renamed.name)
    note = ef.last(Paid.note)
    events = ef.count()


APP = ef.App("shop", aggregates=[Order], tables=[Totals], events=[Renamed])
