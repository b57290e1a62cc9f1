"""An independent SDK reads what we write, and what it writes of that we read: all but the digits of JSON numbers."""

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from hypothesis import example, given

from eventfold.bus.cloudevents.attributes import fault_of
from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.messages.form import PROGRESS, Message, Progress
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.messages.making import BINARY, EVENTS, LOG, ONE, STRUCTURED, headers_of, opened

WRITERS = [kafka.to_binary, kafka.to_structured]


def theirs(message: Message) -> kafka.KafkaMessage:
    return kafka.KafkaMessage(headers_of(message), message.key, message.value)


def ours(message: kafka.KafkaMessage) -> Message:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Message(None, key, message.value, list(message.headers.items()))


KEPT = EVENTS.filter(lambda event: not (fault_of(event.stream) or fault_of(event.type)))
"""It writes JSON with names that no CloudEvent in JSON may have."""


@given(KEPT)
@example(ONE)
def test_it_reads_what_we_write_and_writes_what_we_read(event: RecordedEvent) -> None:
    for encoder in (BINARY, STRUCTURED):
        read = kafka.from_kafka(theirs(encoder.event(event)), JSONFormat())
        assert (read.get_id(), read.get_source()) == (str(event.id), LOG)
        assert (read.get_type(), read.get_subject()) == (event.type, event.stream)
        assert read.get_time() == event.occurred_at
        assert read.get_extension("logposition") == str(event.position)
        assert read.get_extension("partitionkey") == event.stream
        body = read.get_data()
        assert isinstance(body, dict)
        assert body["data"] == event.data_map()
        assert body["metadata"]["schemaVersion"] == event.schema_version
        for write in WRITERS:
            back = opened(ours(write(read, JSONFormat()))).event()
            assert back.data_map() == event.data_map()
            assert back.metadata_map() == event.metadata_map()
            assert (back.id, back.stream, back.version, back.type) == (
                event.id,
                event.stream,
                event.version,
                event.type,
            )
            assert (back.partition, back.position) == (event.partition, event.position)
            assert (back.recorded_us, back.occurred_or_none_us) == (
                event.recorded_us,
                event.occurred_or_none_us,
            )


@pytest.mark.parametrize("is_structured", [False, True])
def test_it_tells_a_progress_record_by_its_type(is_structured: bool) -> None:
    cursor = Cursor(LOG, {"0": Mark(7, "ab")})
    message = MessageEncoder(LOG, 6, is_structured=is_structured).progress(
        Progress(cursor, {"0": Place(7, 1)}), new_id(), 5
    )
    read = kafka.from_kafka(theirs(message), JSONFormat())
    assert read.get_type() == PROGRESS
    for write in WRITERS:
        back = ours(write(read, JSONFormat()))
        found = read_envelope(back.headers, back.value)
        assert isinstance(found, ProgressEnvelope)
        assert found.progress().cursor == cursor
