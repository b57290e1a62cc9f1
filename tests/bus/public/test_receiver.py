"""What others publish to a topic is in the log once, in order by key, whatever ends or moves; a gap is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

import eventfold as ef
from eventfold.app.live import Live
from eventfold.bus.open import open_topic
from eventfold.errors import CursorExpired, DefinitionError, StorageFailed
from eventfold.feed.loop import catch_up
from eventfold.handlers.public.topics.receiver import TopicReceiver
from eventfold.store.port import Store
from tests.bus.conftest import MakeTopic
from tests.bus.making import make_topic
from tests.bus.public.making import ShipmentStarted, fill, shop
from tests.bus.sharing import Shared


class Noted(ef.Event):
    n: int


class Parcel(ef.Aggregate[Noted]):
    def note(self, n: int) -> None:
        self.raise_event(Noted(n=n))

    def apply(self, event: Noted) -> None: ...


@ef.consume("shipments", ShipmentStarted)
def started(event: ShipmentStarted, _message: ef.Message) -> ef.Command:
    return ef.Command(f"parcel-{event.order}", Parcel.note, n=event.n)


parcels = ef.App("parcels", aggregates=[Parcel], handlers=[started])


@pytest.fixture
def store() -> Iterator[Store]:
    with ef.open_store("sqlite://") as found:
        yield found


def url(kafka: Shared, name: str) -> str:
    return f"kafka://{kafka.plain['bootstrap.servers']}/{name}"


@contextmanager
def receiver(
    kafka: Shared, store: Store, name: str, kind: type[TopicReceiver] = TopicReceiver, **options: Any
) -> Iterator[TopicReceiver]:
    with closing(open_topic(url(kafka, name))) as topic:
        yield kind(store, "shipments", topic, **options)


def receive(kafka: Shared, store: Store, name: str, **options: Any) -> tuple[int, int]:
    """All that is there; how many events were received, and how many known."""
    with receiver(kafka, store, name, **options) as found:
        catch_up([found])
        return found.handled, found.known


def event(key: str, n: int, **changes: Any) -> bytes:
    made = {"specversion": "1.0", "id": f"{key}.{n}", "source": "/s", "type": "com.example.shipment.started"}
    return json.dumps({**made, "partitionkey": key, "data": {"order": key, "n": n}, **changes}).encode()


def send(kafka: Shared, name: str, *values: bytes, partition: int | None = None) -> None:
    producer = Producer({**kafka.plain, "linger.ms": 0})
    for value in values:
        producer.produce(name, value, partition=-1 if partition is None else partition)
    assert producer.flush(30) == 0


def told(store: Store) -> dict[str, list[int]]:
    """By key, the numbers of what was received, in the order of the log."""
    found: dict[str, list[int]] = {}
    for info in store.streams("inbox_shipments"):
        for one in store.read(info.stream):
            data = one.data_map()
            if data.get("text"):
                found.setdefault(info.stream.partition("-")[2], []).append(json.loads(data["text"])["n"])
    return found


def test_what_one_app_publishes_to_a_topic_another_consumes_once_though_it_stands_there_twice(
    kafka: Shared, topic: MakeTopic, tmp_path: Any
) -> None:
    name = topic(3)
    for _ in range(2):  # the second worker has lost its memory
        with shop("sent").open("sqlite://", state="sqlite://", targets={"sent": url(kafka, name)}) as live:
            fill(live, 12, 3)
            live.handle()
    send(kafka, name, *[event("order-9", 1)] * 2)
    log = f"sqlite:///{tmp_path}/parcels.db"
    with parcels.open(log, state="sqlite://") as live, ef.open_store(log) as store:
        assert receive(kafka, store, name) == (25, 1)
        assert receive(kafka, store, name) == (0, 0)
        live.handle()
        assert decided(live, "order-9") == [1]
        assert decided(live, "order-0") == [1, 2, 3, 4, 1, 2, 3, 4]
        live.handle()
        assert decided(live, "order-9") == [1]


def decided(live: Live, key: str) -> list[int]:
    events = [one.event for one in live.repository(Parcel).history(f"parcel-{key}")]
    return [event.n for event in events if isinstance(event, Noted)]


def test_what_cannot_be_read_is_parked_with_its_bytes_and_a_poisoned_key_stops_no_other(
    kafka: Shared, topic: MakeTopic, tmp_path: Any
) -> None:
    name = topic()
    large = event("a", 7, data={"order": "a", "n": 7, "note": "x" * 950_000})
    send(
        kafka, name, event("a", 1), b"\xff\xfe", event("b", 1, data={"order": "b", "n": "one"}), event("b", 2),
        event("a", 2), large, event("a", 3),
    )  # fmt: skip
    producer = Producer(kafka.plain)
    producer.produce(name, b"{}", headers=[("ce_specversion", b"1.0"), ("ce_id", b"7")])
    producer.flush(30)
    log = f"sqlite:///{tmp_path}/parcels.db"
    with parcels.open(log, state="sqlite://") as live, ef.open_store(log) as store:
        with receiver(kafka, store, name) as found:
            catch_up([found])
            assert (found.handled, found.unreadable) == (8, 3)
        live.handle()
        assert decided(live, "a") == [1, 2, 3]
        parked = live.handler(started).parked()
        (b,) = [stream for stream in parked if stream == "inbox_shipments-b"]
        assert len(parked) == 4
        assert b
        kept = [one.data_map() for stream in parked if stream != b for one in store.read(stream)]
        codes = {data["code"]: data for data in kept}
        assert set(codes) == {"encoding-invalid", "payload-invalid", "event-too-large"}
        assert codes["encoding-invalid"]["content"] == "//4="
        assert "offset 7" in codes["payload-invalid"]["message"]
        assert "offset 5" in codes["event-too-large"]["message"]


class Crashing(TopicReceiver):
    """Ends between what is written and the word of it."""

    def _keep(self, *, now: bool = False) -> None:
        if self.handled:
            raise StorageFailed("the disk is gone")
        super()._keep(now=now)


class Hasty(TopicReceiver):
    """The mistake: how far it has come is kept before it is written."""

    def _take(self, records: Sequence[Any]) -> None:
        for record in records:
            self._next[record.partition] = record.offset + 1
        self._keep(now=True)
        raise StorageFailed("the disk is gone")


def crash(kafka: Shared, store: Store, name: str, kind: type[TopicReceiver]) -> tuple[int, int]:
    """What is received after a receiver has ended at the first records that it took."""
    send(kafka, name, *(event(key, n) for n in range(1, 4) for key in "abc"))
    with receiver(kafka, store, name, kind) as found, pytest.raises(StorageFailed):
        catch_up([found])
    return receive(kafka, store, name)


def test_a_receiver_that_ends_before_the_word_of_it_loses_and_doubles_nothing(
    kafka: Shared, topic: MakeTopic, store: Store
) -> None:
    received, known = crash(kafka, store, topic(2), Crashing)
    assert (received + known, known > 0) == (9, True)
    assert {key: sorted(some) for key, some in told(store).items()} == {key: [1, 2, 3] for key in "abc"}


def test_control_a_receiver_that_keeps_how_far_it_is_before_it_writes_loses(
    kafka: Shared, topic: MakeTopic, store: Store
) -> None:
    received, known = crash(kafka, store, topic(2), Hasty)
    assert (received < 9, known) == (True, 0)
    assert sum(map(len, told(store).values())) == received


def test_now_on_a_quiet_topic_is_written_down_when_it_is_first_seen(
    kafka: Shared, topic: MakeTopic, store: Store
) -> None:
    name = topic(2)
    send(kafka, name, event("a", 1), partition=0)
    assert receive(kafka, store, name, begin="now") == (0, 0)
    send(kafka, name, event("a", 2), partition=0)
    send(kafka, name, event("b", 1), partition=1)
    assert receive(kafka, store, name, begin="now") == (2, 0)
    assert told(store) == {"a": [2], "b": [1]}


def test_partitions_that_are_added_are_read_from_their_beginning(
    kafka: Shared, topic: MakeTopic, store: Store
) -> None:
    name = topic()
    clock = [0.0]
    with receiver(kafka, store, name, begin="now", clock=lambda: clock[0]) as found:
        while not found.step():
            pass
        admin = AdminClient(kafka.plain)
        admin.create_partitions([NewPartitions(name, 3)])[name].result(30)
        send(kafka, name, event("a", 1), partition=2)
        until_read(found, lambda: clock.__setitem__(0, clock[0] + 11))
        found.finish()
    send(kafka, name, event("b", 1), partition=1)
    assert receive(kafka, store, name) == (1, 0)
    assert told(store) == {"a": [1], "b": [1]}


def until_read(found: TopicReceiver, between: Callable[[], object]) -> None:
    for _ in range(200):
        found.step()
        if found.handled:
            return
        between()
    raise AssertionError("what stands in the new partition was not read")


def test_what_the_topic_has_forgotten_unread_is_told_and_passed_only_where_a_person_says_so(
    kafka: Shared, topic: MakeTopic, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic()
    send(kafka, name, event("a", 1), event("a", 2))
    receive(kafka, store, name)
    send(kafka, name, *(event("a", n) for n in range(3, 8)))
    admin = AdminClient(kafka.plain)
    for answer in admin.delete_records([TopicPartition(name, 0, 5)]).values():
        answer.result(30)
    for _ in range(2):
        with pytest.raises(
            CursorExpired, match=r"forgotten 3 records .* offset 5, and offset 2 .*--past-gap"
        ):
            receive(kafka, store, name)
    assert receive(kafka, store, name, past_gap=True) == (2, 0)
    assert "goes on behind a gap, as it was told" in caplog.text
    assert told(store) == {"a": [1, 2, 6, 7]}
    send(kafka, name, event("a", 8))
    assert receive(kafka, store, name) == (1, 0)


def test_a_topic_that_was_made_again_is_another_one(kafka: Shared, topic: MakeTopic, store: Store) -> None:
    name = topic()
    send(kafka, name, event("a", 1), event("a", 2))
    receive(kafka, store, name)
    admin = AdminClient(kafka.plain)
    admin.delete_topics([name])[name].result(30)
    again(kafka, name)
    send(kafka, name, event("a", 2), event("a", 3))
    with pytest.raises(CursorExpired, match="is another topic"):
        receive(kafka, store, name)
    assert receive(kafka, store, name, past_gap=True) == (1, 1)
    assert told(store) == {"a": [1, 2, 3]}


def again(kafka: Shared, name: str) -> None:
    for _ in range(100):
        try:
            make_topic(kafka.plain, name)
        except Exception as error:  # the broker takes a moment to forget it
            if "already exists" not in str(error):
                raise
        else:
            return
    raise AssertionError("the topic did not go away")


def test_one_reads_and_another_stands_by_until_it_ends(kafka: Shared, topic: MakeTopic, store: Store) -> None:
    name = topic()
    send(kafka, name, event("a", 1))
    with (
        receiver(kafka, store, name, owner="first") as first,
        receiver(kafka, store, name, owner="second", clock=clock()) as second,
    ):
        while not first.step():
            pass
        assert second.step()
        assert second.stands_by
        assert (second.offsets, first.handled) == ({}, 1)
        first.finish()
        send(kafka, name, event("a", 2))
        until_read(second, lambda: None)
        second.finish()
    assert told(store) == {"a": [1, 2]}


def clock() -> Callable[[], float]:
    """Of somebody who looks at leases at each step."""
    now = [0.0]

    def seconds() -> float:
        now[0] += 6
        return now[0]

    return seconds


def test_what_was_aborted_is_not_received_and_the_end_is_found_behind_it(
    kafka: Shared, topic: MakeTopic, store: Store
) -> None:
    name = topic()
    producer = Producer({**kafka.plain, "transactional.id": name})
    producer.init_transactions(30)
    for n, commits in ((1, True), (2, False), (3, True), (4, False)):
        producer.begin_transaction()
        producer.produce(name, event("a", n))
        producer.flush(30)
        if commits:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    assert receive(kafka, store, name) == (2, 0)
    assert receive(kafka, store, name) == (0, 0)
    assert told(store) == {"a": [1, 3]}


def test_a_receiver_that_cannot_be_is_refused(kafka: Shared, topic: MakeTopic, store: Store) -> None:
    name = topic()
    with pytest.raises(DefinitionError, match="begins at"):
        receive(kafka, store, name, begin="yesterday")
    with (
        closing(open_topic(url(kafka, name))) as found,
        pytest.raises(DefinitionError, match="name of a source"),
    ):
        TopicReceiver(store, "Not A Name", found)
