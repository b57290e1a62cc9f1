"""What the demo shows, asked of a live shop: in the terminal and on the page the same."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

import eventfold as ef
from eventfold.app.live import Live
from eventfold.readmodels.asking.asof import AsOf
from eventfold.readmodels.asking.why import Step
from eventfold.readmodels.search.result import SearchResult
from eventfold.words import how_many
from examples.orders.domain import Order
from examples.orders.tables import Orders
from examples.orders.today import Told
from examples.orders.workload import DAYS, FIRST_DAY

STATUSES = {
    "Created": "placed",
    "Confirmed": "confirmed",
    "Shipped": "shipped",
    "Returned": "returned",
    "Cancelled": "cancelled",
}
"""What an order can be, and how the shop says it."""
SOLD = ("Created", "Confirmed", "Shipped")
"""The one rule of what is revenue, on the day it was ordered: an order that was not cancelled or returned."""

BY_DAY = """
SELECT CAST(ordered_at AS DATE) AS day, status, currency, count(*) AS orders, sum(total_amount) AS worth
FROM orders GROUP BY ALL ORDER BY ALL
"""
TOLD_BEST = "SELECT order_id FROM orders WHERE status = 'Returned' ORDER BY events DESC, order_id LIMIT 1"


Money = dict[str, Decimal]
"""Amounts by currency: two currencies have no sum."""


class DayStatus(msgspec.Struct, frozen=True):
    """The orders of a day that have come to one status, in one currency."""

    day: date
    status: str
    currency: str
    orders: int
    worth: Decimal


class Moment(msgspec.Struct, frozen=True):
    """The whole table at a moment, summed up by status."""

    name: str
    orders: dict[str, int]
    revenue: Money
    base: int | None
    folded: int


class LifeStep(msgspec.Struct, frozen=True):
    """One event of an order, and the aggregate after it."""

    version: int
    event: str
    occurred_at: datetime
    actor: str
    status: str
    items: dict[str, int]
    currency: str
    total_amount: Decimal


class Middle(msgspec.Struct, frozen=True):
    """A moment in the middle of the workload, as a cursor: the same question on a log without positions."""

    cursor: ef.Cursor
    events: int


class Looked(msgspec.Struct, frozen=True):
    """What somebody looked for, and what was found."""

    words: str
    found: SearchResult


class Report(msgspec.Struct, frozen=True):
    log: str
    made_at: datetime
    events: int
    refused: int
    versions: int
    by_day: list[DayStatus]
    moments: list[Moment]
    order: str
    life: list[LifeStep]
    life_then: int
    why: Sequence[Step]
    told: Told | None = None
    looked: Looked | None = None

    @property
    def currencies(self) -> list[str]:
        """Those of the orders, the most frequent one first."""
        found: Counter[str] = Counter()
        for row in self.by_day:
            found[row.currency] += row.orders
        return [currency for currency, _ in found.most_common()]


def revenue(rows: Sequence[DayStatus]) -> Money:
    """What was sold on some days, by currency."""
    found: Money = {}
    for row in rows:
        if row.status in SOLD:
            found[row.currency] = found.get(row.currency, Decimal(0)) + row.worth
    return found


def event_words(name: str) -> str:
    """The name of an event as the shop says it: `ItemAdded` is "Item added"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def goods(step: LifeStep) -> str:
    """What is in the order."""
    return (
        ", ".join(f"{count}\N{MULTIPLICATION SIGN}{name}" for name, count in step.items.items()) or "nothing"
    )


def said(value: object) -> str:
    """A value of the order book as the shop says it."""
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M} UTC"
    return STATUSES.get(str(value), str(value))


def source(moment: Moment) -> str:
    """Where a moment comes from."""
    if moment.base is None:
        return "the whole history"
    return f"edition {moment.base}" + (f" + {how_many(moment.folded, 'step')}" if moment.folded else "")


def told(money: Money, currencies: Sequence[str]) -> str:
    """Amounts for people."""
    return " and ".join(f"{money.get(currency, Decimal(0)):,.2f} {currency}" for currency in currencies)


def report(live: Live, refused: int, middle: Middle, told: Told | None = None) -> Report:
    """Everything there is to show."""
    orders = live.table(Orders)
    events = int(live.query("SELECT sum(events) AS events FROM orders").rows()[0]["events"])
    stream = live.query(TOLD_BEST).rows()[0]["order_id"]
    then = FIRST_DAY + timedelta(days=DAYS / 2)
    life = _life(live, stream)
    half = orders.at(cursor=middle.cursor)
    return Report(
        log=live.store.log_id,
        made_at=datetime.now(UTC),
        events=events,
        refused=refused,
        versions=len(orders.publication.versions()) if orders.publication else 0,
        by_day=[DayStatus(**row) for row in live.query(BY_DAY).rows()],
        moments=[
            _moment(f"after {how_many(middle.events, 'step')}", half),
            _moment(f"on {then:%d %B at %H:%M}", orders.at(time=then, clock="occurred")),
            _moment("today", orders.at(cursor=live.store.feed().end())),
        ],
        order=stream,
        life=life,
        life_then=(len(life) + 1) // 2,
        why=orders.why(stream),
        told=told,
        looked=_look(live, stream) if orders.index is not None else None,
    )


def _look(live: Live, stream: str) -> Looked:
    """The orders of one customer, found by words."""
    words = str(live.table(Orders).get(stream)["customer_id"]).replace("-", " ")
    return Looked(words, live.search(Orders, words, facets=["status"], order="-total_amount", size=5))


def found_by_status(looked: Looked) -> str:
    """How many of what was found stands how."""
    counts = (f"{one.count:,} {STATUSES[one.value]}" for one in looked.found.facets["status"])
    return f"{how_many(looked.found.total, 'order')}: {', '.join(counts)}"


def told_lines(told: Told) -> list[tuple[str, str, str]]:
    """What others were told, and what they told: to or from whom, what, and how often."""
    waiting = f"; {len(told.waiting):,} waits for a person" if told.waiting else ""
    return [
        ("to who bought", "a mail: the parcel is on its way", f"{len(told.parcels):,}"),
        ("to the carrier", "a message: a shipment has started", f"{len(told.shipments):,}"),
        ("from the payment service", "an order is paid", f"{told.paid:,}{waiting}"),
        ("to who bought", "a mail after a day: please pay", f"{len(told.reminders):,}"),
        ("to the shop itself", "after three days without payment: cancel", f"{len(told.given_up):,}"),
    ]


def _moment(name: str, found: AsOf) -> Moment:
    rows = found.rows()
    counts = dict.fromkeys(STATUSES, 0)
    for row in rows:
        counts[row["status"]] += 1
    sold: Money = {}
    for row in rows:
        if row["status"] in SOLD:
            sold[row["currency"]] = sold.get(row["currency"], Decimal(0)) + row["total_amount"]
    return Moment(name, counts, sold, found.base, found.events)


def _life(live: Live, stream: str) -> list[LifeStep]:
    repository = live.repository(Order)
    steps = []
    for happened in repository.history(stream):
        record = happened.recorded
        order = repository.at(stream, version=record.version)
        steps.append(
            LifeStep(
                version=record.version,
                event=record.type,
                occurred_at=record.occurred_at,
                actor=str(record.metadata_map().get("actor", "")),
                status=order.status,
                items={item.sku: item.quantity for item in order.items.values()},
                currency=order.currency,
                total_amount=order.total_amount,
            )
        )
    return steps


def changed(step: Step) -> dict[str, tuple[Any, Any]]:
    """The columns that an event changed: before and after."""
    before, after = step.before or {}, step.after or {}
    return {
        name: (before.get(name), after.get(name))
        for name in after
        if before.get(name) != after.get(name) and not name.startswith("_")
    }
