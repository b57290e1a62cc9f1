"""Given, when, then: what it accepts, and how it says what is wrong."""

from decimal import Decimal

import pytest

from eventfold.testing.given import given
from examples.orders.domain import Order, OrderConfirmed, OrderShipped
from examples.orders.tests.test_rules import CONFIRMED, CREATED, LAMP, SHIPPED


def test_another_event_is_shown_beside_the_expected_one() -> None:
    decided = given(Order, CREATED, CONFIRMED).when(Order.ship, tracking_number="T2")
    with pytest.raises(AssertionError, match=r"(?s)expected events:.*'T1'.*raised events:.*'T2'"):
        decided.then(SHIPPED)
    with pytest.raises(AssertionError, match=r"(?s)none.*raised events:.*'T2'"):
        decided.then_nothing()
    with pytest.raises(AssertionError):
        decided.then(OrderShipped(tracking_number="T2"), OrderConfirmed())


def test_a_state_that_differs_is_told_by_name() -> None:
    decided = given(Order, CREATED).when(Order.confirm)
    with pytest.raises(AssertionError, match=r"status: expected 'Shipped', is 'Confirmed'"):
        decided.then_state(status="Shipped", total_amount=Decimal("13.00"))
    with pytest.raises(AssertionError, match="declares no state 'colour'"):
        decided.then_state(colour="red")


def test_a_refusal_that_was_not_expected_is_no_event() -> None:
    with pytest.raises(AssertionError, match="the decision was refused"):
        given(Order).when(Order.confirm).then(CONFIRMED)
    with pytest.raises(AssertionError, match="the decision was refused"):
        given(Order).when(Order.confirm).then_state(status="New")


def test_a_refusal_that_did_not_come_or_came_otherwise_is_told() -> None:
    with pytest.raises(AssertionError, match="it was accepted"):
        given(Order, CREATED).when(Order.confirm).refused()
    with pytest.raises(AssertionError, match="expected KeyError"):
        given(Order).when(Order.confirm).refused(KeyError)
    with pytest.raises(AssertionError, match="does not contain 'moon'"):
        given(Order).when(Order.confirm).refused(match="moon")


def test_a_decision_that_raises_events_and_then_refuses_is_told() -> None:
    def hasty(order: Order) -> None:
        order.add_item(LAMP)
        order.add_item(LAMP)

    with pytest.raises(AssertionError, match="after it had raised"):
        given(Order, CREATED).when(hasty).refused()
