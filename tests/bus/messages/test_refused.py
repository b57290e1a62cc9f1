"""What others write into a topic, or do to a message, is told by a typed error before anything of it is used."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold import limits
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Headers, Message
from eventfold.errors import BodyTooLarge, EncodingInvalid, EventfoldError, FormatUnknown, MessageInvalid
from tests.bus.messages.making import BINARY, LOG, ONE, STRUCTURED, changed, headers_of, opened

GOOD = BINARY.event(ONE)
NEEDED = sorted(
    {name.removeprefix("ce_") for name, _ in GOOD.headers}
    - {"content-type", "recordedtime", "correlationid", "causationid", "traceparent"}
)


def reason(message: Message) -> tuple[object, object]:
    with pytest.raises(MessageInvalid) as told:
        opened(message).event()
    assert LOG not in told.value.message
    return told.value.facts["reason"], told.value.facts.get("field")


def with_body(change: Callable[[dict[str, Any]], object]) -> Message:
    body = json.loads(GOOD.value)
    change(body)
    return GOOD._replace(value=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (None, b"hello"),
        ([], None),
        ([("content-type", b"application/json")], b"{}"),
        ([("content-type", b"application/cloudevents+json")], b"{}"),
        ([("content-type", b"application/cloudevents+json; charset=utf-8")], b"[" * 100_000),
        (
            [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/a"), ("ce_type", b"Placed")],
            b'{"id":"1"}',
        ),
        ([("b'ce_id'", b"1")], GOOD.value),
    ],
)
def test_messages_of_others_are_told(headers: Headers | None, body: bytes | None) -> None:
    with pytest.raises(MessageInvalid) as told:
        read_envelope(headers, body)
    assert told.value.facts["reason"] == "foreign"


@pytest.mark.parametrize("name", NEEDED)
def test_half_the_headers_are_told_by_the_one_that_is_missing(name: str) -> None:
    assert reason(changed(GOOD, **{name: None})) == ("incomplete", name)


def test_the_headers_that_may_be_missing_may() -> None:
    message = changed(GOOD, correlationid=None, causationid=None, traceparent=None)
    assert opened(message).event() == ONE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("source", "elsewhere"),
        ("logposition", "-1"),
        ("logposition", "0"),
        ("logposition", "1.0"),
        ("logposition", "٣"),
        ("logposition", "9" * 19),
        ("logposition", "9" * 5_000),
        ("streamversion", "0"),
        ("schemaversion", ""),
        ("topicpartitions", "0"),
        ("logpartition", ""),
        ("subject", "order-1\x1b[31m"),
        ("type", "a\nb"),
        ("time", "yesterday"),
        ("time", "2026-02-30T00:00:00.000000Z"),
        ("time", "2026-01-01T00:00:00.000000"),
        ("recordedtime", "2026-01-01T00:00:00.0000001Z"),
        ("subject", "x" * 3_000),
    ],
)
def test_a_header_that_cannot_be_is_told_by_its_name(name: str, value: str) -> None:
    assert reason(changed(GOOD, **{name: value})) == ("wrong", name)


def test_a_header_twice_and_a_body_that_is_declared_no_json_are_told() -> None:
    assert reason(GOOD._replace(headers=[*GOOD.headers, ("ce_logposition", b"8")])) == (
        "wrong",
        "ce_logposition",
    )
    headers = dict(GOOD.headers) | {"content-type": b"text/plain"}
    assert reason(GOOD._replace(headers=list(headers.items()))) == ("wrong", "content-type")
    assert opened(GOOD._replace(headers=[*GOOD.headers, ("trace", b"1"), ("trace", b"2")])).event() == ONE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "00010203-0405-0607-0809-0a0b0c0d0e00"),
        ("id", "00010203-0405-0607-0809-0A0B0C0D0E0F"),
        ("id", ONE.id.hex),
        ("id", "x"),
        ("subject", "order-2"),
        ("type", "Paid"),
        ("streamversion", "4"),
        ("schemaversion", "3"),
        ("time", "2020-09-13T12:26:40.000002Z"),
        ("recordedtime", "2023-11-14T22:13:20.123457Z"),
        ("recordedtime", None),
    ],
)
def test_headers_that_say_something_else_than_the_body_are_told(name: str, value: str | None) -> None:
    assert reason(changed(GOOD, **{name: value}))[0] == "tampered"


@pytest.mark.parametrize(
    "message",
    [
        *(GOOD._replace(value=GOOD.value[:n]) for n in (0, 1, 40, len(GOOD.value) - 1)),
        GOOD._replace(value=b"[]"),
        GOOD._replace(value=b"[" * 100_000),
        GOOD._replace(value=GOOD.value.replace(b'{"total"', b'{total"')),
        GOOD._replace(value=GOOD.value.replace(b'"version":3', b'"version":3,"version":3')),
        with_body(lambda body: body.update(aggregateId="order-2")),
        with_body(lambda body: body.update(more=1)),
        with_body(lambda body: body.update(metadata=1)),
        with_body(lambda body: body.pop("metadata")),
        with_body(lambda body: body["metadata"].update(schemaVersion="2")),
        with_body(lambda body: body["metadata"].update(occurredAt="2020-09-13T12:26:41Z")),
        with_body(lambda body: body["metadata"].pop("occurredAt")),
    ],
)
def test_a_body_that_was_changed_is_told(message: Message) -> None:
    assert reason(message)[0] == "tampered"


def test_bytes_that_are_no_utf_8_are_told() -> None:
    with pytest.raises(EncodingInvalid, match="'ce_subject'"):
        read_envelope(changed(GOOD, subject=b"order-\xff").headers, GOOD.value)
    with pytest.raises(EncodingInvalid, match="body"):
        opened(GOOD._replace(value=GOOD.value.replace(b"12.50", b"12\xff50"))).event()


def test_a_form_of_a_later_release_is_told_whatever_else_it_lacks() -> None:
    for message in (changed(GOOD, eventfold="2"), changed(GOOD, eventfold="2", logposition=None)):
        with pytest.raises(FormatUnknown, match="install the release"):
            read_envelope(message.headers, message.value)


def test_a_body_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(BodyTooLarge):
        read_envelope(GOOD.headers, b" " * (limits.BODY_BYTES + 1))


@pytest.mark.parametrize(
    "text", ["", "x" * 36, "0001020-30405-0607-0809-0a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e  "]
)
def test_headers_and_body_that_agree_on_what_is_no_id_are_told(text: str) -> None:
    value = GOOD.value.replace(b"00010203-0405-0607-0809-0a0b0c0d0e0f", text.encode())
    assert reason(changed(GOOD._replace(value=value), id=text))[0] == "tampered"


def test_another_log_is_told_by_its_id() -> None:
    assert opened(MessageEncoder("other", 6).event(ONE)).log == "other"


def test_a_document_that_was_written_anew_says_the_same() -> None:
    """Brokers do not, but tools do that copy topics."""
    found = opened(with_body(lambda body: body.update(version=body.pop("version")))).event()
    assert (found.data_map(), found.metadata_map()) == (ONE.data_map(), ONE.metadata_map())
    assert (found.occurred_us, found.recorded_us, found.position) == (ONE.occurred_us, ONE.recorded_us, 7)


@settings(deadline=None)
@given(st.data())
def test_whatever_comes_is_an_event_or_an_error_of_the_tree(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([GOOD, STRUCTURED.event(ONE)]))
    headers: Headers = [
        (name, data.draw(st.sampled_from([value, value, value, b"", b"\xff", value[:-1], b"1"])))
        for name, value in headers_of(good).items()
        if data.draw(st.integers(0, 19))
    ]
    body = bytearray(good.value)
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_envelope(headers, bytes(body))
        if isinstance(found, EventEnvelope):
            found.event()
    except EventfoldError:
        pass
