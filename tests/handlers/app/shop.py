"""A small shop whose handlers notify, publish, consume and react."""

import os
import time
from pathlib import Path

import eventfold as ef


class Created(ef.Event):
    total: int


class Paid(ef.Event):
    amount: int


class Cancelled(ef.Event):
    reason: str


class Order(ef.Aggregate[Created | Paid | Cancelled]):
    status: str = ""

    def create(self, total: int) -> None:
        if not self.version:
            self.raise_event(Created(total=total))

    def pay(self, amount: int) -> None:
        if self.status == "Created":
            self.raise_event(Paid(amount=amount))

    def cancel(self, reason: str) -> None:
        if self.status == "Created":
            self.raise_event(Cancelled(reason=reason))

    def apply(self, event: ef.Event) -> None:
        self.status = type(event).__name__


class PaymentCaptured(ef.PublicEvent, name="com.pay.captured", key="order"):
    order: str
    amount: int


class OrderPlaced(ef.PublicEvent, name="com.shop.placed", key="order"):
    order: str


@ef.notify(Created, to="desk")
def tell(event: Created, message: ef.Message) -> dict[str, object]:
    return {"order": message.stream, "total": event.total, "key": message.key}


@ef.publish(Created, to="out")
def placed(event: Created, message: ef.Message) -> OrderPlaced:
    return OrderPlaced(order=message.stream)


@ef.consume("payments", PaymentCaptured)
def captured(event: PaymentCaptured, message: ef.Message) -> ef.Command:
    return ef.Command(f"order-{event.order}", Order.pay, amount=event.amount)


@ef.react(Created, when=ef.after(seconds=0.2, unless=Paid))
def give_up(event: Created, message: ef.Message) -> ef.Command:
    return ef.Command(message.stream, Order.cancel, reason="not paid")


class Orders(ef.Table):
    order_id = ef.key()
    total = ef.first(Created.total)


shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[tell, placed, captured, give_up])


@ef.notify(Created)
def hang(event: Created, message: ef.Message) -> None:
    with Path(os.environ["BEGUN"]).open("a") as begun:
        begun.write(f"{message.key}\n")
    while not Path(os.environ["RELEASE"]).exists():
        time.sleep(0.05)


hanging = ef.App("hanging", aggregates=[Order], handlers=[hang])
