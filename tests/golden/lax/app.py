"""Notes and sales: the app that wrote this corpus, a log, a state, snapshots and a lake, as its release let it."""

from datetime import datetime
from decimal import Decimal

import msgspec

import eventfold as ef

DASHED = "sales-order"
"""A category that no stream has: what stands before the first dash is `sales`."""


class Box(msgspec.Struct, frozen=True):
    """Nested records were taken to any depth."""

    inner: "Box | None" = None


class Noted(ef.Event):
    n: int
    at: datetime | None = None
    box: Box | None = None


class Renamed(ef.Event):
    """A later program has no class of this name any more."""

    n: int


class Note(ef.Aggregate[Noted | Renamed], snapshot_every=2):
    total: int = 0

    def note(self, n: int) -> None:
        self.raise_event(Noted(n=n))

    def rename(self, n: int) -> None:
        self.raise_event(Renamed(n=n))

    def apply(self, event: Noted | Renamed) -> None:
        match event:
            case Noted(n=n) | Renamed(n=n):
                self.total += n


class Notes(ef.Table, category="note"):
    note = ef.key()
    total = ef.sum(ef.field(Noted, "n"))
    last_at = ef.last(ef.field(Noted, "at"))
    amount = ef.last(ef.field("Paid", "amount"), "decimal(30,6)")
    dotted = ef.last(ef.field("Paid", "a.b"), "string")


class Sales(ef.Table, category="sales"):
    sale = ef.key()
    amount = ef.sum(ef.field("Sold", "amount"), "decimal(18,2)")


def app(category: str = "sales") -> ef.App:
    """The app; with the category that its release took, the sales have one with a dash."""

    class Orders(ef.Table, category=category, name="orders"):
        order = ef.key()
        amount = ef.sum(ef.field("Sold", "amount"), "decimal(18,2)")

    return ef.App("lax", aggregates=[Note], tables=[Notes, Sales, Orders], untyped=True)


AMOUNT = Decimal("1234567890123456.654321")
