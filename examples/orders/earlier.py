"""The shop as its first release knew it: orders had no currency. What it stored is read to this day."""

from collections.abc import Sequence
from decimal import Decimal

import eventfold as ef
from examples.orders.domain import Item


class OrderCreated(ef.Event):
    customer_id: str
    items: tuple[Item, ...]
    total_amount: Decimal


class Order(ef.Aggregate[OrderCreated]):
    total_amount: Decimal = Decimal(0)

    def create(self, customer_id: str, items: Sequence[Item]) -> None:
        if self.version:
            raise ef.InvalidOperation(f"{self.id} exists already.")
        total = sum((item.amount for item in items), Decimal(0))
        self.raise_event(OrderCreated(customer_id=customer_id, items=tuple(items), total_amount=total))

    def apply(self, event: OrderCreated) -> None:
        self.total_amount = event.total_amount
