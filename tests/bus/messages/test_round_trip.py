"""An event that went over a topic is the event of its log, to the last digit, with its place there."""

import json

import pytest
from hypothesis import example, given
from msgspec import structs

from eventfold import limits
from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.messages.form import PROGRESS, Progress
from eventfold.errors import EventTypeInvalid, MessageInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.events.names import check_event_type
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.messages.making import BINARY, COUNT, EVENTS, HOSTILE, LOG, ONE, STRUCTURED, headers_of, opened
from tests.irregular import IRREGULAR_DATA, nested

IRREGULAR_METADATA = [
    '{"schemaVersion":9}',
    '{"occurredAt":"2020-01-01T00:00:00Z","a":1}',
    ' {"a":1}',
    "{}\n",
    "[]",
    "",
]


@given(EVENTS)
@example(ONE)
def test_an_event_comes_back_as_it_is_in_its_log(event: RecordedEvent) -> None:
    for encoder in (BINARY, STRUCTURED):
        found = opened(encoder.event(event))
        assert (found.log, found.topic_partitions) == (LOG, COUNT)
        assert (found.partition, found.position) == (event.partition, event.position)
        assert (found.stream, found.type) == (event.stream, event.type)
        assert found.event() == event


@pytest.mark.parametrize("name", IRREGULAR_DATA)
def test_what_no_append_takes_any_more_comes_back_too(name: str) -> None:
    text = IRREGULAR_DATA[name]
    for event in (structs.replace(ONE, data=text), structs.replace(ONE, metadata=text)):
        for encoder in (BINARY, STRUCTURED):
            message = encoder.event(event)
            json.loads(message.value, parse_constant=pytest.fail)
            assert opened(message).event() == event


def test_data_of_as_many_levels_as_an_append_takes_come_back() -> None:
    event = structs.replace(ONE, data=nested(limits.JSON_DEPTH), metadata=nested(limits.JSON_DEPTH))
    for encoder in (BINARY, STRUCTURED):
        assert opened(encoder.event(event)).event() == event


@pytest.mark.parametrize("text", IRREGULAR_METADATA)
@pytest.mark.parametrize("occurred", [None, ONE.occurred_us])
def test_metadata_that_look_like_ours_stay_those_of_the_user(text: str, occurred: int | None) -> None:
    event = structs.replace(ONE, metadata=text, occurred_or_none_us=occurred)
    assert opened(BINARY.event(event)).event() == event


def test_the_headers_are_a_cloud_event_and_the_body_is_the_document() -> None:
    message = BINARY.event(ONE)
    assert {name: value.decode() for name, value in headers_of(message).items()} == {
        "ce_specversion": "1.0",
        "ce_id": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "ce_source": LOG,
        "ce_type": "Placed",
        "ce_subject": "order-1",
        "ce_time": "2020-09-13T12:26:40.000001Z",
        "ce_recordedtime": "2023-11-14T22:13:20.123456Z",
        "ce_eventfold": "1",
        "ce_logid": LOG,
        "ce_logpartition": "p1",
        "ce_logposition": "7",
        "ce_logbefore": "0.0",
        "ce_streamversion": "3",
        "ce_schemaversion": "2",
        "ce_topicpartitions": "6",
        "ce_correlationid": "c-1",
        "ce_causationid": "x-1",
        "ce_traceparent": "00-1-2-01",
        "content-type": "application/json",
    }
    assert (message.key, message.partition) == (b"order-1", 4)
    assert json.loads(message.value) == {
        "id": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "aggregateId": "order-1",
        "eventType": "Placed",
        "version": 3,
        "timestamp": "2023-11-14T22:13:20.123456Z",
        "data": {"total": "12.50", "n": 9007199254740993},
        "metadata": {
            "schemaVersion": 2,
            "occurredAt": "2020-09-13T12:26:40.000001Z",
            "actor": "ann",
            "correlationId": "c-1",
            "causationId": "x-1",
            "traceparent": "00-1-2-01",
        },
    }


def test_in_structured_mode_all_of_it_is_the_body() -> None:
    message = STRUCTURED.event(ONE)
    assert message.headers == [("content-type", b"application/cloudevents+json")]
    attributes = {
        name.removeprefix("ce_"): text.decode() for name, text in headers_of(BINARY.event(ONE)).items()
    }
    found = json.loads(message.value)
    assert found.pop("data") == json.loads(BINARY.event(ONE).value)
    assert found.pop("datacontenttype") == "application/json"
    attributes.pop("content-type")
    assert found == attributes | {
        name: found[name] for name in ("correlationid", "causationid", "traceparent")
    }


def test_the_names_of_attributes_are_those_that_every_protocol_knows() -> None:
    names = [name for name, _ in BINARY.event(ONE).headers if name != "content-type"]
    assert all(name.startswith("ce_") for name in names)
    assert all(name[3:].isascii() and name[3:].isalnum() and name[3:].islower() for name in names)
    assert max(map(len, names)) <= len("ce_") + 20


@pytest.mark.parametrize(
    "metadata", ['{"correlationId":5}', '{"correlationId":"a\\nb"}', '{"correlationId":""}']
)
def test_what_cannot_be_an_attribute_stays_in_the_metadata_alone(metadata: str) -> None:
    event = structs.replace(ONE, metadata=metadata)
    found = opened(BINARY.event(event))
    assert "correlationid" not in found.attributes
    assert found.event() == event


@pytest.mark.parametrize("is_structured", [False, True])
def test_a_progress_record_is_a_cursor_and_no_event(is_structured: bool) -> None:
    encoder = MessageEncoder(LOG, COUNT, is_structured=is_structured)
    cursor = Cursor(LOG, {"p1": Mark(7, "ab", "t"), "é": Mark()})
    message = encoder.progress(Progress(cursor, {"0": Place(7, 1)}), new_id(), ONE.recorded_us)
    assert (message.key, message.partition) == (None, None)
    found = read_envelope(message.headers, message.value)
    assert isinstance(found, ProgressEnvelope)
    assert (found.log, found.topic_partitions, found.progress().cursor) == (LOG, COUNT, cursor)
    assert found.attributes["type"] == PROGRESS
    with pytest.raises(EventTypeInvalid):
        check_event_type(PROGRESS)  # so that no event is taken for one


def test_a_progress_record_of_another_log_or_without_a_cursor_is_refused() -> None:
    message = BINARY.progress(Progress(Cursor("other", {}), {}), new_id(), 0)
    found = read_envelope(message.headers, message.value)
    assert isinstance(found, ProgressEnvelope)
    with pytest.raises(MessageInvalid, match="cursor of the log other"):
        found.progress()
    cut = read_envelope(message.headers, message.value[:-1])
    assert isinstance(cut, ProgressEnvelope)
    with pytest.raises(MessageInvalid, match="how far"):
        cut.progress()


@pytest.mark.parametrize("log", ["a b/c?ä", *HOSTILE])
def test_any_log_id_is_a_source(log: str) -> None:
    found = opened(MessageEncoder(log, 1).event(ONE))
    assert (found.log, found.event()) == (log, ONE)
    assert found.attributes["source"].isascii()
