"""A topic of a Kafka broker, as relay and feed see it: counted, looked at to its end, and sent to."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Literal, TypeVar

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from eventfold.bus.kafka.failures import END, failure, is_passing, is_silence, is_unknown, refused
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.patience import LAST_WORD, PIECE, SENDING, Patience, given_up, silent
from eventfold.bus.kafka.probing import mismatch
from eventfold.bus.kafka.publisher import KafkaPublisher
from eventfold.bus.kafka.reading import KafkaReader, consumer, ends_of, received
from eventfold.bus.kafka.sending.plain import PlainSender
from eventfold.bus.kafka.sending.transactional import TransactionalSender
from eventfold.bus.port import Bounds, Publisher, Reader, Received, Sender
from eventfold.errors import BusUnavailable, EventfoldError, TopicUnfit

T = TypeVar("T")
Mode = Literal["transactional", "plain"]
_AT_ONCE = 1_000
_FIRST = 0.5
"""Seconds after which an answer is asked for again, at first; each time twice as long."""
_SETTLING = 5.0
"""Seconds for which partitions without a leader are asked again, as they are when they are new or a broker has gone."""


class KafkaTopic:
    """Implements `Topic`.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        mode: how a relay sends.
        patience: seconds for which what was sent is waited for; an answer to a question, at most 8.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        topic: str,
        *,
        mode: Mode = "transactional",
        patience: float = SENDING,
    ) -> None:
        self._client = dict(client)
        self._topic = topic
        self._mode = mode
        self._patience = Patience(patience)
        self._hearing = Hearing()
        self._was_there = False
        self._counted = 0
        self._reader: Consumer | None = None
        self._admin: AdminClient | None = None

    @property
    def name(self) -> str:
        """Of the topic alone."""
        return self._topic

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of its clients."""
        return self._client

    def count(self) -> int:
        """How many partitions it has; one that is compacted is refused."""
        found = self.partition_count()
        policy = self._policy()
        if "compact" in policy:
            raise TopicUnfit(
                f"The topic {self._topic} is compacted: it would forget events of a stream and keep others. Set its"
                " cleanup.policy to delete, or take another topic.",
                topic=self._topic,
            )
        return found

    def partition_count(self) -> int:
        """As the broker says."""
        found = self._ask("asking for its partitions", self._partitions)
        if self._counted not in {0, found} and self._reader is not None:
            self._reader.close()  # it goes on knowing those that there were
            self._reader = None
        self._counted = found
        self._was_there = True
        return found

    def bounds(self, partition: int) -> Bounds:
        """Up to the last offset whose outcome is known."""
        wanted = TopicPartition(self._topic, partition)
        low, end = self._ask_reader(
            "asking for its end",
            lambda reader, seconds: reader.get_watermark_offsets(wanted, timeout=seconds, cached=False),
        )
        return Bounds(low, end)

    def ends(self, count: int) -> Sequence[int]:
        """Up to the last offsets whose outcome is known."""
        return self._ask_reader(
            "asking for its ends", lambda reader, seconds: ends_of(reader, self._topic, count, seconds)
        )

    def scan(self, parts: Mapping[int, Bounds]) -> Generator[Received, None, None]:
        """To the ends that were read before, also where they are followed by control records only."""
        left = {partition: bounds.end for partition, bounds in parts.items() if bounds.low < bounds.end}
        if not left:
            return
        reader = self._consumer()
        reader.assign([TopicPartition(self._topic, partition, parts[partition].low) for partition in left])
        until = time.monotonic() + self._patience.sending
        self._hearing.back()
        try:
            while left:
                # the client waits for all that it is asked for: so for one, and then for what came with it
                found = self._ask("reading", lambda _: reader.consume(1, timeout=0.2))
                found += self._ask("reading", lambda _: reader.consume(_AT_ONCE, timeout=0)) if found else []
                for message in found:
                    partition, offset = message.partition() or 0, message.offset() or 0
                    error = message.error()
                    if error is not None and error.code() != END:
                        raise failure(error, self._topic, "reading", self._hearing.last)
                    if error is None and offset < left.get(partition, 0):
                        yield received(message)
                    if offset >= left.get(partition, offset + 2) - 1:
                        del left[partition]
                now, gone = time.monotonic(), self._hearing.gone()
                if found:
                    until = now + self._patience.sending
                    self._hearing.back()
                elif self._patience.is_over(LAST_WORD):
                    raise given_up(self._topic, "reading")
                elif gone > self._patience.answer:
                    raise silent(self._topic, "reading", gone, self._hearing)
                elif now > until:
                    raise BusUnavailable(
                        f"{self._topic} has more, and gave nothing for {self._patience.sending:.0f} s.",
                        topic=self._topic,
                    )
        finally:
            reader.unassign()

    def identity(self) -> str:
        """The id that the broker gave it."""
        topics, kafka = TopicCollection([self._topic]), self._kafka()
        found = self._told(lambda seconds: kafka.describe_topics(topics, request_timeout=seconds))
        return str(found.topic_id) if found is not None and found.topic_id is not None else ""

    def reader(self) -> Reader:
        """With a client of its own."""
        return KafkaReader(self._client, self._topic)

    def sender(self) -> Sender:
        """Of the mode."""
        if self._mode == "plain":
            return PlainSender(self._client, self._topic, self._patience)
        return TransactionalSender(self._client, self._topic, self._patience)

    def publisher(self, timeout: float) -> Publisher:
        """Idempotent, but where the mode is plain."""
        return KafkaPublisher(self._client, self._topic, is_idempotent=self._mode != "plain", timeout=timeout)

    def heed(self, stop: Callable[[], bool]) -> None:
        """For its senders and readers too."""
        self._patience.heed(stop)

    def close(self) -> None:
        """Ends its connections."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._admin = None

    def _consumer(self) -> Consumer:
        if self._reader is None:
            self._reader = consumer(self._client, self._hearing, **{"fetch.wait.max.ms": 10})
        return self._reader

    def _partitions(self, seconds: float) -> int:
        found = self._kafka().list_topics(self._topic, timeout=seconds).topics[self._topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return len(found.partitions)

    def _policy(self) -> str:
        """Empty where the broker does not tell, as some services do not."""
        resources, kafka = [ConfigResource(ResourceType.TOPIC, self._topic)], self._kafka()
        settings = self._told(lambda seconds: kafka.describe_configs(resources, request_timeout=seconds))
        found = (settings or {}).get("cleanup.policy")
        return found.value or "" if found is not None else ""

    def _kafka(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient(self._hearing.settings(self._client))
        return self._admin

    def _ask_reader(self, what: str, call: Callable[[Consumer, float], T]) -> T:
        """An answer to the client that reads."""

        def ask(seconds: float) -> T:
            reader = self._consumer()
            try:
                return call(reader, seconds)
            except KafkaException as error:
                if is_unknown(error):
                    # what a broker that had just started told it of the topic it believes for a quarter of an hour
                    with suppress(KafkaException):
                        reader.list_topics(self._topic, timeout=seconds)
                raise

        return self._ask(what, ask)

    def _ask(self, what: str, call: Callable[[float], T]) -> T:
        """An answer, for which a call waits for so many seconds."""
        began, patience = time.monotonic(), self._patience
        until, settled = began + patience.answer, began + min(patience.answer, _SETTLING)
        seconds, is_probed = _FIRST, False
        while True:
            if patience.is_over(LAST_WORD):
                raise given_up(self._topic, what)
            try:
                return call(min(seconds, patience.answer))
            except KafkaException as error:
                if (refusal := self._refusal()) is not None:
                    raise refusal from None
                now = time.monotonic()
                if is_silence(error):
                    if patience.is_over():
                        raise given_up(self._topic, what) from None
                    if not is_probed and self._hearing.gone():
                        is_probed, wrong = True, mismatch(self._client, self._topic)
                        if wrong is not None:
                            raise wrong from None
                    if now >= until:
                        raise silent(self._topic, what, now - began, self._hearing) from None
                elif now > (settled if is_passing(error) and not self._is_absent(error) else 0):
                    raise failure(
                        error, self._topic, what, self._hearing.last, was_there=self._was_there
                    ) from None
                seconds = min(2 * seconds, max(until - now, _FIRST))  # a broker may be slow to answer
            time.sleep(0.05)

    def _is_absent(self, error: KafkaException) -> bool:
        """Whether a broker that knows other topics does not know this one: it has not just started."""
        if self._was_there or not is_unknown(error):
            return False
        with suppress(KafkaException):
            known = self._kafka().list_topics(timeout=_FIRST).topics
            return self._topic not in known and any(not name.startswith("__") for name in known)
        return False

    def _told(self, call: Callable[[float], Mapping[Any, Future[T]]]) -> T | None:
        """An answer that not every broker gives; None where none came."""
        until = time.monotonic() + self._patience.answer
        try:
            (answer,) = call(self._patience.answer).values()
            while not self._patience.is_over(LAST_WORD) and time.monotonic() < until:
                with suppress(TimeoutError):
                    return answer.result(PIECE)
        except KafkaException:
            pass
        return None

    def _refusal(self) -> EventfoldError | None:
        """Why the broker lets nobody in, where it says so; the error that an answer lacks does not tell."""
        if self._admin is None:
            return None
        self._hearing.listen(self._admin)  # a consumer that is polled may lose a message
        found = self._hearing.refusal
        return refused(found, self._topic, self._client) if found is not None else None
