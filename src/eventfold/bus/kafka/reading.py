"""Reads on in all partitions of a topic."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, repeat
from operator import is_, methodcaller
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaException, Message, TopicPartition

from eventfold.bus.kafka.failures import END, failure, is_forgotten, refused
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.port import Ended, Received, Run
from eventfold.errors import CursorExpired

_KILOBYTES = 16 * 1024
"""That are fetched ahead, at most."""
_TOGETHER = 64
"""Messages of a run, at most."""

_partition: Callable[[Any], int] = methodcaller("partition")
_error = methodcaller("error")


def received(message: Message) -> Received:
    """A message of the client as the port has it."""
    return Received(
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        message.headers() or [],
    )


def consumer(client: Mapping[str, Any], hearing: Hearing, **more: Any) -> Consumer:
    """A client that reads what is committed, where it is told to."""
    return Consumer(
        {
            **hearing.settings(client),
            "group.id": "eventfold",  # which is never joined, and nothing is committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": _KILOBYTES,
            "fetch.queue.backoff.ms": 10,  # for so long nothing is fetched where that much waits; else for a second
            **more,
        }
    )


def ends_of(client: Consumer, topic: str, count: int, seconds: float) -> Sequence[int]:
    """For each partition, the end of what the outcome is known of.

    Args:
        client: that reads what is committed, and fetches nothing: a broker answers one connection after the other, and
            would answer after a fetch that waits for news.
        topic: the topic.
        count: its partitions.
        seconds: for which an answer is waited for.

    Raises:
        KafkaException: the broker did not answer.
    """
    asked = [TopicPartition(topic, partition, OFFSET_END) for partition in range(count)]
    found = {one.partition: one for one in client.offsets_for_times(asked, timeout=seconds)}
    for one in found.values():
        if one.error is not None:
            raise KafkaException(one.error)
    return [found[partition].offset for partition in range(count)]


class KafkaReader:
    """Implements `Reader`.

    Args:
        client: settings of librdkafka.
        topic: the topic.
    """

    def __init__(self, client: Mapping[str, Any], topic: str) -> None:
        self._topic = topic
        self._hearing = Hearing()
        self._consumer = consumer(client, self._hearing, **{"fetch.wait.max.ms": 50})
        self._held: set[int] = set()

    def seek(self, offsets: Mapping[int, int]) -> None:
        """By a new assignment: what was fetched ahead is forgotten."""
        self._consumer.assign([TopicPartition(self._topic, n, offset) for n, offset in offsets.items()])
        self._held.clear()

    def hold(self, partitions: Collection[int]) -> None:
        """What was fetched of them is fetched again."""
        wanted = set(partitions)
        if more := wanted - self._held:
            self._consumer.pause([TopicPartition(self._topic, n) for n in more])
        if less := self._held - wanted:
            self._consumer.resume([TopicPartition(self._topic, n) for n in less])
        self._held = wanted

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Ended]:
        """What the client has fetched; each message can be given back before the next is looked at."""
        try:
            messages = self._consumer.consume(limit, 0)
            if not messages:  # a client that is told to wait waits until it has as many as that
                messages = self._consumer.consume(1, timeout)
                messages += self._consumer.consume(limit - 1, 0) if limit > 1 and messages else []
        except KafkaException as error:
            raise failure(error, self._topic, "reading", self._hearing.last) from None
        if messages:
            self._hearing.refusal = None
        elif (refusal := self._hearing.refusal) is not None:
            # the client tries again for ever, and would look as one that has nothing to read
            raise refused(refusal, self._topic, self._hearing.client) or failure(
                refusal, self._topic, "reading", self._hearing.last
            )
        messages.reverse()
        while messages:
            some = messages[-_TOGETHER:]
            del messages[-_TOGETHER:]
            runs = [Run(partition, list[Any](same)) for partition, same in groupby(some, key=_partition)]
            del some
            while runs:
                run = runs.pop()
                if all(map(is_, map(_error, run.messages), repeat(None))):
                    yield run
                else:
                    yield from map(self._apart, reversed(run.messages))

    def _apart(self, message: Any) -> Run | Ended:
        """A message, or where a partition ends, which is no failure."""
        report = message.error()
        if report is None:
            return Run(message.partition() or 0, [message])
        if report.code() == END:
            return Ended(message.partition() or 0, message.offset() or 0)
        if is_forgotten(report):
            raise CursorExpired(
                f"{self._topic} no longer holds what is to be read of its partition {message.partition()}: raise"
                " its retention, fill a new topic from the log, and rebuild what follows it: `eventfold rebuild`.",
                topic=self._topic,
            )
        raise failure(report, self._topic, "reading", self._hearing.last)

    def close(self) -> None:
        """Ends its connections."""
        self._consumer.close()
