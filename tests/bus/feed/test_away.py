"""The broker is away for a whole minute, gone or hanging, while a relay sends and tables and handlers follow."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import pytest

import eventfold as ef
from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import Loop, catch_up
from eventfold.store.open import open_store
from eventfold.testing.kafka.broker import KafkaBroker
from tests.bus.making import make_topic
from tests.bus.relay.judge import Verdict, judge
from tests.handlers.app.shop import Order, Orders, give_up, placed, tell
from tests.trust.figures import record

AWAY = 60.0
"""Seconds: as long as a transaction may stay open, and longer than anybody waits for an answer."""
PATIENCE = 120.0
"""Seconds for what comes sooner or later."""
Fault = Literal["gone", "hanging"]

shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[tell, placed, give_up])


@pytest.fixture
def broker(tmp_path: Path, kafka_jars: Path) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(tmp_path / "broker", jars=kafka_jars)
    try:
        yield broker.start()
    finally:
        broker.stop()


@contextmanager
def away(broker: KafkaBroker, fault: Fault) -> Iterator[None]:
    """While the block lasts, killed without a word, or with its connections open and never an answer."""
    if fault == "gone":
        broker.kill()
        yield
        broker.start()
        return
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


class Scene:
    """A log, a relay to a topic, an app that follows it, both running, and somebody who creates orders."""

    def __init__(self, folder: Path, broker: KafkaBroker, mode: Mode) -> None:
        self.told: list[str] = []
        self.made = 0
        self._closing = ExitStack()
        self._stop = threading.Event()
        self._out = folder / "out.jsonl"
        self._client, self._mode = broker.client(), mode
        topic = KafkaTopic(self._client, make_topic(self._client, "away", 3), mode=mode)
        self._closing.callback(topic.close)
        url = f"sqlite:///{folder}/log.db"
        self.store = self._closing.enter_context(open_store(url))
        targets: dict[str, Any] = {
            "desk": lambda payload, message: self.told.append(message.stream),
            "out": f"file:{self._out}",
        }
        where: dict[str, Any] = {"state": f"sqlite:///{folder}/state.db", "lake": str(folder)}
        bus = f"kafka://{broker.address}/away"
        self.live = self._closing.enter_context(shop.open(url, **where, targets=targets, bus=bus))
        self._relay = Relay(self.store, topic, stop=self._stop)
        runs = (Loop([self._relay], self.store.feed()).run, self.live.run)
        self._running = [threading.Thread(target=run, args=(self._stop,), daemon=True) for run in runs]

    def __enter__(self) -> Self:
        relaying, following = self._running
        relaying.start()
        began = time.monotonic()
        while not self._relay.told.marks:
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.05)
        following.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._closing.close()

    def stop(self) -> None:
        """Relay and app end, in order."""
        self._stop.set()
        for thread in self._running:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self._running)

    def until(self, holds: Callable[[], bool], *, rest: float = 0.05) -> float:
        """Orders are created until something holds; the seconds that took. Relay and app run on all the time."""
        began = time.monotonic()
        while not holds():
            assert all(thread.is_alive() for thread in self._running)
            assert time.monotonic() - began < PATIENCE, (self.made, len(self.told))
            self.live.repository(Order).execute(f"order-{self.made}", Order.create, self.made)
            self.made += 1
            time.sleep(rest)
        return time.monotonic() - began

    def has(self, orders: int) -> bool:
        """Whether so many orders have come to the table, and their customers were told."""
        return len(self.told) >= orders and len(self.rows()) >= orders

    def rows(self) -> dict[str, int]:
        """The table."""
        return {row["order_id"]: row["total"] for row in self.live.query("SELECT * FROM orders").rows()}

    def rest(self) -> Verdict:
        """Everything comes to its end, what handlers append too; how the topic stands to the log."""
        with closing(KafkaTopic(self._client, "away", mode=self._mode)) as topic:  # that was not told to end
            for _ in range(2):
                catch_up([Relay(self.store, topic)])
                self.live.handle(timeout=60)
            self.live.catch_up()
            return judge(self.store, topic)

    def sent(self) -> list[str]:
        """The orders that were published."""
        return [json.loads(line)["subject"] for line in self._out.read_text().splitlines()]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("fault", "mode"), [("gone", "transactional"), ("gone", "plain"), ("hanging", "transactional")]
)
def test_after_a_minute_without_a_broker_everything_comes_once_and_in_order(
    tmp_path: Path, broker: KafkaBroker, fault: Fault, mode: Mode
) -> None:
    """Nothing comes meanwhile, which shows that it was away, and nobody gives up."""
    with Scene(tmp_path, broker, mode) as scene:
        scene.until(lambda: scene.has(20))
        with away(broker, fault):
            first, ended = scene.made, time.monotonic() + AWAY
            scene.until(lambda: time.monotonic() > ended)
            last = scene.made
            assert last - first > AWAY
            assert len(scene.told) <= first
            assert len(scene.rows()) <= first
        seconds = scene.until(lambda: scene.has(last))
        last = scene.made
        scene.until(lambda: scene.has(last), rest=0.2)
        scene.stop()
        verdict = scene.rest()
        wanted = {f"order-{n}": n for n in range(scene.made)}
        assert scene.rows() == wanted
        assert Counter(scene.told) == Counter(wanted.keys())
        assert Counter(scene.sent()) == Counter(wanted.keys())
        assert scene.live.verify().ok
        assert (*verdict[:3], verdict.total) == (0, 0, 0, 2 * scene.made), verdict
        figures = {"orders": scene.made, "seconds_after": round(seconds, 1), **verdict._asdict()}
        print(fault, mode, json.dumps(figures))
        record("broker-away", f"{fault}-{mode}", **figures)
