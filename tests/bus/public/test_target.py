"""What is published stands in the topic, in order by its key; what is down pauses, what the topic refuses parks."""

import json
import logging
import socket
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as sdk
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import KafkaError

import eventfold as ef
from eventfold.app.live import Live
from eventfold.bus.kafka.publisher import KafkaPublisher, _Outcome
from eventfold.errors import BusUnavailable, EffectRefused, TargetUnavailable, UnsupportedUrl
from eventfold.handlers.targets.topics.target import TopicTarget
from tests.bus.conftest import MakeTopic
from tests.bus.public.making import Order, Shipped, fill, records, shop
from tests.bus.sharing import Shared
from tests.handlers.targets.making import TRACE, message


def url(kafka: Shared, topic: str = "", query: str = "") -> str:
    return f"kafka://{kafka.plain['bootstrap.servers']}/{topic}{query}"


def opened(app: ef.App, **targets: Any) -> Live:
    return app.open("sqlite://", state="sqlite://", targets=targets)


def test_every_public_event_stands_in_the_topic_in_order_by_its_key_and_an_sdk_reads_it(
    kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(3)
    with opened(shop(f"kafka:{name}"), kafka=url(kafka)) as live:
        fill(live, 60, 6)
        (done,) = live.handle().handlers
    assert (done.events, done.parked) == (60, 0)
    by_key = defaultdict(list)
    places = defaultdict(set)
    for found in records(kafka.plain, name, 3):
        read = sdk.from_kafka(sdk.KafkaMessage(found.headers, found.key, found.value or b""), JSONFormat())
        data = read.get_data()
        assert isinstance(data, dict)
        assert (read.get_source(), read.get_type()) == (
            "https://shop.example.com",
            "com.example.shipment.started",
        )
        assert found.key == data["order"].encode() == str(read.get_extension("partitionkey")).encode()
        assert read.get_dataschema() == "urn:eventfold:com.example.shipment.started:1"
        by_key[found.key].append(data["n"])
        places[found.key].add(found.partition)
    assert by_key == {f"order-{n}".encode(): list(range(1, 11)) for n in range(6)}
    assert {len(some) for some in places.values()} == {1}


def test_what_the_topic_does_not_take_parks_its_stream_and_blames_nobody_that_was_sent_with_it(
    kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(1, **{"max.message.bytes": "4000"})
    with opened(shop("partners"), partners=url(kafka, name)) as live:
        fill(live, 12, 12)
        orders = live.repository(Order)
        orders.execute("order-3", Order.ship, "x" * 5_000)
        orders.execute("order-3", Order.ship)
        orders.execute("order-4", Order.ship)
        (done,) = live.handle().handlers
        assert done.parked == 1
        (parked,) = live.handler("shipment_started").parked().values()
        assert "does not take the message" in str(parked)
    kept = [(found.key, json.loads(found.value or b"")["n"]) for found in records(kafka.plain, name)]
    assert (b"order-4", 2) in kept
    assert (b"order-3", 1) in kept
    assert {n for key, n in kept if key == b"order-3"} == {1}
    assert len(set(kept)) == len(kept) == 13


def test_a_topic_that_is_missing_pauses_the_target_and_says_what_to_do(kafka: Shared) -> None:
    with opened(shop("sent"), sent=TopicTarget(url(kafka, "never-made"), timeout=2)) as live:
        fill(live, 2, 2)
        (done,) = live.handle(timeout=3).handlers
        assert (done.events, done.parked) == (0, 0)
        assert "make it first" in str(live.handler("shipment_started").status())


def test_a_refused_password_pauses_the_target_and_is_shown_nowhere(
    kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("BROKER_WORD", "hunter2-hunter2")
    servers = kafka.secured["bootstrap.servers"]
    ca = kafka.secured["ssl.ca.location"]
    place = ef.handlers.targets.place.TargetPlace(  # type: ignore[attr-defined]
        url=f"kafka://{servers}/{topic()}?user=shop&ca={ca}", password_env="BROKER_WORD", timeout=3
    )
    target = ef.handlers.targets.open.open_target(place)  # type: ignore[attr-defined]
    try:
        with pytest.raises(TargetUnavailable, match="does not let the user shop in") as error:
            target.send({"a": 1}, message())
        assert "hunter2" not in caplog.text + str(error.value) + repr(target) + repr(place)
    finally:
        target.close()


@pytest.mark.parametrize(
    ("port", "query", "told"),
    [
        ("secured", "", r"speaks TLS, and is called without it: take \?security=ssl"),
        ("plain", "?security=ssl", r"speaks no TLS, and is called with it: take \?security=plaintext"),
    ],
)
def test_a_port_that_is_called_in_another_way_pauses_the_target_and_is_told(
    kafka: Shared, topic: MakeTopic, port: str, query: str, told: str
) -> None:
    servers = (kafka.plain if port == "plain" else kafka.secured)["bootstrap.servers"]
    target = TopicTarget(f"kafka://{servers}/{topic()}{query}", timeout=1)
    try:
        with pytest.raises(TargetUnavailable, match=told):
            target.send({"a": 1}, message())
    finally:
        target.close()


@pytest.mark.parametrize("form", ["binary", "structured"])
def test_over_tls_in_both_forms_and_what_a_notify_handler_returns(
    kafka: Shared, topic: MakeTopic, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = topic()
    secured = kafka.secured
    monkeypatch.setenv("EVENTFOLD_EVENTHUBS_CONNECTION", secured["sasl.password"])
    place = f"eventhubs://{secured['bootstrap.servers']}/{name}?ca={secured['ssl.ca.location']}&cloudevents={form}"
    app = shop("hub")

    @ef.notify(Shipped, to="hub", since="start")
    def told(event: Shipped, _message: ef.Message) -> dict[str, Any]:
        return {"shipped": event.order}

    app = ef.App("shop", aggregates=[Order], handlers=[*app.handlers.values(), told])
    with opened(app, hub=place) as live:
        fill(live, 1, 1)
        live.handle()
    found = records(secured, name)
    (plain,) = [one for one in found if "idempotency-key" in one.headers]
    (event,) = [one for one in found if one is not plain]
    assert (plain.key, plain.value) == (b"order-0", b'{"shipped":"order-0"}')
    assert plain.headers["content-type"] == b"application/json"
    assert plain.headers["idempotency-key"].endswith(b".told")
    data = json.loads(event.value or b"")
    if form == "structured":
        assert event.headers == {"content-type": b"application/cloudevents+json"}
        data = data["data"]
    else:
        assert event.headers["ce_subject"] == b"order-0"
    assert data == {"order": "order-0", "n": 1, "note": ""}


@pytest.mark.slow
def test_a_broker_that_hangs_pauses_the_target_and_lets_the_worker_leave() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"kafka://127.0.0.1:{silent.getsockname()[1]}/shipments"
        stop = threading.Event()
        with opened(shop(), **{"kafka:shipments": place}) as live:
            fill(live, 3, 3)
            running = threading.Thread(target=live.run, args=(stop,), daemon=True)
            running.start()
            silent.settimeout(10)
            taken, _ = silent.accept()  # the client is there, and is told nothing
            stop.set()
            running.join(10)
            assert not running.is_alive()
            assert live.handler("shipment_started").status().parked == 0
        taken.close()


def test_nobody_answers_within_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = TopicTarget(f"kafka://127.0.0.1:{silent.getsockname()[1]}/shipments", timeout=0.3)
        try:
            with pytest.raises(TargetUnavailable, match="shipments took nothing"):
                target.send({"a": 1}, message(traceparent=TRACE))
        finally:
            target.close()
        with pytest.raises(TargetUnavailable, match="closed"):
            target.send({"a": 1}, message())


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("kafka://127.0.0.1:9092/a?cloudevents=avro", "binary or structured"),
        ("kafka://127.0.0.1:9092/a?cloudevents=binary&cloudevents=binary", "once"),
        ("kafka://127.0.0.1:9092/", "a topic stands behind the host"),
        ("kafka://me:word@127.0.0.1:9092/a", "without a user or a password"),
    ],
)
def test_a_url_that_names_no_topic_is_refused_and_not_repeated(place: str, says: str) -> None:
    with pytest.raises(UnsupportedUrl, match=says) as error:
        TopicTarget(place)
    assert "word@" not in str(error.value)


def test_the_topic_of_a_target_may_stand_in_its_own_entry(tmp_path: Path) -> None:
    from eventfold.handlers.targets.open import named
    from eventfold.handlers.targets.place import TargetPlace

    broker = TargetPlace(url="kafka://127.0.0.1:9092?mode=plain", timeout=3)
    places: dict[str, Any] = {
        "kafka": broker,
        "kafka:own": "kafka://127.0.0.1:9093/other",
        "f": f"file:{tmp_path}/f",
    }
    found = named("kafka:shipments", places)
    assert isinstance(found, TargetPlace)
    assert (found.url, found.timeout) == ("kafka://127.0.0.1:9092/shipments?mode=plain", 3)
    assert named("kafka:own", places) == places["kafka:own"]
    assert named("f:shipments", places) is named("g:shipments", places) is None


def test_one_that_is_too_large_takes_none_with_it_of_those_that_shared_its_request(
    kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(1, **{"max.message.bytes": "4000"})
    publisher = KafkaPublisher(kafka.plain, name, is_idempotent=True, timeout=10)
    publisher._settings["linger.ms"] = 300  # so that all of them are one request
    values = [b"x" * 5_000, *(b"%d" % n for n in range(7))]
    refused: list[int] = []

    def send(value: bytes) -> None:
        try:
            publisher.publish(b"k", value, [])
        except EffectRefused:
            refused.append(len(value))

    threads = [threading.Thread(target=send, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    publisher.close()
    assert refused == [5_000]
    assert sorted(found.value or b"" for found in records(kafka.plain, name)) == sorted(values[1:])


def test_a_client_that_is_of_no_more_use_is_replaced(
    kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = topic()
    publisher = KafkaPublisher(kafka.plain, name, is_idempotent=True, timeout=10)
    publisher.publish(b"k", b"1", [])
    line = publisher._lines["together"]

    def fenced(*_: object) -> _Outcome:
        outcome = _Outcome()
        outcome.told(KafkaError(KafkaError.INVALID_PRODUCER_EPOCH))
        return outcome

    monkeypatch.setattr(line, "send", fenced)
    with pytest.raises(BusUnavailable, match="did not answer, sending"):
        publisher.publish(b"k", b"2", [])
    publisher.publish(b"k", b"2", [])
    assert publisher._lines["together"] is not line
    publisher.close()
    assert [found.value for found in records(kafka.plain, name)] == [b"1", b"2"]
