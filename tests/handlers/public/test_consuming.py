"""Public events of others become commands, each once; what does not fit is refused by itself and can be mended."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

import eventfold as ef
from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.errors import DefinitionError, EventfoldError, InvalidJson, PublicEventInvalid
from eventfold.handlers.public.consuming import Consumer, consume, open_public
from eventfold.handlers.public.encoding import encode_public
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.public.receiving import keep_unreadable, receive
from tests.handlers.public.making import ShipmentStarted, message


class Paid(ef.Event):
    amount: Decimal


class Order(ef.Aggregate[Paid]):
    paid: Decimal = Decimal(0)

    def pay(self, amount: Decimal) -> None:
        self.raise_event(Paid(amount=amount))

    def apply(self, event: Paid) -> None:
        self.paid += event.amount


class Captured(PublicEvent, name="com.example.payment.captured"):
    order: str
    amount: Decimal
    at: datetime | None = None


@consume("payments", Captured)
def captured(event: Captured, _message: ef.Message) -> ef.Command:
    return ef.Command(f"order-{event.order}", Order.pay, event.amount)


shop = ef.App("shop", aggregates=[Order], handlers=[captured])


def sent(name: str, *, order: str = "1", amount: object = "2.50", **changes: Any) -> dict[str, Any]:
    made = {
        "specversion": "1.0",
        "source": "/payments",
        "id": name,
        "type": "com.example.payment.captured",
        "subject": order,
        "data": {"order": order, "amount": amount, "currency": "EUR"},
    }
    return {**made, **changes}


def deliver(store: ef.Store, *events: dict[str, Any], inbox: str = "payments") -> None:
    receive(store, inbox, json.dumps(events).encode(), BATCH)


def opened(store: ef.Store, consumer: Consumer = captured) -> list[PublicEvent | None]:
    return [
        open_public(event, consumer)
        for info in store.streams(consumer.category)
        for event in store.read(info.stream)
    ]


def handle(store: ef.Store, orders: ef.Repository[Order]) -> None:
    """Every event of the inbox from its start, as a worker does that lost its checkpoint."""
    for info in store.streams(captured.category):
        for event in store.read(info.stream):
            found = open_public(event, captured)
            told = ef.Message(captured.name, event)
            command = captured(found, told)
            assert isinstance(command, ef.Command)
            orders.execute_once(f"{told.key}.0", command.stream, command.decision, *command.args)


def test_what_others_tell_becomes_commands_each_once() -> None:
    with shop.open("sqlite://", state="sqlite://") as live:
        deliver(live.store, sent("1"), sent("2", amount=1), sent("3", order="2"))
        deliver(live.store, sent("2", amount=1), sent("1"))
        orders = live.repository(Order)
        handle(live.store, orders)
        handle(live.store, orders)
        assert orders.load("order-1").paid == Decimal("3.50")
        assert orders.load("order-2").paid == Decimal("2.50")


def test_a_public_event_of_ours_is_read_by_its_own_class() -> None:
    started = ShipmentStarted(order_id="o/1", carrier="DHL", value=Decimal("1.10"))
    body = encode_public(started, message(), "/shop")
    with ef.open_store("sqlite://") as store:
        receive(store, "shop", body.content, body.media_type)
        consumer = consume("shop", ShipmentStarted)(captured.function)
        assert opened(store, consumer) == [started]


def test_other_sources_and_types_are_passed_over() -> None:
    with ef.open_store("sqlite://") as store:
        deliver(store, sent("1", type="com.example.payment.failed"))
        deliver(store, sent("2"), inbox="refunds")
        keep_unreadable(store, "refunds", b"{", STRUCTURED, InvalidJson("This is not JSON."))
        found = [
            open_public(event, captured) for info in store.streams() for event in store.read(info.stream)
        ]
        assert found == [None, None, None]


def test_of_two_versions_the_schema_says_which() -> None:
    class CapturedInCents(PublicEvent, name="com.example.payment.captured", version=2):
        order: str
        cents: int

    both = consume("payments", Captured, CapturedInCents)(captured.function)
    uri = "urn:eventfold:com.example.payment.captured"
    with ef.open_store("sqlite://") as store:
        deliver(store, sent("1", dataschema=f"{uri}:1"))
        deliver(store, sent("2", dataschema=f"{uri}:2", data={"order": "1", "cents": 250}))
        deliver(store, sent("3", data={"order": "1", "cents": 250}))
        first, second, third = opened(store, both)
    assert first == Captured(order="1", amount=Decimal("2.50"))
    assert second == third == CapturedInCents(order="1", cents=250)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {"order": "1"}}, "missing required field `amount`"),
        ({"data": {"order": 1, "amount": "1"}}, "Expected `str`, got `int`"),
        ({"data": [1]}, "Expected `object`"),
        ({"data": {"order": "1", "amount": "NaN"}}, "not a finite number"),
        ({"data": {"order": "1", "amount": "1", "at": "2026-01-01T00:00:00"}}, "no time zone"),
        ({"data": "x", "datacontenttype": "text/plain"}, "no data in JSON"),
        ({"data": None, "data_base64": "AA==", "datacontenttype": "image/png"}, "no data in JSON"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_what_they_are(changes: dict[str, Any], said: str) -> None:
    event = {name: value for name, value in sent("1", **changes).items() if value is not None}
    with ef.open_store("sqlite://") as store:
        deliver(store, event)
        with pytest.raises(PublicEventInvalid, match=said) as caught:
            opened(store)
        facts = {
            "handler": "captured",
            "source": "payments",
            "type": "com.example.payment.captured",
            "id": "1",
        }
        assert caught.value.facts == facts
        deliver(store, sent("2", order="2"))
        assert open_public(next(store.read("inbox_payments-2")), captured) is not None


def test_what_could_not_be_read_is_refused_with_its_reason_and_keeps_its_bytes() -> None:
    with ef.open_store("sqlite://") as store:
        keep_unreadable(store, "payments", b'{"id"', STRUCTURED, InvalidJson("This is not JSON."))
        with pytest.raises(
            PublicEventInvalid, match=r"\(json-invalid\): This is not JSON\. Have it sent again"
        ):
            opened(store)


def test_a_class_that_is_mended_reads_what_was_parked() -> None:
    class Mended(PublicEvent, name="com.example.payment.captured"):
        order: str

    with ef.open_store("sqlite://") as store:
        deliver(store, sent("1", data={"order": "7"}))
        with pytest.raises(EventfoldError):
            opened(store)
        assert opened(store, consume("payments", Mended)(captured.function)) == [Mended(order="7")]


def test_a_consumer_begins_at_the_start_and_stands_in_its_own_category() -> None:
    assert (captured.kind, captured.name, captured.source) == ("consume", "captured", "payments")
    assert (captured.since, captured.category) == ("start", "inbox_payments")
    assert captured.types == ("PublicEventReceived", "PublicEventUnreadable")
    assert {"PublicEventReceived", "PublicEventUnreadable"} <= shop.registry.types.keys()
    assert "PublicEventReceived" not in ef.App("other", aggregates=[Order]).registry.types


@pytest.mark.parametrize(
    ("source", "types", "said"),
    [
        ("payments", (), "names no public event"),
        ("payments", (Paid,), "takes classes of public events"),
        ("payments", (Captured, Captured), "two classes of one version"),
        ("pay-ments", (Captured,), "no name of a source"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(source: str, types: Sequence[Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        consume(source, *types)
