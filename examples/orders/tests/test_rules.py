"""The rules of the shop, in the words of its events."""

from decimal import Decimal

import pytest

import eventfold as ef
from examples.orders.domain import Item, Order, OrderCreated, OrderReturned

TEA = Item("tea", 2, Decimal("3.50"))


def order(*steps: str) -> Order:
    made = Order("order-1")
    made.create("c-1", [TEA])
    for step in steps:
        match step:
            case "confirm":
                made.confirm()
            case "ship":
                made.ship("T1")
            case _:
                made.cancel("late")
    return made


def test_an_order_is_created_once() -> None:
    with pytest.raises(ef.InvalidOperation):
        order().create("c-1", [TEA])


def test_the_total_follows_the_items() -> None:
    made = order()
    made.add_item(Item("cup", 1, Decimal("9.90")))
    made.remove_item("tea")
    assert (made.total_amount, list(made.items)) == (Decimal("9.90"), ["cup"])


@pytest.mark.parametrize("steps", [("confirm",), ("confirm", "ship"), ("cancel",)])
def test_items_change_only_before_the_order_is_confirmed(steps: tuple[str, ...]) -> None:
    with pytest.raises(ef.InvalidOperation):
        order(*steps).add_item(Item("cup", 1, Decimal(1)))


def test_an_empty_order_is_not_confirmed() -> None:
    made = order()
    made.remove_item("tea")
    with pytest.raises(ef.InvalidOperation):
        made.confirm()


def test_a_shipped_order_is_returned_and_not_cancelled() -> None:
    made = order("confirm", "ship")
    with pytest.raises(ef.InvalidOperation):
        made.cancel("late")
    made.return_("broken")
    assert made.uncommitted_changes[-1] == OrderReturned(reason="broken", refund_amount=Decimal("7.00"))


def test_orders_of_the_older_schema_were_in_euro() -> None:
    old = '{"customer_id":"c","items":[],"total_amount":"1.00"}'
    read = ef.Registry([OrderCreated]).decode(ef.NewEvent(ef.new_id(), "OrderCreated", 1, old))
    assert read == OrderCreated(customer_id="c", currency="EUR", items=(), total_amount=Decimal("1.00"))
