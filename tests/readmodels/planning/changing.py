"""A shop whose table of orders has several definitions, one after the other."""

from pathlib import Path

import eventfold as ef
from eventfold.app.live import Live


class Placed(ef.Event):
    customer: str
    amount: int
    channel: str = "shop"


class Paid(ef.Event):
    amount: int


class First(ef.Table, category="order", name="orders"):
    order = ef.key()
    customer = ef.first(Placed.customer)
    amount = ef.last(Placed.amount)
    channel = ef.last(Placed.channel)


class Second(ef.Table, category="order", name="orders"):
    """A column got another name, one another meaning, one came, one went; and what is paid is gone."""

    order = ef.key()
    buyer = ef.first(Placed.customer)
    amount = ef.sum(Placed.amount)
    placed = ef.count(Placed)
    paid = ef.delete_on(Paid)


class Purchases(ef.Table, category="order"):
    before = ef.renamed("orders")
    order = ef.key()
    customer = ef.first(Placed.customer)
    amount = ef.last(Placed.amount)
    channel = ef.last(Placed.channel)


class Customers(ef.Table, name="orders"):
    """The same name, and another key."""

    customer = ef.key(Placed.customer)
    orders = ef.count(Placed)


def app(*tables: type[ef.Table]) -> ef.App:
    return ef.App("shop", tables=tables, events=[Placed, Paid])


def opened(folder: Path, *tables: type[ef.Table]) -> Live:
    return app(*tables).open(f"sqlite:///{folder}/log.db", lake=str(folder / "lake"))


def place(live: Live, n: int, *, paid: bool = False) -> None:
    encode = live.app.registry.encode
    live.store.append(f"order-{n}", [encode(Placed(customer=f"c{n % 3}", amount=n))], expected=ef.ANY)
    if paid:
        live.store.append(f"order-{n}", [encode(Paid(amount=n))], expected=ef.ANY)
