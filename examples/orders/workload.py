"""A seeded workload: some weeks of a shop's life as commands on aggregates, in the order in which they happen."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import eventfold as ef
from eventfold.app.live import Live
from examples.orders import earlier
from examples.orders.domain import Item, Order

FIRST_DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAYS = 28
SEED = 20
"""Of the demos."""
CLERKS = ("ada", "grace", "linus", "margaret")
GOODS = {"kettle": "39.90", "lamp": "24.50", "teapot": "18.00", "mug": "6.75", "tray": "12.30", "jar": "4.20"}


class Command(NamedTuple):
    """One command: when, by whom, on which order, what."""

    time: datetime
    actor: str
    stream: str
    decide: Callable[[Order], None] | Callable[[earlier.Order], None]
    first_release: bool = False


def commands(orders: int, seed: int) -> list[Command]:
    """Every command of `orders` orders, by time; one order in five is created by the first release."""
    dice = random.Random(seed)
    found = [command for n in range(orders) for command in _life(dice, n)]
    return sorted(found, key=lambda command: command.time)


def run(live: Live, todo: list[Command]) -> Iterator[bool]:
    """Executes the commands; yields for each whether the rules accepted it."""
    now = live.repository(Order)
    before = ef.Repository(live.store, ef.Registry(earlier.Order.event_types), earlier.Order)
    for command in todo:
        with ef.context(actor=command.actor, occurred_at=command.time):
            try:
                if command.first_release:
                    before.execute(command.stream, command.decide)  # type: ignore[arg-type]
                else:
                    now.execute(command.stream, command.decide)  # type: ignore[arg-type]
            except ef.InvalidOperation:
                yield False
            else:
                yield True


def _life(dice: random.Random, n: int) -> Iterator[Command]:
    stream = f"order-{n:05d}"
    customer = f"customer-{dice.randrange(900):03d}"
    time = FIRST_DAY + timedelta(days=DAYS * dice.random() ** 0.8)
    goods = dice.sample(sorted(GOODS), dice.randrange(1, 4))
    items = [_item(dice, name) for name in goods]
    if n % 5 == 0:
        create = partial(earlier.Order.create, customer_id=customer, items=items)
        yield Command(time, dice.choice(CLERKS), stream, create, first_release=True)
    else:
        currency = dice.choice(["EUR", "EUR", "EUR", "CHF"])
        decide = partial(Order.create, customer_id=customer, items=items, currency=currency)
        yield Command(time, dice.choice(CLERKS), stream, decide)
    for step in _steps(dice, goods):
        time += timedelta(hours=1 + 30 * dice.random() ** 2)
        yield Command(time, dice.choice(CLERKS), stream, step)


def _steps(dice: random.Random, goods: list[str]) -> Iterator[Callable[[Order], None]]:
    others = [name for name in GOODS if name not in goods]
    for name in dice.sample(others, dice.choice([1, 1, 2, 2, 3])):
        yield partial(Order.add_item, item=_item(dice, name))
    if dice.random() < 0.35:
        yield partial(Order.remove_item, sku=goods[0])
    if dice.random() < 0.06:
        yield partial(Order.cancel, reason="changed my mind")
    if dice.random() < 0.05:
        return  # still being put together
    yield Order.confirm
    if dice.random() < 0.04:
        yield partial(Order.cancel, reason="out of stock")
    if dice.random() < 0.03:
        yield partial(Order.add_item, item=_item(dice, goods[0]))  # too late: the rules refuse it
    if dice.random() < 0.93:
        yield partial(Order.ship, tracking_number=f"TR{dice.randrange(10**9):09d}")
        if dice.random() < 0.09:
            yield partial(Order.return_, reason=dice.choice(["too small", "broken", "did not like it"]))


def _item(dice: random.Random, name: str) -> Item:
    return Item(name, dice.randrange(1, 4), Decimal(GOODS[name]))
