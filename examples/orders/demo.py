"""`./dev demo`: 5,000 orders by commands, kept in SQLite, folded into a table three ways that must agree."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table as Shown

import eventfold as ef
from eventfold.engines.duckdb import DuckdbEngine
from eventfold.readmodels.history import needed_columns
from eventfold.readmodels.layout import bind
from eventfold.readmodels.port import Scope
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.sqlite import open_url
from examples.orders.domain import Item, Order
from examples.orders.tables import Orders

ORDERS = 5_000


def main() -> int:
    console = Console()
    began = time.perf_counter()
    registry = ef.Registry(Order.event_types)
    with tempfile.TemporaryDirectory() as folder:
        store = ef.open_store(f"sqlite:///{Path(folder) / 'shop.db'}")
        refused = fill(store, registry)
        feed = store.feed()
        layout = bind(Orders.spec, total_order=True)
        state = open_url(f"sqlite:///{Path(folder) / 'state.db'}", store.log_id).live(layout, feed.start())
        projector = Projector(state, feed, registry)
        while not projector.step().caught_up:
            pass
        scope = Scope()
        events = feed.arrow(feed.start(), feed.end(), needed_columns(layout, scope))
        columnar = DuckdbEngine().fold(events, layout, registry, scope=scope)
        table = {row["order_id"]: row for row in state.changed(0).rows.to_pylist()}
        show(console, table)
        wrong = sum(table[row["order_id"]] != row for row in columnar.rows.to_pylist())
        orders = ef.Repository(store, registry, Order)
        for stream, row in table.items():
            order = orders.load(stream)
            wrong += (order.status, order.total_amount, order.version) != (
                row["status"],
                row["total_amount"],
                row["events"],
            )
        wrong += len(table) != columnar.rows.num_rows or len(table) != ORDERS
        total = sum(row["events"] for row in table.values())
        store.close()
    seconds = time.perf_counter() - began
    console.print(
        f"{total:,} events of {len(table):,} orders; {refused:,} commands were refused by the rules."
    )
    console.print(f"Table, columnar fold and aggregates differ in {wrong} rows. {seconds:.1f} s.")
    return 1 if wrong else 0


def fill(store: ef.Store, registry: ef.Registry) -> int:
    """Makes the orders; one in five was created under the older schema, which had no currency."""
    dice = random.Random(7)
    orders = ef.Repository(store, registry, Order)
    refused = 0
    for n in track(range(ORDERS), description="orders", disable=not sys.stderr.isatty()):
        stream = f"order-{n:05d}"
        items = [
            Item(
                f"sku-{dice.randrange(50)}-{i}",
                dice.randrange(1, 5),
                Decimal(dice.randrange(100, 9999)) / 100,
            )
            for i in range(dice.randrange(1, 4))
        ]
        if n % 5 == 0:
            old = {"customer_id": f"c-{n % 97}", "items": items, "total_amount": sum(i.amount for i in items)}
            data = msgspec.json.encode(old).decode()
            store.append(stream, [ef.NewEvent(ef.new_id(), "OrderCreated", 1, data)], expected=0)
        else:
            orders.execute(stream, Order.create, f"c-{n % 97}", items, "EUR")
        steps: list[Callable[[Order], None]] = [
            partial(Order.add_item, item=Item(f"late-{n}", 1, Decimal("9.90"))),
            Order.confirm,
            partial(Order.ship, tracking_number=f"T{n:08d}"),
            partial(Order.return_, reason="did not fit"),
            partial(Order.cancel, reason="changed my mind"),
        ]
        for step in steps[: dice.randrange(6)]:
            try:
                orders.execute(stream, step)
            except ef.InvalidOperation:
                refused += 1
    return refused


def show(console: Console, table: dict[str, dict[str, object]]) -> None:
    """Orders and revenue by status."""
    shown = Shown("status", "orders", "revenue", title="Orders by status")
    for status in sorted({str(row["status"]) for row in table.values()}):
        rows = [row for row in table.values() if row["status"] == status]
        revenue = sum((Decimal(str(row["total_amount"])) for row in rows), Decimal(0))
        shown.add_row(status, f"{len(rows):,}", f"{revenue:,.2f}")
    console.print(shown)


if __name__ == "__main__":
    sys.exit(main())
