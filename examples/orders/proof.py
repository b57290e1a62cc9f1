"""The proof: the log folded by a plain Python loop must equal the Delta table, row by row."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from eventfold import RecordedEvent
from eventfold.app.live import Live
from eventfold.feed.port import Feed
from examples.orders.tables import Orders

_STATUS = {
    "OrderCreated": "Created",
    "OrderConfirmed": "Confirmed",
    "OrderShipped": "Shipped",
    "OrderCancelled": "Cancelled",
    "OrderReturned": "Returned",
}
_WORTH = {"OrderCreated": "total_amount", "ItemAdded": "amount", "ItemRemoved": "amount"}


def everything(feed: Feed) -> list[RecordedEvent]:
    """All events of a feed."""
    cursor = feed.start()
    events: list[RecordedEvent] = []
    while True:
        page = feed.read(cursor, 10_000)
        events.extend(page.events)
        cursor = page.cursor
        if page.caught_up:
            return events


def plain_fold(events: Iterable[RecordedEvent]) -> dict[str, dict[str, Any]]:
    """One row an order, made by a loop over the log."""
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        if not event.stream.startswith("order-"):
            continue  # what others told the shop
        data, meta = json.loads(event.data), json.loads(event.metadata)
        row = rows.get(event.stream)
        if row is None:
            row = rows[event.stream] = {
                "order_id": event.stream,
                "customer_id": data["customer_id"],
                "currency": data.get("currency", "EUR"),
                "status": None,
                "total_amount": Decimal("0.00"),
                "tracking_number": None,
                "events": 0,
                "ordered_at": event.occurred_at,
                "changed_at": event.occurred_at,
                "changed_by": None,
            }
        row["status"] = _STATUS.get(event.type, row["status"])
        row["total_amount"] += Decimal(data[_WORTH[event.type]] if event.type in _WORTH else 0)
        row["tracking_number"] = data.get("tracking_number", row["tracking_number"])
        row["events"] += 1
        row["changed_at"] = event.occurred_at
        row["changed_by"] = meta["actor"]
        row["_version"] = event.version
    return rows


def prove(live: Live, events: Iterable[RecordedEvent]) -> list[str]:
    """Compares the Delta table with the log, row by row; each difference in words."""
    publication = live.table(Orders).publication
    assert publication is not None
    version = publication.head()
    rows = None if version is None else publication.rows(version.number)
    if rows is None:
        return ["there is no Delta table"]
    return differences(plain_fold(events), rows.to_pylist())


def differences(wanted: dict[str, dict[str, Any]], found: Iterable[dict[str, Any]]) -> list[str]:
    """What differs, in words; nothing where the two are equal."""
    left = dict(wanted)
    told = []
    for row in found:
        other = left.pop(row["order_id"], None)
        if other is None:
            told.append(f"{row['order_id']} is in the Delta table and not in the log")
            continue
        told.extend(
            f"{row['order_id']}.{name}: {row.get(name)!r} in Delta, {value!r} by the log"
            for name, value in other.items()
            if row.get(name) != value
        )
    return told + [f"{key} is in the log and not in the Delta table" for key in left]
