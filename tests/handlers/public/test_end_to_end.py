"""From one app to another: published, received, consumed; a poisoned event waits alone, is mended, and goes on."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.bus.cloudevents.attributes import STRUCTURED
from eventfold.errors import DefinitionError, InvalidJson
from eventfold.handlers.public.receiving import keep_unreadable, receive
from eventfold.handlers.targets.port import Body
from eventfold.handlers.tending.asking import parked, retry


class Paid(ef.Event):
    order: str
    amount: Decimal


class Payment(ef.Aggregate[Paid]):
    def capture(self, order: str, amount: Decimal) -> None:
        self.raise_event(Paid(order=order, amount=amount))

    def apply(self, event: Paid) -> None: ...


class Captured(ef.PublicEvent, name="com.example.payment.captured", key="order"):
    order: str
    amount: Decimal


@ef.publish(Paid, to="others")
def told(event: Paid, _message: ef.Message) -> Captured:
    return Captured(order=event.order, amount=event.amount)


class Settled(ef.Event):
    amount: Decimal


class Order(ef.Aggregate[Settled]):
    paid: Decimal = Decimal(0)

    def settle(self, amount: Decimal) -> None:
        self.raise_event(Settled(amount=amount))

    def apply(self, event: Settled) -> None:
        self.paid += event.amount


@ef.consume("payments", Captured)
def captured(event: Captured, _message: ef.Message) -> ef.Command:
    return ef.Command(f"order-{event.order}", Order.settle, event.amount)


payments = ef.App("payments", aggregates=[Payment], handlers=[told], source="https://payments.example.com")
shop = ef.App("shop", aggregates=[Order], handlers=[captured])


def published() -> list[Body]:
    sent: list[Body] = []
    targets = {"others": lambda body, _message: sent.append(body)}
    with payments.open("sqlite://", state="sqlite://", targets=targets) as live:
        live.handle()
        repository = live.repository(Payment)
        with ef.context(correlation_id="talk-1"):
            for n, amount in enumerate(("1.50", "2.50"), 1):
                repository.execute(f"payment-{n}", Payment.capture, "7", Decimal(amount))
        live.handle()
    return sent


def test_what_one_app_publishes_another_consumes_once_though_it_comes_twice() -> None:
    sent = published()
    assert {json.loads(body.content)["source"] for body in sent} == {"https://payments.example.com"}
    with shop.open("sqlite://", state="sqlite://") as live:
        for body in [*sent, *sent]:
            receive(live.store, "payments", body.content, body.media_type)
        live.handle()
        for body in sent:
            receive(live.store, "payments", body.content, body.media_type)
        live.handle()
        assert live.repository(Order).load("order-7").paid == Decimal("4.00")
        events = list(live.store.read("order-7"))
        assert [event.metadata_map()["correlationId"] for event in events] == ["talk-1"] * 2
        assert [event.metadata_map()["actor"] for event in events] == ["handler:captured"] * 2


def test_what_was_received_before_the_app_was_first_opened_is_consumed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with ef.open_store(url) as store:
        for body in published():
            receive(store, "payments", body.content, body.media_type)
    with shop.open(url) as live:
        live.handle()
        assert live.repository(Order).load("order-7").paid == Decimal("4.00")


def event(name: str, order: str, amount: object) -> bytes:
    said = {"specversion": "1.0", "id": name, "source": "/p", "type": "com.example.payment.captured"}
    return json.dumps({**said, "subject": order, "data": {"order": order, "amount": amount}}).encode()


def test_a_poisoned_event_waits_with_its_key_until_its_class_is_mended(tmp_path: Path) -> None:
    class Lenient(ef.PublicEvent, name="com.example.payment.captured", key="order"):
        order: str
        amount: str

    def settled(event: Lenient, _message: ef.Message) -> ef.Command:
        amount = Decimal(10) if event.amount == "ten" else Decimal(event.amount)
        return ef.Command(f"order-{event.order}", Order.settle, amount)

    mended = ef.App(
        "shop", aggregates=[Order], handlers=[ef.consume("payments", Lenient, name="captured")(settled)]
    )
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url) as live:
        for made in (event("1", "a", "ten"), event("2", "a", "1"), event("3", "b", "2")):
            receive(live.store, "payments", made, STRUCTURED)
        keep_unreadable(live.store, "payments", b"{", STRUCTURED, InvalidJson("This is not JSON."))
        (done,) = live.handle().handlers
        assert done.parked == 2
        assert [live.store.head(f"order-{key}") for key in "ab"] == [0, 1]
        waiting = parked(live.store.effects(), "captured")
        assert {one.parked.code for one in waiting.values()} == {"public-event-invalid"}
    with mended.open(url) as live:
        retry(live.store.effects(), "captured", "inbox_payments-a")
        (done,) = live.handle().handlers
        assert done.parked == 1
        assert live.repository(Order).load("order-a").paid == Decimal(11)
        (unread,) = parked(live.store.effects(), "captured")
        (kept,) = live.store.read(unread)
        assert kept.data_map()["content"] == "ew=="


def test_an_app_checks_what_its_handlers_publish_and_who_speaks() -> None:
    @ef.publish(Paid, to="others")
    def silent(_event, _message):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return None

    with pytest.raises(DefinitionError, match="say which public events it makes"):
        ef.App("shop", aggregates=[Payment], handlers=[silent])

    class Unreadable(ef.PublicEvent, name="com.example.unreadable"):
        amount: Decimal | str

    class Unwritable(ef.PublicEvent, name="com.example.unwritable"):
        names: set[str]

    def either(_event: Any, _message: ef.Message) -> None: ...

    for kind in (Unreadable, Unwritable):
        with pytest.raises(DefinitionError, match=kind.__name__):
            ef.App("shop", handlers=[ef.consume("payments", kind)(either)])
    with pytest.raises(DefinitionError, match="no URI reference"):
        ef.App("shop", source="not a uri")
    assert ef.App("my shop").source == "/my%20shop"
