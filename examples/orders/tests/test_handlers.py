"""What is told of orders, and what others tell: handler by handler, then all of them on one log."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import eventfold as ef
from eventfold.bus.cloudevents.attributes import STRUCTURED
from eventfold.handlers.public.receiving import receive
from eventfold.testing.given import given
from examples.orders.app import shop
from examples.orders.domain import (
    Order,
)
from examples.orders.handlers import (
    PaymentCaptured,
    ShipmentStarted,
    parcel_sent,
    payment_captured,
    payment_missing,
    payment_reminder,
    shipment_started,
)
from examples.orders.tests.test_rules import CANCELLED, CONFIRMED, CREATED, MUG, PAID, SHIPPED

PARCEL = ef.Mail(
    to="order-1@buyers.shop.example",
    subject="Your order-1 is on its way",
    text="Your parcel has left us. Its tracking number is T1.\n",
)
REMINDER = ef.Mail(
    to="order-1@buyers.shop.example",
    subject="Please pay for your order-1",
    text="Your order-1 is ready, and its payment has not arrived. We keep it for two more days.\n",
)


def test_who_bought_and_who_delivers_are_told_that_an_order_was_shipped() -> None:
    given(parcel_sent, CREATED, CONFIRMED).when(SHIPPED).then_effects(PARCEL)
    started = ShipmentStarted(order_id="order-1", tracking_number="T1")
    given(shipment_started, CREATED, CONFIRMED).when(SHIPPED).then_effects(started)


def test_a_payment_from_elsewhere_pays_its_order() -> None:
    captured = PaymentCaptured(order_id="order-1", payment_id="p-1", amount=Decimal("13.00"), currency="EUR")
    pay = ef.Command("order-1", Order.pay, amount=Decimal("13.00"), currency="EUR", payment_id="p-1")
    given(payment_captured).when(captured).then_effects(pay)


def test_who_has_not_paid_after_a_day_is_reminded() -> None:
    given(payment_reminder, CREATED).when(CONFIRMED).then_effects_after(REMINDER, hours=24)
    given(payment_reminder, CREATED).when(CONFIRMED).followed_by(SHIPPED).then_effects_after(
        REMINDER, hours=24
    )
    given(payment_reminder, CREATED).when(CONFIRMED).followed_by(PAID).then_nothing()
    given(payment_reminder, CREATED).when(CONFIRMED).followed_by(CANCELLED).then_nothing()


def test_an_order_without_payment_is_given_up_after_three_days() -> None:
    give_up = ef.Command("order-1", Order.give_up)
    given(payment_missing, CREATED).when(CONFIRMED).then_effects_after(give_up, days=3)
    for event in (PAID, SHIPPED, CANCELLED):
        given(payment_missing, CREATED).when(CONFIRMED).followed_by(event).then_nothing()


def test_the_handlers_run_a_shop() -> None:
    mails: list[ef.Mail] = []
    published: list[dict[str, Any]] = []

    def post(mail: Any, message: ef.Message) -> None:
        mails.append(mail)

    def publish(body: Any, message: ef.Message) -> None:
        published.append(json.loads(body.content))

    targets = {"mail": post, "shipments": publish}
    now = datetime.now(UTC)
    with shop.open("sqlite://", targets=targets) as live:
        orders = live.repository(Order)
        for name in ("order-1", "order-2", "order-3"):
            orders.execute(name, Order.create, "c-1", [MUG])
            orders.execute(name, Order.confirm)
        for name, amount in (("order-1", "13.00"), ("order-1", "13.00"), ("order-3", "12.00")):
            receive(live.store, "payments", payment(name, amount), STRUCTURED)
        assert [(one.name, one.parked) for one in live.handle().handlers if one.parked] == [
            ("payment_captured", 1)
        ]
        assert orders.load("order-1").state()["payment_id"] == "p-order-1"
        orders.execute("order-1", Order.ship, tracking_number="T1")
        live.handle()
        assert (mails, [one["data"]["order_id"] for one in published]) == ([PARCEL], ["order-1"])
        live.handle(at=now + timedelta(hours=25))
        assert [mail.subject for mail in mails[1:]] == [f"Please pay for your order-{n}" for n in (2, 3)]
        live.handle(at=now + timedelta(days=4))
        assert [orders.load(f"order-{n}").state()["status"] for n in (1, 2, 3)] == [
            "Shipped",
            "Cancelled",
            "Cancelled",
        ]
        live.handle(at=now + timedelta(days=9))
        assert (len(mails), len(published)) == (3, 1)


def payment(order: str, amount: str) -> bytes:
    data = {"order_id": order, "payment_id": f"p-{order}", "amount": amount, "currency": "EUR"}
    said = {"specversion": "1.0", "source": "https://pay.example", "id": f"p-{order}"}
    return json.dumps(
        {**said, "type": "com.example.payment.captured", "subject": order, "data": data}
    ).encode()
