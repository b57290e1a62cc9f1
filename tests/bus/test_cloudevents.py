"""CloudEvents as they arrive: what an independent SDK writes is read, in every mode, and what is none is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.bus.cloudevents.reading import Incoming, read_events
from eventfold.errors import EventfoldError, InvalidJson
from eventfold.events.jsontext import compact_value
from eventfold.handlers.public.encoding import encode_public
from tests.handlers.public.making import ShipmentStarted, message

FIRST: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/payments",
    "type": "com.example.payment.captured",
}


def structured(**changes: Any) -> bytes:
    return json.dumps({**FIRST, **changes}).encode()


def test_what_is_published_is_read_as_it_was_sent() -> None:
    body = encode_public(ShipmentStarted(order_id="o 1", carrier="DHL"), message(), "/shop")
    (read,) = read_events(body.content, body.media_type)
    assert (read.source, read.type, read.key) == ("/shop", "com.example.shipment.started", "o 1")
    assert read.attributes["dataschema"] == "urn:eventfold:com.example.shipment.started:1"
    assert json.loads(read.text or "")["carrier"] == "DHL"


_attribute = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _attribute,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_attribute, inner, max_size=3),
    max_leaves=6,
)
_data = st.dictionaries(_attribute, _values, max_size=3)
"""In binary mode this writer makes JSON of objects only, and its own text of lists."""


@settings(max_examples=60, deadline=None)
@given(_attribute, _attribute, _attribute, _data)
def test_every_mode_of_another_writer_says_the_same(
    name: str, subject: str, extension: str, data: dict[str, Any]
) -> None:
    attributes = {
        **FIRST,
        "id": name,
        "subject": subject,
        "more": extension,
        "time": datetime(2026, 1, 2, 3, 4, 5, 678900, UTC),
        "datacontenttype": "application/json",
    }
    event = CloudEvent(attributes=dict(attributes), data=data)
    whole = to_structured(event, JSONFormat())
    (first,) = read_events(bytes(whole.body), whole.headers["content-type"])
    apart = to_binary(event, JSONFormat())
    headers = {key: value for key, value in apart.headers.items() if key != "content-type"}
    (second,) = read_events(bytes(apart.body), "application/json", headers)
    for read in (first, second):
        assert (read.id, read.attributes["subject"], read.attributes["more"]) == (name, subject, extension)
        assert json.loads(read.text or "") == data
    assert read_events(b"[" + bytes(whole.body) + b"," + bytes(whole.body) + b"]", BATCH) == [first, first]


@pytest.mark.parametrize("data", [["blue", "red"], True])
def test_what_the_sdk_writes_of_lists_and_booleans_in_binary_mode_is_refused_and_not_misread(
    data: object,
) -> None:
    """It writes what Python prints; in structured mode both are read."""
    said: Any = data  # more than it declares to take
    event = CloudEvent({**FIRST, "datacontenttype": "application/json"}, said)
    whole = to_structured(event, JSONFormat())
    (read,) = read_events(bytes(whole.body), whole.headers["content-type"])
    assert json.loads(read.text or "") == data
    apart = to_binary(event, JSONFormat())
    with pytest.raises(InvalidJson):
        read_events(bytes(apart.body), "application/json", apart.headers)


def test_data_are_kept_as_they_were_written() -> None:
    (read,) = read_events(
        structured().replace(b"}", b', "data": {"b": 1.10,\n "a" : [ ]}}'), f"{STRUCTURED}; charset=utf-8"
    )
    assert read.text == '{"b": 1.10,\n "a" : [ ]}'
    (binary,) = read_events(structured(data_base64="AAH/", datacontenttype="image/png"), STRUCTURED)
    assert (binary.content, binary.text, binary.media_type) == (b"\0\1\xff", None, "image/png")
    (text,) = read_events(structured(data="<a/>", datacontenttype="text/xml"), STRUCTURED)
    assert (text.text, text.media_type) == ("<a/>", "text/xml")
    (encoded,) = read_events(structured(data_base64="eyJhIjoxfQ=="), STRUCTURED)
    assert encoded.text == '{"a":1}'
    (none,) = read_events(structured(data_base64=None, subject=None, more=""), STRUCTURED)
    assert none == Incoming("/payments", "e-1", "com.example.payment.captured", {}, "application/json")


def test_attributes_of_other_types_and_finer_times_are_text() -> None:
    (read,) = read_events(structured(flag=True, count=-3, time="2026-01-02T03:04:05.123456789Z"), STRUCTURED)
    assert read.attributes == {"flag": "true", "count": "-3", "time": "2026-01-02T03:04:05.123456789Z"}


def test_headers_may_be_quoted_or_escaped() -> None:
    headers = {
        "CE-Id": '"a \\"b\\""',
        "ce-source": "/x",
        "ce-type": "Euro%20%E2%82%AC",
        "ce-specversion": "1.0",
    }
    (read,) = read_events(b"", "", headers)
    assert (read.id, read.type, read.text, read.content) == ('a "b"', "Euro €", None, None)


def test_the_key_is_the_partition_then_the_subject_then_the_id() -> None:
    def key(**changes: Any) -> str:
        return read_events(structured(**changes), STRUCTURED)[0].key

    assert key(partitionkey="p", subject="s") == "p"
    assert key(subject="s") == "s"
    assert key() == "e-1"


DEEP = b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HEADERS = {"ce-id": "1", "ce-source": "/x", "ce-type": "t", "ce-specversion": "1.0"}


@pytest.mark.parametrize(
    ("body", "media_type", "headers", "code"),
    [
        (b"", STRUCTURED, {}, "body-empty"),
        (b" \n", BATCH, {}, "body-empty"),
        (b"{", STRUCTURED, {}, "json-invalid"),
        (b'{"id": 1, "id": 2}', STRUCTURED, {}, "json-duplicate-key"),
        (DEEP, STRUCTURED, {}, "json-too-deep"),
        (b"[" + DEEP + b"]", BATCH, {}, "json-too-deep"),
        (structured().replace(b"e-1", b"\xff"), STRUCTURED, {}, "encoding-invalid"),
        (b"\xef\xbb\xbf" + structured(), STRUCTURED, {}, "encoding-invalid"),
        (structured().decode().encode("utf-16"), STRUCTURED, {}, "encoding-invalid"),
        (structured(data="x\0y"), STRUCTURED, {}, "text-has-nul"),
        (structured().replace(b"}", b', "data": 1e400}'), STRUCTURED, {}, "number-not-finite"),
        (structured().replace(b"}", b', "data": NaN}'), STRUCTURED, {}, "number-not-finite"),
        (structured().replace(b"}", b', "data": ' + b"9" * 5000 + b"}"), STRUCTURED, {}, "number-too-large"),
        (structured(data=2**63), STRUCTURED, {}, "integer-out-of-range"),
        (b'["a"]', STRUCTURED, {}, "object-expected"),
        (structured(), BATCH, {}, "object-expected"),
        (b"[1]", BATCH, {}, "object-expected"),
        (b"null", STRUCTURED, {}, "object-expected"),
        (structured(id=""), STRUCTURED, {}, "payload-invalid"),
        (structured(id=None), STRUCTURED, {}, "payload-invalid"),
        (structured(id=1.5), STRUCTURED, {}, "payload-invalid"),
        (structured(id=["a"]), STRUCTURED, {}, "payload-invalid"),
        (structured(id="a\nb"), STRUCTURED, {}, "payload-invalid"),
        (structured(id="x" * 5_000), STRUCTURED, {}, "payload-invalid"),
        (structured(count=2**31), STRUCTURED, {}, "payload-invalid"),
        (structured(specversion="0.3"), STRUCTURED, {}, "payload-invalid"),
        (structured(Subject="s"), STRUCTURED, {}, "payload-invalid"),
        (structured(data=1, data_base64="AA=="), STRUCTURED, {}, "payload-invalid"),
        (structured(data_base64="!"), STRUCTURED, {}, "payload-invalid"),
        (structured(data_base64=7), STRUCTURED, {}, "payload-invalid"),
        (structured(data={}, datacontenttype="text/plain"), STRUCTURED, {}, "payload-invalid"),
        (structured(data_base64="ew=="), STRUCTURED, {}, "json-invalid"),
        (structured(time="yesterday"), STRUCTURED, {}, "time-invalid"),
        (structured(time="2026-02-30T00:00:00Z"), STRUCTURED, {}, "time-invalid"),
        (structured(time="2026-01-01T00:00:00"), STRUCTURED, {}, "time-invalid"),
        (structured(), f"{STRUCTURED}; charset=utf-16", {}, "media-type-unsupported"),
        (structured(), "application/cloudevents+avro", HEADERS, "media-type-unsupported"),
        (structured(), "application/json", {}, "media-type-unsupported"),
        (structured(), "", {}, "media-type-unsupported"),
        (b'1, "x": 2', "application/json", HEADERS, "json-invalid"),
        (b"{", "application/json", HEADERS, "json-invalid"),
        (b"x", "text/plain", {**HEADERS, "ce-subject": "%C0%A0"}, "encoding-invalid"),
        (b"x", "text/plain", {**HEADERS, "ce-datacontenttype": "text/plain"}, "payload-invalid"),
        (b"x", "text/plain", {**HEADERS, "ce-a_b": "x"}, "payload-invalid"),
    ],
)
def test_what_is_no_public_event_is_refused(
    body: bytes, media_type: str, headers: dict[str, str], code: str
) -> None:
    with pytest.raises(EventfoldError) as caught:
        read_events(body, media_type, headers)
    assert caught.value.code == code
    assert len(caught.value.message) < 400


def test_a_wrong_event_of_a_batch_is_told_by_its_place() -> None:
    with pytest.raises(EventfoldError, match="Event 1 of the batch") as caught:
        read_events(b"[" + structured() + b"," + structured(type="") + b"]", BATCH)
    assert (caught.value.facts["field"], caught.value.facts["index"]) == ("type", 1)
    assert read_events(b"[]", BATCH) == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.sampled_from([STRUCTURED, BATCH]))
def test_no_bytes_bring_another_error(body: bytes, media_type: str) -> None:
    try:
        read_events(body, media_type)
    except EventfoldError as error:
        assert error.code != "error"  # noqa: PT017 - either is right
    else:
        compact_value(body)
