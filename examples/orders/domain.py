"""Orders: what happens to them, and the rules of the shop."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, assert_never

import msgspec

import eventfold as ef


class Item(msgspec.Struct, frozen=True):
    sku: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price


class OrderCreated(ef.Event, version=2):
    customer_id: str
    currency: str
    items: tuple[Item, ...]
    total_amount: Decimal


@ef.upcast(OrderCreated, 1)
def orders_were_in_euro(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}


class ItemAdded(ef.Event):
    item: Item
    amount: Decimal


class ItemRemoved(ef.Event):
    sku: str
    amount: Decimal


class OrderConfirmed(ef.Event):
    pass


class OrderPaid(ef.Event):
    amount: Decimal
    payment_id: str


class OrderShipped(ef.Event):
    tracking_number: str


class OrderCancelled(ef.Event):
    reason: str


class OrderReturned(ef.Event):
    reason: str
    refund_amount: Decimal


OrderEvent = (
    OrderCreated
    | ItemAdded
    | ItemRemoved
    | OrderConfirmed
    | OrderPaid
    | OrderShipped
    | OrderCancelled
    | OrderReturned
)


class Order(ef.Aggregate[OrderEvent]):
    status: str = "New"
    currency: str = ""
    items: dict[str, Item] = {}
    total_amount: Decimal = Decimal(0)
    payment_id: str = ""

    def create(self, customer_id: str, items: Sequence[Item], currency: str = "EUR") -> None:
        if self.version:
            raise ef.InvalidOperation(f"{self.id} exists already.")
        total = sum((item.amount for item in items), Decimal(0))
        self.raise_event(
            OrderCreated(customer_id=customer_id, currency=currency, items=tuple(items), total_amount=total)
        )

    def add_item(self, item: Item) -> None:
        self._must_be("Created", "items are added")
        if item.quantity < 1:
            raise ef.InvalidOperation("An item has a quantity of at least 1.")
        if item.sku in self.items:
            raise ef.InvalidOperation(f"{item.sku} is in the order already; remove it first.")
        self.raise_event(ItemAdded(item=item, amount=item.amount))

    def remove_item(self, sku: str) -> None:
        self._must_be("Created", "items are removed")
        if sku not in self.items:
            raise ef.InvalidOperation(f"{sku} is not in the order.")
        self.raise_event(ItemRemoved(sku=sku, amount=-self.items[sku].amount))

    def confirm(self) -> None:
        self._must_be("Created", "an order is confirmed")
        if not self.items:
            raise ef.InvalidOperation("An order without items cannot be confirmed.")
        self.raise_event(OrderConfirmed())

    def pay(self, amount: Decimal, currency: str, payment_id: str) -> None:
        if self.payment_id == payment_id:
            return
        if self.status not in {"Confirmed", "Shipped"} or self.payment_id:
            state = "paid" if self.payment_id else self.status.lower()
            raise ef.InvalidOperation(
                f"{self.id} is {state}: give {amount:,.2f} {currency} of {payment_id} back."
            )
        if (amount, currency) != (self.total_amount, self.currency):
            price = f"{self.total_amount:,.2f} {self.currency}"
            raise ef.InvalidOperation(
                f"{self.id} costs {price}, and {payment_id} is {amount:,.2f} {currency}."
            )
        self.raise_event(OrderPaid(amount=amount, payment_id=payment_id))

    def ship(self, tracking_number: str) -> None:
        self._must_be("Confirmed", "an order is shipped")
        self.raise_event(OrderShipped(tracking_number=tracking_number))

    def ship_paid(self, tracking_number: str) -> None:
        """Ships an order that is paid; any that has gone out stays as it is."""
        if self.status == "Confirmed" and self.payment_id:
            self.raise_event(OrderShipped(tracking_number=tracking_number))

    def cancel(self, reason: str) -> None:
        if self.status not in {"Created", "Confirmed"}:
            raise ef.InvalidOperation(f"A {self.status.lower()} order cannot be cancelled.")
        self.raise_event(OrderCancelled(reason=reason))

    def give_up(self) -> None:
        """Cancels an order for which nobody has paid; any other stays as it is."""
        if self.status == "Confirmed" and not self.payment_id:
            self.raise_event(OrderCancelled(reason="not paid"))

    def return_(self, reason: str) -> None:
        self._must_be("Shipped", "an order is returned")
        self.raise_event(OrderReturned(reason=reason, refund_amount=self.total_amount))

    def apply(self, event: OrderEvent) -> None:
        match event:
            case OrderCreated():
                self.status, self.currency = "Created", event.currency
                self.items = {item.sku: item for item in event.items}
                self.total_amount = event.total_amount
            case ItemAdded():
                self.items[event.item.sku] = event.item
                self.total_amount += event.amount
            case ItemRemoved():
                del self.items[event.sku]
                self.total_amount += event.amount
            case OrderConfirmed():
                self.status = "Confirmed"
            case OrderPaid():
                self.payment_id = event.payment_id
            case OrderShipped():
                self.status = "Shipped"
            case OrderCancelled():
                self.status = "Cancelled"
            case OrderReturned():
                self.status = "Returned"
            case _:
                assert_never(event)

    def _must_be(self, status: str, doing: str) -> None:
        if self.status != status:
            raise ef.InvalidOperation(
                f"{self.id} is {self.status.lower()}: {doing} only while it is {status.lower()}."
            )
