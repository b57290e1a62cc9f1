"""A log and the topic that a relay brings it to, whole or in pieces that the test sends itself."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Producer

import eventfold as ef
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.marks import NOWHERE, Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message, Progress
from eventfold.bus.relay.relay import Relay
from eventfold.engines.spark.sources.bus import BusSource
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.loop import catch_up
from tests.spark.shop import Shop

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class TopicShop(Shop):
    """A shop whose log goes to a topic."""

    def __init__(
        self, session: "SparkSession", folder: Path, client: dict[str, Any], topic: str, count: int
    ) -> None:
        super().__init__(session, folder)
        self.client, self.topic, self.count = client, topic, count
        self.bus = f"kafka://{client['bootstrap.servers']}/{topic}"
        with ef.open_store(self.log) as store:
            self.log_id = store.log_id

    def relay(self, *, page: int = 1_000, is_structured: bool = False) -> None:
        """Once, to the end."""
        with ef.open_store(self.log) as store, closing(KafkaTopic(self.client, self.topic)) as there:
            catch_up([Relay(store, there, page=page, is_structured=is_structured)])

    def source(self) -> BusSource:
        return BusSource(self.bus)

    def events(self) -> Sequence[RecordedEvent]:
        with ef.open_store(self.log) as store:
            feed = store.feed()
            return feed.read(feed.start(), 10_000).events

    def messages(self, events: Sequence[RecordedEvent]) -> list[Message]:
        """Each names what stood before it in its partition of the topic."""
        encoder = MessageEncoder(self.log_id, self.count)
        last: dict[int, Place] = {}
        found: list[Message] = []
        for event in events:
            partition = encoder.partition(event.stream)
            found.append(encoder.event(event, last.get(partition, NOWHERE)))
            last[partition] = Place(event.position, event.version)
        return found

    def told(self, event: RecordedEvent, partition: int) -> Message:
        """That the relay has come to an event."""
        cursor = Cursor(self.log_id, {"0": Mark(event.position, event.id_bytes.hex())})
        progress = Progress(cursor, {"0": Place(event.position, event.version)})
        made = MessageEncoder(self.log_id, self.count).progress(progress, new_id(), event.recorded_us)
        return made._replace(partition=partition)

    def send(self, messages: Sequence[Message], *, aborted: bool = False) -> None:
        """As they are; in a transaction that is taken back."""
        options = {"transactional.id": f"aborted-{self.topic}"} if aborted else {}
        producer = Producer({**self.client, **options})
        if aborted:
            producer.init_transactions()
            producer.begin_transaction()
        for one in messages:
            assert one.partition is not None
            producer.produce(self.topic, one.value, key=one.key, partition=one.partition, headers=one.headers)
        producer.flush(30)
        if aborted:
            producer.abort_transaction()

    def records(self, **options: str) -> "DataFrame":
        """Everything that the topic has, as Spark reads it."""
        settings = {"kafka.bootstrap.servers": self.client["bootstrap.servers"], "subscribe": self.topic}
        reader = self.session.read.format("kafka").options(**settings, includeHeaders="true")
        return reader.options(**{"kafka.isolation.level": "read_committed", **options}).load()
