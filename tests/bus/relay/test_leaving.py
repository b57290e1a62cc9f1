"""Who is told to end leaves soon, whatever the broker does; who waits for one that is gone is told what was tried."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from eventfold.bus.followed import followed, heeding
from eventfold.bus.kafka import patience
from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.port import Sender
from eventfold.bus.relay.relay import Relay
from eventfold.errors import BusUnavailable
from eventfold.feed.loop import Loop, catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.kafka.broker import KafkaBroker
from tests.bus.making import make_topic
from tests.bus.relay.judge import judge
from tests.bus.relay.making import fill
from tests.doors.calling import eventfold

MODES: tuple[Mode, ...] = ("transactional", "plain")
LEFT = 10.0
"""Seconds within which everything has left, as is promised."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        yield store


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that nobody listens at, and nobody else is given meanwhile."""
    with closing(socket.socket()) as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, kafka_jars: Path) -> Iterator[KafkaBroker]:
    """One of this module, which makes it hang and kills it."""
    broker = KafkaBroker(tmp_path_factory.mktemp("leaving") / "broker", jars=kafka_jars)
    try:
        yield broker.start()
    finally:
        broker.stop()


@contextmanager
def hanging(broker: KafkaBroker) -> Iterator[None]:
    """Its connections stay, and nothing is answered."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def leaves(run: Callable[[threading.Event], object], until: Callable[[], bool]) -> bool:
    """Whether what runs in a thread leaves after it was told to, in the state that is waited for."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not until():
        assert thread.is_alive()
        assert time.monotonic() < end
        time.sleep(0.01)
    stop.set()
    thread.join(LEFT)
    return not thread.is_alive()


def test_where_nobody_listens_the_command_says_what_was_tried(
    tmp_path: Path, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ANSWER", 0.5)
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    told = eventfold("-s", url, "--bus", f"kafka://{nobody}/shop", "relay", "--once")
    assert told.code == 7
    for word in ("bus-unavailable", nobody, "Look whether a broker runs there", "Connection refused"):
        assert word in told.err


def test_a_broker_that_is_there_answers_who_is_told_to_end(store: Store, broker: KafkaBroker) -> None:
    """What a run says at its end is how things stand, and not that nobody knows."""
    fill(store, 30)
    there = KafkaTopic(broker.client(), make_topic(broker.start().client(), "asked-at-the-end", 2))
    catch_up([Relay(store, there)])
    following = followed(store, there)
    with closing(there), heeding(following, lambda: True):
        feed = following.feed()
        assert len(feed.read(feed.start(), 30).events) > 0
        assert feed.lag(feed.start()) == 30


def test_where_nobody_listens_who_is_told_to_end_leaves(store: Store, nobody: str) -> None:
    asked = threading.Event()

    class Topic(KafkaTopic):
        def _partitions(self, seconds: float) -> int:
            asked.set()
            return super()._partitions(seconds)

    client = {"bootstrap.servers": nobody}
    with closing(Topic(client, "shop")) as there:

        def run(stop: threading.Event) -> None:
            Loop([Relay(store, there, stop=stop)], store.feed()).run(stop)

        assert leaves(run, asked.is_set)
    asked.clear()
    following = followed(store, Topic(client, "shop"))

    def read(stop: threading.Event) -> None:
        feed = following.feed()
        with heeding(following, stop.is_set), pytest.raises(BusUnavailable, match="told to end"):
            feed.read(feed.start(), 10)

    assert leaves(read, asked.is_set)


@pytest.mark.parametrize(
    ("mode", "state"), [("transactional", "beginning"), ("transactional", "sending"), ("plain", "sending")]
)
def test_where_the_broker_hangs_it_leaves_and_the_next_relay_goes_on(
    store: Store, broker: KafkaBroker, mode: Mode, state: str
) -> None:
    fill(store, 30)
    begun = threading.Event()

    class Topic(KafkaTopic):
        def sender(self) -> Sender:
            found = super().sender()
            name = "fence" if state == "beginning" else "send"
            real = getattr(found, name)

            def hangs(*arguments: object) -> None:
                with hanging(broker):
                    begun.set()
                    real(*arguments)

            setattr(found, name, hangs)
            return found

    name = make_topic(broker.client(), f"hangs-{mode}-{state}", 2)
    with closing(Topic(broker.client(), name, mode=mode)) as beginning:

        def run(stop: threading.Event) -> None:
            Loop([Relay(store, beginning, stop=stop)], store.feed()).run(stop)

        assert leaves(run, begun.is_set)
    with closing(KafkaTopic(broker.client(), name, mode=mode)) as there:
        relay = Relay(store, there)
        catch_up([relay])
        assert not relay.stands_by
        settling = there.sender()
        settling.fence()  # a broker answers to a commit before all of it can be read
        settling.close()
        assert judge(store, there)[:3] == (0, 0, 0)


@pytest.mark.parametrize("mode", MODES)
def test_a_broker_that_goes_away_is_told_soon_and_a_relay_that_waits_for_it_leaves(
    store: Store, broker: KafkaBroker, mode: Mode
) -> None:
    name = make_topic(broker.start().client(), f"goes-{mode}", 2)
    with closing(KafkaTopic(broker.client(), name, mode=mode)) as there:
        there._patience.answer = 1.0
        relay = Relay(store, there)
        relay.step()
        fill(store, 30)
        broker.kill()
        with pytest.raises(BusUnavailable, match=broker.address):
            relay.step()
        relay.finish()
        tried = threading.Event()

        class Waiting(Relay):
            def step(self) -> bool:
                tried.set()
                return super().step()

        def run(stop: threading.Event) -> None:
            Loop([Waiting(store, there, stop=stop)], store.feed()).run(stop)

        assert leaves(run, tried.is_set)
