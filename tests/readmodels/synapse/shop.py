"""An app whose table has a column of each type, and views over what engines judge differently; and a log of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import eventfold as ef
from eventfold.app.live import Live
from tests.readmodels.declaring.views.generated import NOON, TEXTS

row = ef.row


class Stocked(ef.Event):
    name: str
    size: int
    price: Decimal
    fresh: bool
    made_at: datetime
    day: date
    weight: float


class Renamed(ef.Event):
    name: str


class Removed(ef.Event):
    reason: str


class Goods(ef.Table, category="good"):
    good = ef.key()
    name = ef.last([Stocked.name, Renamed.name])
    size = ef.last(Stocked.size)
    price = ef.last(Stocked.price, "decimal(18,2)")
    fresh = ef.last(Stocked.fresh)
    made_at = ef.last(Stocked.made_at)
    day = ef.last(Stocked.day)
    weight = ef.last(Stocked.weight)
    gone = ef.delete_on(Removed)

    by_name = ef.view(
        name=row.name, goods=ef.count(), worth=row.price.sum(where=row.fresh), most=row.size.max()
    )
    monthly = ef.view(
        month=row.made_at.month(), hours=row.made_at.hour().distinct(), names=row.name.distinct()
    )
    age = ef.view(
        good=row.good,
        days=row.made_at.days_since(row.day),
        took=row.made_at.seconds_since(NOON),
        cost=row.price * 3 - row.size,
        where=(row.name != "a") & ~row.fresh.is_null(),
    )


class Names(ef.Table, category="good"):
    good = ef.key()
    names = ef.collect(Renamed.name)


app = ef.App("it's a shop", tables=[Goods, Names], events=[Stocked, Renamed, Removed])


def stocked(n: int) -> Stocked:
    return Stocked(
        name=TEXTS[n % len(TEXTS)],
        size=n - 4,
        price=Decimal(n).scaleb(-2) * 5,
        fresh=n % 3 > 0,
        made_at=NOON + timedelta(hours=31 * n, microseconds=n),
        day=date(2026, 1, 31),
        weight=n / 8,
    )


class Shop:
    """The open app."""

    def __init__(self, live: Live, lake: Path) -> None:
        self.live = live
        self.lake = lake

    def fill(self) -> None:
        """Appends goods 0 to 24."""
        for n in range(25):
            self.append(f"good-{n}", stocked(n))
        for name in ("a ", "it's"):
            self.append("good-0", Renamed(name=name))

    def append(self, stream: str, event: ef.Event) -> None:
        self.live.store.append(stream, [self.live.app.registry.encode(event)], expected=ef.ANY)

    def publish(self) -> None:
        self.live.catch_up()


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """With its goods published."""
    with app.open(f"sqlite:///{folder}/goods.db", lake=str(folder / "lake")) as live:
        made = Shop(live, folder / "lake")
        made.fill()
        made.publish()
        yield made
