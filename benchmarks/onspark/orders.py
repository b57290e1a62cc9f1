"""A million events of 125,000 orders, interleaved as orders are, and the table that is folded of them."""

from decimal import Decimal
from pathlib import Path

import eventfold as ef
from eventfold.events.envelope import NewEvent
from eventfold.store.port import Write

EVENTS, EACH, AT_ONCE = 1_000_000, 8, 1_000
ORDERS = EVENTS // EACH


class OrderPlaced(ef.Event):
    customer: str
    note: str


class LineAdded(ef.Event):
    sku: str
    quantity: int
    price: Decimal


class OrderShipped(ef.Event):
    carrier: str


class Orders(ef.Table, category="order", name="orders"):
    order = ef.key()
    customer = ef.first(OrderPlaced.customer)
    placed_at = ef.first(ef.recorded_at)
    lines = ef.count(LineAdded)
    units = ef.sum(LineAdded.quantity)
    total = ef.sum(LineAdded.price, "decimal(18,2)")
    last_sku = ef.last(LineAdded.sku)
    carrier = ef.last(OrderShipped.carrier)
    changed_at = ef.last(ef.recorded_at)


APP = ef.App("bench", tables=[Orders], events=[OrderPlaced, LineAdded, OrderShipped])


def fill(url: str) -> None:
    """Writes the log; a thousand orders at a time live side by side."""
    with ef.open_store(url) as store:
        for first in range(0, ORDERS, AT_ONCE):
            for version in range(EACH):
                store.append_all(
                    [
                        Write(f"order-{n:08d}", [_event(n, version)], version)
                        for n in range(first, first + AT_ONCE)
                    ]
                )


def keep(url: str, file: Path) -> None:
    """Writes the log into a Parquet file, with the columns that the source has on Spark."""
    import pyarrow.parquet as pq

    from eventfold.engines.spark.sources.log import COLUMNS

    with ef.open_store(url, create=False) as store, pq.ParquetWriter(file, COLUMNS) as writer:
        feed = store.feed()
        for batch in feed.arrow(feed.start(), feed.end(), COLUMNS.names, limit=EACH * AT_ONCE * 10):
            writer.write_batch(batch.cast(COLUMNS))


def _event(order: int, version: int) -> NewEvent:
    event: ef.Event
    if version == 0:
        event = OrderPlaced(customer=f"customer-{order % 5_000}", note="x" * 60)
    elif version == EACH - 1:
        event = OrderShipped(carrier=f"carrier {order % 7}")
    else:
        number = order * EACH + version
        event = LineAdded(
            sku=f"sku-{number % 1_000}", quantity=number % 5 + 1, price=Decimal(number % 9_000) / 100
        )
    return APP.registry.encode(event)
