"""What is encoded survives a real broker, byte for byte, names in any language too."""

from confluent_kafka import Consumer, Producer, TopicPartition
from msgspec import structs

from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.messages.form import Progress
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.conftest import MakeTopic
from tests.bus.messages.making import HOSTILE, LOG, ONE
from tests.bus.sharing import Shared
from tests.irregular import IRREGULAR_DATA

COUNT = 3
SENT = [
    *(structs.replace(ONE, position=n, stream=f"order-{name}", type=f"T{name}") for n, name in enumerate(HOSTILE, 1)),
    *(structs.replace(ONE, position=n, data=text) for n, text in enumerate(IRREGULAR_DATA.values(), 100)),
]  # fmt: skip


def test_events_and_progress_come_back_from_a_topic(kafka: Shared, topic: MakeTopic) -> None:
    name, told = topic(COUNT), Progress(Cursor(LOG, {"p1": Mark(7, "ab")}), {"p1": Place(7, 3)})
    producer = Producer({**kafka.plain, "enable.idempotence": True})
    encoders = [MessageEncoder(LOG, COUNT), MessageEncoder(LOG, COUNT, is_structured=True)]
    for encoder in encoders:
        for event in SENT:
            sent = encoder.event(event)
            producer.produce(name, sent.value, sent.key, sent.partition or 0, headers=sent.headers)
        record = encoder.progress(told, new_id(), 1)
        for partition in range(COUNT):
            producer.produce(name, record.value, partition=partition, headers=record.headers)
    assert producer.flush(60) == 0
    events: list[RecordedEvent] = []
    records: list[Progress] = []
    reader = Consumer({**kafka.plain, "group.id": name})
    reader.assign([TopicPartition(name, partition, 0) for partition in range(COUNT)])
    while len(events) + len(records) < len(encoders) * (len(SENT) + COUNT):
        message = reader.poll(60)
        assert message is not None
        assert message.error() is None
        found = read_envelope(message.headers(), message.value())
        if isinstance(found, EventEnvelope):
            assert message.key() == found.stream.encode()
            events.append(found.event())
        else:
            assert isinstance(found, ProgressEnvelope)
            records.append(found.progress())
    reader.close()
    assert sorted(events, key=repr) == sorted(SENT * 2, key=repr)
    assert records == [told] * COUNT * 2
