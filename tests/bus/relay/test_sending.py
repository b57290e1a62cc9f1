"""The two ways of sending: what is in flight at once, and what fences whom."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from eventfold.bus.kafka.patience import Patience
from eventfold.bus.kafka.sending.plain import PlainSender
from eventfold.bus.kafka.sending.transactional import TransactionalSender
from eventfold.bus.messages.form import Message
from eventfold.errors import BusUnavailable, RelayFenced
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared

PARTITIONS = 3


class _Requests(logging.Handler):
    """How many requests with messages a client has in flight for each partition, as it logs them, and at most."""

    def __init__(self) -> None:
        super().__init__()
        self.now: dict[str, int] = {}
        self.most = self.all = 0

    def emit(self, record: logging.LogRecord) -> None:
        told = record.getMessage()
        before, found, _ = told.partition("]: Produce MessageSet")
        if found:
            self._count(before, 1)
        before, found, _ = told.partition("]: MessageSet")
        if found:
            self._count(before, -1)

    def _count(self, told: str, by: int) -> None:
        partition = told.rpartition("[")[2]
        self.now[partition] = self.now.get(partition, 0) + by
        self.most, self.all = max(self.most, self.now[partition]), max(self.all, sum(self.now.values()))


@pytest.fixture
def requests() -> Iterator[_Requests]:
    logger, found = logging.getLogger("eventfold.tests.requests"), _Requests()
    logger.propagate = False
    logger.addHandler(found)
    yield found
    logger.removeHandler(found)


def _logged(kafka: Shared, **more: Any) -> dict[str, Any]:
    logger = logging.getLogger("eventfold.tests.requests")
    logger.setLevel(logging.DEBUG)
    return {**kafka.plain, "debug": "msg", "log_level": 7, "logger": logger, **more}


def _messages(count: int, size: int = 10) -> Iterator[Message]:
    for number in range(count):
        yield Message(number % PARTITIONS, b"key", b"%*d" % (size, number), [])


def _values(kafka: Shared, topic: str) -> list[int]:
    """What was committed, by partition."""
    reader = Consumer({**kafka.plain, "group.id": "sending", "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
    found: list[tuple[int, int]] = []
    ended = 0
    while ended < PARTITIONS:
        for message in reader.consume(100, 1.0):
            ended += message.error() is not None
            if message.error() is None:
                found.append((message.partition() or 0, int(message.value() or b"-1")))
    reader.close()
    return [value for _, value in sorted(found, key=lambda one: one[0])]


def test_in_plain_mode_a_partition_has_one_request_in_flight_and_others_have_theirs(
    kafka: Shared, topic: MakeTopic, requests: _Requests
) -> None:
    name = topic(PARTITIONS)
    with closing(PlainSender(_logged(kafka), name, Patience())) as sender:
        for count, size in ((30, 10), (5_000, 10), (60, 100_000)):
            sender.send(_messages(count, size))
    assert requests.most == 1
    assert requests.all > 1
    assert _values(kafka, name) == [
        n for part in range(PARTITIONS) for c in (30, 5_000, 60) for n in range(part, c, PARTITIONS)
    ]


def test_one_that_sends_smaller_requests_is_found_to_have_several_in_flight(
    kafka: Shared, topic: MakeTopic, requests: _Requests
) -> None:
    """The control of the test above."""
    logged = _logged(kafka)

    class Hasty(PlainSender):
        def _settle(self, began: float) -> None:
            if self._wanted % 5_000 == 0:
                super()._settle(began)

    with closing(Hasty(logged, topic(PARTITIONS), Patience())) as sender:
        sender.send(_messages(5_000))
    assert requests.most > 1


def test_in_plain_mode_nothing_is_sent_behind_what_the_client_sent_while_the_relay_stood_still(
    kafka: Shared, topic: MakeTopic
) -> None:
    """It sends what waits for long: what comes after that would overtake it where it fails."""

    def slowly() -> Iterator[Message]:
        yield Message(0, b"key", b"0", [])
        time.sleep(0.15)
        yield Message(0, b"key", b"1", [])

    name = topic(PARTITIONS)
    with (
        closing(PlainSender(kafka.plain, name, Patience(0.2))) as sender,
        pytest.raises(BusUnavailable, match="stood still"),
    ):
        sender.send(slowly())
    assert _values(kafka, name) in ([], [0])


def _fence(sender: TransactionalSender, which: int) -> None:
    sender._producers[which].init_transactions(30)


@pytest.fixture
def sender(kafka: Shared) -> Iterator[Callable[[str], TransactionalSender]]:
    made: list[TransactionalSender] = []

    def make(topic: str) -> TransactionalSender:
        made.append(TransactionalSender(kafka.plain, topic, Patience()))
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[[str], TransactionalSender]


def test_in_transactions_all_of_each_is_there_in_order(kafka: Shared, topic: MakeTopic, sender: Make) -> None:
    name = topic(PARTITIONS)
    one = sender(name)
    one.fence()
    for _ in range(5):
        one.send(_messages(30))
    other = sender(name)
    other.fence()  # and all markers are written
    assert _values(kafka, name) == [
        n for part in range(PARTITIONS) for _ in range(5) for n in range(part, 30, PARTITIONS)
    ]
    with pytest.raises(RelayFenced):
        one.send(_messages(3))


def test_of_two_that_fence_each_other_halfway_one_sends_nothing(
    kafka: Shared, topic: MakeTopic, sender: Make
) -> None:
    name = topic(PARTITIONS)
    slow, quick = sender(name), sender(name)
    _fence(slow, 0)
    quick.fence()
    _fence(slow, 1)
    quick.send(_messages(3))
    with pytest.raises(RelayFenced):
        slow.send(_messages(6))
    with pytest.raises(RelayFenced):
        quick.send(_messages(6))
    sender(name).fence()
    assert sorted(_values(kafka, name)) == [0, 1, 2]


def test_one_that_begins_with_the_other_id_sends_beside_its_successor(
    kafka: Shared, topic: MakeTopic, sender: Make
) -> None:
    """The control of the test above."""
    name = topic(PARTITIONS)
    slow, quick = sender(name), sender(name)
    _fence(slow, 0)
    quick.fence()
    _fence(slow, 1)
    slow._turn = 1
    quick.send(_messages(3))
    slow.send(_messages(6))
    sender(name).fence()
    assert len(_values(kafka, name)) == 9
