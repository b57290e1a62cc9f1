"""Public events as records: the `cloudevents` package reads what we write, we read what it writes, and none else."""

import json
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as sdk
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.bus.cloudevents.attributes import fault_of
from eventfold.bus.cloudevents.reading import read_structured
from eventfold.bus.cloudevents.records import Record, binary_record, read_record, structured_record
from eventfold.errors import Refused
from eventfold.handlers.public.encoding import encode_public
from tests.handlers.public.making import ShipmentStarted, message

TEXT = st.text(min_size=1, max_size=12).filter(lambda text: not fault_of(text))
BODY = encode_public(ShipmentStarted(order_id="Größe 1", carrier="DHL"), message(), "/shop")
OURS = read_structured(BODY.content)
RECORDS = [binary_record(OURS), structured_record(OURS, BODY.content)]
FIRST: dict[str, Any] = {"id": "e-1", "source": "/payments", "type": "com.example.payment.captured"}


def theirs(record: Record) -> sdk.KafkaMessage:
    headers = {name: value for name, value in record.headers if isinstance(value, bytes)}
    return sdk.KafkaMessage(headers, record.key, record.value)


@pytest.mark.parametrize("record", RECORDS)
def test_what_is_published_is_read_by_us_and_by_an_sdk(record: Record) -> None:
    assert read_record(*record) == [OURS]
    read = sdk.from_kafka(theirs(record), JSONFormat())
    assert (read.get_id(), read.get_subject()) == (OURS.id, "Größe 1")
    assert read.get_extension("partitionkey") == "Größe 1"
    data = read.get_data()
    assert isinstance(data, dict)
    assert data["carrier"] == "DHL"


@settings(max_examples=40, deadline=None)
@given(TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT | st.booleans() | st.none(), max_size=3))
def test_what_an_sdk_writes_is_read(name: str, key: str, subject: str, data: dict[str, Any]) -> None:
    attributes = {
        **FIRST,
        "id": name,
        "partitionkey": key,
        "subject": subject,
        "datacontenttype": "application/json",
    }
    event = CloudEvent(attributes, data)
    for write in (sdk.to_binary, sdk.to_structured):
        sent = write(event, JSONFormat())
        key_sent = sent.key.encode() if isinstance(sent.key, str) else sent.key
        (read,) = read_record(key_sent, sent.value, {**sent.headers})
        assert (read.id, read.source, read.type, read.key) == (name, "/payments", FIRST["type"], key)
        assert read.attributes["subject"] == subject
        assert json.loads(read.text or "") == data


def test_the_key_of_a_record_orders_what_says_no_key() -> None:
    value = json.dumps({"specversion": "1.0", **FIRST, "subject": "7"}).encode()
    assert read_record(b"k", value, [])[0].key == "k"
    assert read_record(None, value, [])[0].key == "7"
    assert read_record(b"\xff", value, [("content-type", b"application/json")])[0].key == "7"
    assert [one.id for one in read_record(None, b"[" + value + b"]", [])] == ["e-1"]


BINARY: list[tuple[str, str | bytes | None]] = [
    (f"ce_{name}", value.encode()) for name, value in {"specversion": "1.0", **FIRST}.items()
]


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (b"", [], "body-empty"),
        (None, [], "body-empty"),
        (b"hello", [], "json-invalid"),
        (b"{}", BINARY[:-1], "payload-invalid"),
        (b"{}", [*BINARY, ("ce_id", b"other")], "payload-invalid"),
        (b"{}", [*BINARY, ("ce_datacontenttype", b"text/plain")], "payload-invalid"),
        (b"{}", [*BINARY, ("ce_subject", b"\xff")], "encoding-invalid"),
        (b"{", BINARY, "json-invalid"),
        (b"{}", [("content-type", b"application/cloudevents+avro")], "media-type-unsupported"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, [], "json-too-deep"),
    ],
)
def test_what_is_none_is_refused(
    value: bytes | None, headers: list[tuple[str, str | bytes | None]], code: str
) -> None:
    with pytest.raises(Refused) as error:
        read_record(b"k", value, headers)
    assert error.value.code == code
