"""Another process reads for a reader far behind: the log, once and in its order, whatever becomes of the helper."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.helping import helped
from eventfold.bus.kafka.helping.frames import Frame
from eventfold.bus.kafka.helping.helped import HelpedReader
from eventfold.bus.kafka.reading import KafkaReader
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.open import open_topic
from eventfold.bus.port import Ended, Reader, Run, Taken
from eventfold.bus.relay.relay import Relay
from eventfold.errors import FeedBroken, UnsupportedUrl
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from tests.bus.conftest import MakeTopic
from tests.bus.feed.test_forgotten import follow
from tests.bus.relay.judge import events_of
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared

EVENTS, FAR = 6_000, 50


class _Slow(KafkaReader):
    """Gives some messages, and then none until it is told where to go on; so there is time for a helper to come."""

    given = 0

    def seek(self, offsets: Mapping[int, int]) -> None:
        super().seek(offsets)
        self.given = -10_000_000 if self.given else 0

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Ended]:
        if self.given > FAR:
            return
        for one in super().poll(100, timeout):
            self.given += len(one.messages) if isinstance(one, Run) else 0
            yield one


class _Topic(KafkaTopic):
    """Its reader is told of each batch that a helper gave.

    Attributes:
        seen: called with the process of the helper.
        helped: events that helpers gave.
        readers: all that were made.
    """

    seen: Callable[[int], object] = staticmethod(bool)
    helped = 0

    def reader(self, log: str = "") -> Reader:
        self.made = _Reader(_Slow(self._client, self._topic), self._client, self._topic, log, far=FAR)
        self.made.topic = self
        return self.made


class _Reader(HelpedReader):
    topic: _Topic

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Taken | Ended]:
        for one in super().poll(limit, timeout):
            if isinstance(one, Taken) and self.helper is not None:
                self.topic.helped += len(one.events)
                self.topic.seen(self.helper)
            yield one


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        fill(store, EVENTS)
        yield store


@pytest.fixture
def filled(store: Store, kafka: Shared, topic: MakeTopic) -> str:
    """A topic with the log, and with what others wrote between."""
    name = topic(3)
    with closing(KafkaTopic(kafka.plain, name, mode="plain")) as there:
        relay = Relay(store, there, page=500)
        producer = Producer(kafka.plain)
        for number in range(6):
            relay.step()
            producer.produce(name, b"?", b"box-1", number % 3)
            producer.flush()
        catch_up([relay])
    return name


def _read(topic: _Topic, store: Store) -> list[object]:
    with closing(BusFeed(topic, store.log_id, store.feed())) as feed:
        events, cursor = follow(feed, feed.start(), 1_000)
        while len(events) < EVENTS:
            more, cursor = follow(feed, cursor, 1_000)
            events += more
        assert feed.compare(cursor, store.feed().end()) == "equal"
        while topic.made.helper is not None:  # which ends when it says itself that it has come to the end
            feed.wait(cursor, 0.1)
        return list[object](events)


def test_what_the_helper_gives_is_the_log(
    store: Store, kafka: Shared, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helped, "_SILENT", 60.0)
    topic = _Topic(kafka.plain, filled)
    assert _read(topic, store) == events_of(store)
    assert topic.helped > EVENTS // 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_where_the_helper_ends_or_hangs_the_reader_goes_on_alone(
    store: Store, kafka: Shared, filled: str, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(pid: int) -> None:
        os.kill(pid, how)
        monkeypatch.setattr(helped, "_SILENT", 1.0)

    monkeypatch.setattr(helped, "_SILENT", 60.0)
    monkeypatch.setattr(helped, "_AHEAD", 1)
    topic = _Topic(kafka.plain, filled)
    topic.seen = end
    assert _read(topic, store) == events_of(store)
    assert topic.helped > 0


def test_a_helper_that_leaves_something_out_is_found_out(
    store: Store, kafka: Shared, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of those above."""
    told = Frame.told

    def holed(frame: Frame) -> Run | Taken | Ended:
        one = told(frame)
        if isinstance(one, Taken) and len(one.events) > 2:
            return one._replace(events=one.events[:-1], offsets=one.offsets[:-1], places=one.places[:-1])
        return one

    monkeypatch.setattr(Frame, "told", holed)
    monkeypatch.setattr(helped, "_SILENT", 60.0)
    with pytest.raises(FeedBroken, match="lacks events"):
        _read(_Topic(kafka.plain, filled), store)


def test_it_is_asked_for_in_the_url_and_signs_in_by_no_function(kafka: Shared) -> None:
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/shop"
    for options, kind in (("", KafkaReader), ("?helper=off", KafkaReader), ("?helper=on", HelpedReader)):
        with closing(open_topic(bus + options)) as there, closing(there.reader("a-log")) as reader:
            assert type(reader) is kind
    with closing(open_topic(bus + "?helper=on")) as there, closing(there.reader()) as reader:
        assert type(reader) is KafkaReader
    with pytest.raises(UnsupportedUrl, match="helper is on or off"):
        open_topic(bus + "?helper=yes")
    by_function = {**kafka.plain, "oauth_cb": print}
    with closing(HelpedReader(KafkaReader(kafka.plain, "shop"), by_function, "shop", "a-log")) as one:
        assert not one._may_be_helped
