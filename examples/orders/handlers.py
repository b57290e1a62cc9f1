"""What becomes of orders outside: mails, a public event, payments from elsewhere, and what follows when none comes.

No event holds an address: each order has one of its own, which the shop's mail system passes on to who bought.
"""

from decimal import Decimal

import eventfold as ef
from examples.orders.domain import Order, OrderCancelled, OrderConfirmed, OrderPaid, OrderShipped


class ShipmentStarted(ef.PublicEvent, name="com.example.shipment.started", key="order_id"):
    order_id: str
    tracking_number: str


class PaymentCaptured(ef.PublicEvent, name="com.example.payment.captured", key="order_id"):
    order_id: str
    payment_id: str
    amount: Decimal
    currency: str


@ef.notify(OrderShipped, to="mail")
def parcel_sent(event: OrderShipped, message: ef.Message) -> ef.Mail:
    return ef.Mail(
        to=buyer(message.stream),
        subject=f"Your {message.stream} is on its way",
        text=f"Your parcel has left us. Its tracking number is {event.tracking_number}.\n",
    )


@ef.publish(OrderShipped, to="shipments")
def shipment_started(event: OrderShipped, message: ef.Message) -> ShipmentStarted:
    return ShipmentStarted(order_id=message.stream, tracking_number=event.tracking_number)


@ef.consume("payments", PaymentCaptured)
def payment_captured(event: PaymentCaptured, message: ef.Message) -> ef.Command:
    return ef.Command(
        event.order_id,
        Order.pay,
        amount=event.amount,
        currency=event.currency,
        payment_id=event.payment_id,
    )


@ef.notify(OrderConfirmed, to="mail", when=ef.after(hours=24, unless=[OrderPaid, OrderCancelled]))
def payment_reminder(event: OrderConfirmed, message: ef.Message) -> ef.Mail:
    return ef.Mail(
        to=buyer(message.stream),
        subject=f"Please pay for your {message.stream}",
        text=f"Your {message.stream} is ready, and its payment has not arrived. We keep it for two more days.\n",
    )


@ef.react(OrderConfirmed, when=ef.after(days=3, unless=[OrderPaid, OrderShipped, OrderCancelled]))
def payment_missing(event: OrderConfirmed, message: ef.Message) -> ef.Command:
    return ef.Command(message.stream, Order.give_up)


def buyer(order: str) -> str:
    """The address of who bought."""
    return f"{order}@buyers.shop.example"


HANDLERS = [parcel_sent, shipment_started, payment_captured, payment_reminder, payment_missing]
