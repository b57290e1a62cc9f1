"""A log of orders for the commands."""

from decimal import Decimal
from pathlib import Path

import pytest

import eventfold as ef
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order


@pytest.fixture
def log(tmp_path: Path) -> str:
    """The URL of a log with two orders, the first one confirmed by Ada, and a table that is up to date."""
    url = f"sqlite:///{tmp_path}/log.db"
    with shop.open(url) as live:
        orders = live.repository(Order)
        for n in (1, 2):
            orders.execute(f"order-{n}", Order.create, "c", [Item("mug", n, Decimal("2.50"))])
        with ef.context(actor="Ada", correlation_id="mail-7"):
            orders.execute("order-1", Order.confirm)
        live.catch_up()
    return url
