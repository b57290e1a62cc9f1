"""What leaves: CloudEvents that an independent reader takes, the same at every repeat, and nothing of the inside."""

import json
import string
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import DefinitionError, HandlerFailed
from eventfold.handlers.declaring.decorators import publish
from eventfold.handlers.public.encoding import encode_public, public_id
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.public.publishing import public_events, publication, published_by
from tests.handlers.public.making import (
    EVENT,
    HAPPENED,
    OrderShipped,
    Parcel,
    Service,
    ShipmentStarted,
    message,
)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STARTED = ShipmentStarted(order_id="o-1", carrier="DHL", value=Decimal("10.50"))


@publish(OrderShipped, to="shipments")
def shipment_started(event: OrderShipped, _message: ef.Message) -> ShipmentStarted | None:
    return ShipmentStarted(order_id=event.order_id, carrier=event.carrier) if event.carrier else None


def test_another_reader_takes_what_leaves_and_finds_what_was_said() -> None:
    told = message(metadata={"correlationId": "talk-1", "traceparent": TRACE})
    body = encode_public(STARTED, told, "https://shop.example.com")
    read = from_http_event(HTTPMessage({"content-type": body.media_type}, body.content))
    assert read.get_attributes() == {
        "specversion": "1.0",
        "id": str(public_id(told.key)),
        "source": "https://shop.example.com",
        "type": "com.example.shipment.started",
        "subject": "o-1",
        "time": HAPPENED,
        "datacontenttype": "application/json",
        "dataschema": "urn:eventfold:com.example.shipment.started:1",
        "partitionkey": "o-1",
        "correlationid": "talk-1",
        "causationid": str(EVENT),
        "traceparent": TRACE,
    }
    assert read.get_data() == {
        "order_id": "o-1",
        "carrier": "DHL",
        "due": None,
        "value": "10.50",
        "parcels": [],
        "service": "slow",
        "left_at": None,
    }


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_amounts = st.decimals(allow_nan=False, allow_infinity=False, places=3)
_started = st.builds(
    ShipmentStarted,
    order_id=st.text(string.printable[:95] + "äЖ中😀", min_size=1, max_size=20),
    carrier=_text,
    due=st.none() | st.dates(),
    value=_amounts,
    parcels=st.lists(st.builds(Parcel, weight=_amounts, fragile=st.booleans()), max_size=3).map(tuple),
    service=st.sampled_from(Service),
    left_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(max_examples=60, deadline=None)
@given(_started, st.uuids(version=4), _text)
def test_what_was_published_reads_as_what_was_said(
    event: ShipmentStarted, event_id: UUID, correlation: str
) -> None:
    told = message(event_id=event_id, metadata={"correlationId": correlation})
    body = encode_public(event, told, "/shop")
    assert body == encode_public(event, message(event_id=event_id, metadata=told.metadata), "/shop")
    read = from_http_event(HTTPMessage({"content-type": body.media_type}, body.content))
    assert read.get_subject() == event.order_id
    assert msgspec.convert(read.get_data(), ShipmentStarted) == event


def test_the_inside_does_not_show() -> None:
    body = encode_public(STARTED, message(), "/shop")
    for inside in ("order-secret", "OrderShipped", "shipment_started", "margin"):
        assert inside not in body.content.decode()


def test_an_id_belongs_to_one_event_and_one_handler() -> None:
    def sent(handler: str, event_id: UUID) -> str:
        body = encode_public(STARTED, message(handler, event_id=event_id), "/shop")
        return str(json.loads(body.content)["id"])

    ids = [sent(handler, UUID(int=n)) for handler in ("first", "second") for n in (1, 2) for _ in range(2)]
    assert len(set(ids)) == 4
    assert {UUID(found).version for found in ids} == {8}


def test_without_a_key_nothing_says_what_an_event_is_about() -> None:
    class Opened(PublicEvent, name="com.example.opened"):
        day: date

    said = json.loads(encode_public(Opened(day=date(2026, 1, 1)), message(), "/shop").content)
    assert said.keys().isdisjoint({"subject", "partitionkey", "traceparent"})
    assert said["correlationid"] == str(EVENT)


def test_a_trace_that_cannot_be_written_is_left_out() -> None:
    told = message(metadata={"correlationId": "a\nb", "traceparent": ""})
    said = json.loads(encode_public(STARTED, told, "/shop").content)
    assert said.keys().isdisjoint({"correlationid", "traceparent"})


class Counted(PublicEvent, name="com.example.counted", key="number"):
    number: int | None = None
    ratio: float = 0.0
    at: datetime | None = None
    text: str = ""


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Counted(number=1, ratio=float("nan")), "finite"),
        (Counted(number=1, at=datetime(2026, 1, 1)), "no time zone"),  # noqa: DTZ001 - naive on purpose
        (Counted(number=1, text="\ud800"), "surrogates not allowed"),
        (Counted(), "neither text nor a number"),
        (ShipmentStarted(order_id="", carrier="DHL"), "it is empty"),
        (ShipmentStarted(order_id="a\nb", carrier="DHL"), "U+000A"),
        (ShipmentStarted(order_id="o", carrier="x" * 1_000_000), "at most 921,600 fit"),
    ],
)
def test_what_cannot_be_written_is_told_with_its_event(event: PublicEvent, said: str) -> None:
    with pytest.raises(HandlerFailed, match=said.replace("+", r"\+")) as caught:
        encode_public(event, message(), "/shop")
    assert caught.value.facts == {"handler": "shipment_started", "stream": "order-secret", "version": 3}


@pytest.mark.parametrize("source", ["", "a b", "/shop\n", "/läden"])
def test_a_source_is_a_uri_reference(source: str) -> None:
    with pytest.raises(HandlerFailed, match="has the source"):
        encode_public(STARTED, message(), source)


def test_a_handler_sends_what_it_declares_or_nothing() -> None:
    shipped = OrderShipped(order_id="o-1", carrier="DHL", margin=Decimal(3))
    told = message()
    sent = publication(shipment_started, shipment_started(shipped, told), told, "/shop")
    assert sent is not None
    assert json.loads(sent.content)["subject"] == "o-1"
    silent = OrderShipped(order_id="o-1", carrier="", margin=Decimal(3))
    assert publication(shipment_started, shipment_started(silent, told), told, "/shop") is None


@pytest.mark.parametrize(
    ("returned", "called"),
    [
        (OrderShipped(order_id="o-1", carrier="DHL", margin=Decimal(3)), "an OrderShipped"),
        (Counted(number=1), "a Counted"),
        ({"order_id": "o-1"}, "a dict"),
        (b"bytes", "a bytes"),
    ],
)
def test_a_domain_event_never_leaves(returned: object, called: str) -> None:
    with pytest.raises(HandlerFailed, match=f"returned {called}, and declares ShipmentStarted"):
        publication(shipment_started, returned, message(), "/shop")


def test_what_is_published_stands_in_the_annotation() -> None:
    @publish(OrderShipped, to="shipments")
    def both(_event: OrderShipped, _message: "Unknown") -> "ShipmentStarted | Counted | None":  # type: ignore[name-defined]  # noqa: F821
        return None

    assert published_by(both) == (ShipmentStarted, Counted)
    assert public_events([both, shipment_started]) == [Counted, ShipmentStarted]


def test_a_handler_that_does_not_say_what_it_publishes_is_refused() -> None:
    @publish(OrderShipped, to="shipments")
    def silent(_event, _message):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return STARTED

    @publish(OrderShipped, to="shipments")
    def inside(event: OrderShipped, _message: ef.Message) -> OrderShipped:
        return event

    @publish(OrderShipped, to="shipments")
    def unknown(_event: OrderShipped, _message: ef.Message) -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        return None

    for handler, said in ((silent, "names nothing"), (inside, "OrderShipped"), (unknown, "Nowhere")):
        with pytest.raises(DefinitionError, match=said):
            published_by(handler)


def test_two_classes_of_one_version_are_refused() -> None:
    class Twin(PublicEvent, name="com.example.shipment.started"):
        order_id: str

    @publish(OrderShipped, to="shipments")
    def twin(_event: OrderShipped, _message: ef.Message) -> Twin:
        return Twin(order_id="o-1")

    with pytest.raises(DefinitionError, match=r"version 1 of 'com\.example\.shipment\.started'"):
        public_events([shipment_started, twin])


def test_a_class_line_that_says_what_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match="has no public name"):

        class Nameless(PublicEvent):
            text: str

    with pytest.raises(DefinitionError, match="none of its fields: text"):

        class Keyless(PublicEvent, name="com.example.keyless", key="order"):
            text: str

    with pytest.raises(DefinitionError, match="counts from 1"):

        class Early(PublicEvent, name="com.example.early", version=0):
            text: str
