"""The rules of the shop, as its users would write them down."""

from decimal import Decimal

import pytest

import eventfold as ef
from eventfold.testing.given import given
from examples.orders.app import shop
from examples.orders.domain import (
    Item,
    ItemAdded,
    ItemRemoved,
    Order,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
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
