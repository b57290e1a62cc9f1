"""Given, when, then effects: what it accepts, and how it says what is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

import eventfold as ef
from eventfold.errors import EffectRefused, HandlerFailed
from eventfold.testing.given import given
from eventfold.testing.handled import Handled


class Placed(ef.Event, name="Placed"):
    customer: str
    total: Decimal


class Paid(ef.Event, name="Paid"):
    amount: Decimal


class Shipped(ef.Event, name="Shipped"):
    tracking: str


class ShipmentStarted(ef.PublicEvent, name="com.example.shipment.started", key="order"):
    order: str
    worth: Decimal = Decimal(0)


class Order(ef.Aggregate[Placed | Paid | Shipped]):
    def cancel(self, reason: str) -> None:
        raise ef.InvalidOperation(f"not {reason}")

    def apply(self, event: Placed | Paid | Shipped) -> None:
        pass


@ef.notify(Shipped, Paid, to="mail")
def tell(event: Shipped | Paid, message: ef.Message) -> dict[str, object] | None:
    return {"to": message.stream, "text": event.tracking} if isinstance(event, Shipped) else None


@ef.publish(Shipped, Placed, to="shipments")
def started(event: Shipped | Placed, message: ef.Message) -> ShipmentStarted | None:
    if isinstance(event, Placed) and event.customer == "nobody":
        raise LookupError("no such customer: nobody")
    return ShipmentStarted(order=message.stream, worth=Decimal("1.50"))


@ef.react(Placed, when=ef.after(days=3, unless=[Paid]))
def give_up(event: Placed, message: ef.Message) -> list[ef.Command]:
    if event.customer == "nobody":
        raise LookupError("no such customer: nobody")
    return [ef.Command(message.stream, Order.cancel, reason="not paid")]


@ef.consume("payments", ShipmentStarted)
def received(event: ShipmentStarted, message: ef.Message) -> ef.Command | None:
    return None if event.worth else ef.Command(f"order-{event.order}", Order.cancel, reason=message.stream)


PLACED = Placed(customer="c-1", total=Decimal("40.00"))
NOBODY = Placed(customer="nobody", total=Decimal(0))
PAID = Paid(amount=Decimal("40.00"))
SHIPPED = Shipped(tracking="T1")
CANCEL = ef.Command("order-1", Order.cancel, reason="not paid")


def test_what_is_told_published_and_asked_is_compared() -> None:
    given(tell, PLACED).when(SHIPPED).then_effects({"to": "order-1", "text": "T1"})
    given(tell, PLACED, stream="order-7").when(SHIPPED).then_effects({"to": "order-7", "text": "T1"})
    given(tell).when(PAID).then_nothing().then_effects()
    given(started).when(SHIPPED).then_effects(ShipmentStarted(order="order-1", worth=Decimal("1.50")))
    given(give_up).when(PLACED).then_effects_after(CANCEL, days=3).then_effects_after(CANCEL, hours=72)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: given(tell).when(SHIPPED).then_effects({"to": "ada"}), r"'ada'.*\neffects:\n.*'T1'"),
        (lambda: given(tell).when(SHIPPED).then_nothing(), r"expected effects:\n  none\neffects:\n.*'T1'"),
        (lambda: given(tell).when(PAID).then_effects({"to": "ada"}), r"'ada'}\neffects:\n  none"),
        (
            lambda: given(started).when(SHIPPED).then_effects(ShipmentStarted(order="order-2")),
            r"order='order-2'.*\neffects:\n  ShipmentStarted\(order='order-1', worth=Decimal\('1.50'\)\)",
        ),
        (
            lambda: given(give_up).when(PLACED).then_effects_after(days=3),
            r"none\neffects:\n  Command\('order-1', Order.cancel, reason='not paid'\)",
        ),
        (
            lambda: given(give_up).when(PLACED).then_effects(CANCEL),
            r"waits for 3 days, 0:00:00: ask then_effects_after",
        ),
        (
            lambda: given(give_up).when(PLACED).then_effects_after(CANCEL, hours=3),
            r"after 3:00:00, they come after 3 days",
        ),
        (lambda: given(tell).when(PAID).then_effects_after(hours=3), "tell has no deadline"),
        (lambda: given(tell).when(PAID).followed_by(PAID), "tell has no deadline: nothing that follows"),
        (lambda: given(tell).when(PLACED), "tell takes Shipped, Paid, not Placed"),
        (
            lambda: given(started).when(NOBODY).then_nothing(),
            r"started raised LookupError\('no such customer",
        ),
    ],
)
def test_what_differs_is_shown(ask: Callable[[], Handled], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        ask()


def test_a_deadline_is_cancelled_by_what_it_names_and_by_nothing_else() -> None:
    given(give_up).when(PLACED).followed_by(SHIPPED, PAID).then_nothing()
    given(give_up).when(PLACED).followed_by(SHIPPED).followed_by(PAID).then_effects_after(days=3)
    given(give_up).when(PLACED).followed_by(SHIPPED).then_effects_after(CANCEL, days=3)
    given(give_up, PAID).when(PLACED).then_effects_after(CANCEL, days=3)
    with pytest.raises(AssertionError, match="before effects are asked for"):
        given(give_up).when(PLACED).then_effects_after(CANCEL, days=3).followed_by(PAID)
    with pytest.raises(AssertionError, match=r"Order\.cancel"):
        given(give_up).when(PLACED).followed_by(SHIPPED).then_nothing()


def test_a_cancelled_deadline_asks_its_function_nothing() -> None:
    given(give_up).when(NOBODY).followed_by(PAID).then_nothing()
    given(give_up).when(NOBODY).refused(LookupError, match="nobody")


def test_what_is_raised_is_a_refusal_of_that_class() -> None:
    given(started).when(NOBODY).refused(LookupError, match="no such customer")
    given(started).when(NOBODY).refused()
    with pytest.raises(AssertionError, match=r"expected KeyError, got LookupError"):
        given(started).when(NOBODY).refused(KeyError)
    with pytest.raises(AssertionError, match="does not contain 'moon'"):
        given(started).when(NOBODY).refused(match="moon")
    with pytest.raises(
        AssertionError, match=r"expected Exception, but there are effects:\n  ShipmentStarted"
    ):
        given(started).when(SHIPPED).refused()


def test_a_public_event_of_others_is_handed_over_as_it_was_received() -> None:
    asked = ef.Command("order-7", Order.cancel, reason="inbox_payments-7")
    given(received).when(ShipmentStarted(order="7")).then_effects(asked)
    given(received).when(ShipmentStarted(order="7", worth=Decimal(1))).then_nothing()
    with pytest.raises(AssertionError, match=r"takes com\.example\.shipment\.started, not Placed"):
        given(received).when(PLACED)
    with pytest.raises(
        AssertionError, match=r"tell takes Shipped, Paid, not com\.example\.shipment\.started"
    ):
        given(tell).when(ShipmentStarted(order="7"))


def test_what_no_worker_would_take_is_refused_here_too() -> None:
    @ef.react(Shipped)
    def answer(event: Shipped, message: ef.Message) -> object:
        return "cancel it"

    @ef.notify(Shipped)
    def shout(event: Shipped, message: ef.Message) -> str:
        return event.tracking

    @ef.publish(Shipped, to="shipments")
    def leak(event: Shipped, message: ef.Message) -> ShipmentStarted:
        return event  # type: ignore[return-value]  # the mistake

    given(answer).when(SHIPPED).refused(EffectRefused, match="returns Commands")
    given(shout).when(SHIPPED).refused(EffectRefused, match="names no target")
    given(leak).when(SHIPPED).refused(HandlerFailed, match="a domain event never leaves")
    with pytest.raises(ef.EventfoldError, match="customer"):
        given(give_up).when(Placed(customer=7, total=Decimal(0)))  # type: ignore[arg-type]  # the mistake


def test_a_function_that_is_the_effect_itself_is_called_once_with_the_message_a_worker_would_give_it() -> (
    None
):
    called: list[ef.Message] = []

    @ef.notify(Shipped)
    def call(event: Shipped, message: ef.Message) -> None:
        called.append(message)

    began = datetime(2026, 3, 1, tzinfo=UTC)
    with ef.context(actor="ada", correlation_id="c-7", occurred_at=began):
        done = given(call, PLACED, PAID).when(SHIPPED, recorded_at=began + timedelta(hours=1))
    assert [message.stream for message in called] == ["order-1"]
    done.then_effects().then_nothing()
    (message,) = called
    assert (message.version, message.attempt, message.correlation_id) == (3, 1, "c-7")
    assert message.metadata["actor"] == "ada"
    assert (message.occurred_at, message.recorded_at) == (began, began + timedelta(hours=1))
    assert message.key == f"{UUID(int=3)}.call"
    given(call).when(SHIPPED, event_id=UUID(int=99))
    assert called[1].key == f"{UUID(int=99)}.call"


def test_events_without_a_class_are_handled_too() -> None:
    @ef.notify("Imported", to="mail", when=ef.after(hours=1, unless="Withdrawn"))
    def report(event: ef.Untyped, message: ef.Message) -> object:
        return event.data

    imported = ef.Untyped(type="Imported", data={"n": 1})
    given(report).when(imported).then_effects_after({"n": 1}, hours=1)
    given(report).when(imported).followed_by(ef.Untyped(type="Withdrawn", data={})).then_nothing()
