"""The rules of the shop, as its users would write them down."""

from decimal import Decimal

import pytest

import eventfold as ef
from eventfold.testing.given import Decided, given
from examples.orders.app import shop
from examples.orders.domain import (
    Item,
    ItemAdded,
    ItemRemoved,
    Order,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderPaid,
    OrderReturned,
    OrderShipped,
)

MUG = Item("mug", 2, Decimal("6.50"))
LAMP = Item("lamp", 1, Decimal("24.00"))
CREATED = OrderCreated(customer_id="c-1", currency="EUR", items=(MUG,), total_amount=Decimal("13.00"))
EMPTY = OrderCreated(customer_id="c-1", currency="EUR", items=(), total_amount=Decimal(0))
CONFIRMED = OrderConfirmed()
SHIPPED = OrderShipped(tracking_number="T1")
CANCELLED = OrderCancelled(reason="late")
PAID = OrderPaid(amount=Decimal("13.00"), payment_id="p-1")
RETURNED = OrderReturned(reason="broken", refund_amount=Decimal("13.00"))


def test_an_order_is_created() -> None:
    (
        given(Order)
        .when(Order.create, "c-1", [MUG], "EUR")
        .then(CREATED)
        .then_state(status="Created", total_amount=Decimal("13.00"), items={"mug": MUG})
    )


def test_an_order_is_created_once() -> None:
    given(Order, CREATED).when(Order.create, "c-2", [LAMP]).refused(match="exists already")


def test_an_item_is_added() -> None:
    (
        given(Order, CREATED)
        .when(Order.add_item, LAMP)
        .then(ItemAdded(item=LAMP, amount=Decimal("24.00")))
        .then_state(total_amount=Decimal("37.00"))
    )


def test_an_item_is_added_once_and_at_least_once() -> None:
    given(Order, CREATED).when(Order.add_item, MUG).refused(match="remove it first")
    given(Order, CREATED).when(Order.add_item, Item("jar", 0, Decimal(1))).refused(match="at least 1")


def test_an_item_is_removed_at_the_price_it_was_added_for() -> None:
    (
        given(Order, CREATED, ItemAdded(item=LAMP, amount=Decimal("24.00")))
        .when(Order.remove_item, "lamp")
        .then(ItemRemoved(sku="lamp", amount=Decimal("-24.00")))
        .then_state(total_amount=Decimal("13.00"), items={"mug": MUG})
    )


def test_what_is_not_in_the_order_is_not_removed() -> None:
    given(Order, CREATED).when(Order.remove_item, "lamp").refused(match="lamp is not in the order")


def test_an_order_is_confirmed_when_there_is_something_in_it() -> None:
    given(Order, CREATED).when(Order.confirm).then(CONFIRMED).then_state(status="Confirmed")
    given(Order, EMPTY).when(Order.confirm).refused(match="without items")


def test_an_order_is_shipped_after_it_is_confirmed() -> None:
    given(Order, CREATED, CONFIRMED).when(Order.ship, tracking_number="T1").then(SHIPPED)
    given(Order, CREATED).when(Order.ship, tracking_number="T1").refused(match="only while it is confirmed")


def test_an_order_is_cancelled_before_it_is_shipped() -> None:
    given(Order, CREATED).when(Order.cancel, "late").then(CANCELLED).then_state(status="Cancelled")
    given(Order, CREATED, CONFIRMED).when(Order.cancel, "late").then(CANCELLED)
    given(Order, CREATED, CONFIRMED, SHIPPED).when(Order.cancel, "late").refused(match="shipped")


def pay(
    *past: ef.Event, amount: str = "13.00", currency: str = "EUR", payment_id: str = "p-1"
) -> Decided[Order]:
    return given(Order, *past).when(Order.pay, Decimal(amount), currency, payment_id)


def test_a_confirmed_order_is_paid_once_with_what_it_costs() -> None:
    pay(CREATED, CONFIRMED).then(PAID).then_state(payment_id="p-1", status="Confirmed")
    pay(CREATED, CONFIRMED, SHIPPED).then(PAID)
    pay(CREATED, CONFIRMED, PAID).then_nothing()
    pay(CREATED, CONFIRMED, PAID, payment_id="p-2").refused(
        match="order-1 is paid: give 13.00 EUR of p-2 back"
    )
    pay(CREATED, CONFIRMED, amount="12.99").refused(match="costs 13.00 EUR, and p-1 is 12.99 EUR")
    pay(CREATED, CONFIRMED, currency="CHF").refused(match="13.00 CHF")
    pay(CREATED).refused(match="order-1 is created: give")
    pay(CREATED, CONFIRMED, CANCELLED).refused(match="order-1 is cancelled: give 13.00 EUR of p-1 back")


def test_an_order_is_given_up_while_nobody_has_paid() -> None:
    given(Order, CREATED, CONFIRMED).when(Order.give_up).then(OrderCancelled(reason="not paid"))
    for past in ([PAID], [SHIPPED], [CANCELLED]):
        given(Order, CREATED, CONFIRMED, *past).when(Order.give_up).then_nothing()


def test_a_shipped_order_is_returned_for_what_it_cost() -> None:
    given(Order, CREATED, CONFIRMED, SHIPPED).when(Order.return_, "broken").then(RETURNED)
    given(Order, CREATED, CONFIRMED).when(Order.return_, "broken").refused()


@pytest.mark.parametrize(
    "past", [[CONFIRMED], [CANCELLED], [CONFIRMED, SHIPPED], [CONFIRMED, SHIPPED, RETURNED]]
)
def test_items_change_only_while_an_order_is_put_together(past: list[ef.Event]) -> None:
    given(Order, CREATED, *past).when(Order.add_item, LAMP).refused()
    given(Order, CREATED, *past).when(Order.remove_item, "mug").refused()


def test_orders_of_the_first_release_are_in_euro() -> None:
    stored = ef.NewEvent(
        ef.new_id(), "OrderCreated", 1, '{"customer_id":"c-1","items":[],"total_amount":"0"}'
    )
    assert shop.registry.decode(stored) == EMPTY
