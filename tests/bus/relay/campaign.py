"""A campaign: relays are killed at random and brokers restarted while events are appended; then the topic is judged."""

import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.relay.relay import Relay
from eventfold.store.open import open_store
from eventfold.store.port import ANY
from tests.bus.relay.judge import Verdict, judge
from tests.bus.relay.making import new_events
from tests.trust.system import PYTHON, ROOT


class Campaign:
    """One log, one topic, and relays in processes of their own.

    Args:
        url: of the log.
        client: settings of librdkafka.
        topic: that is sent to.
        mode: of all relays.
        seed: of all chance here.
        streams: how many.
    """

    def __init__(
        self, url: str, client: Mapping[str, Any], topic: str, mode: Mode, *, seed: int = 0, streams: int = 40
    ) -> None:
        self.store = open_store(url)
        self.dice = random.Random(seed)
        self.kills = 0
        self._command = (*PYTHON, "-m", "tests.bus.relay.worker", url, json.dumps(dict(client)), topic, mode)
        self._topic = KafkaTopic(client, topic, mode=mode)
        self._streams = streams
        self._stop = threading.Event()
        self._writing: threading.Thread | None = None

    def write(self, seconds: float = 0.01) -> None:
        """Events are appended from now on, some of one stream at once."""

        def append() -> None:
            while not self._stop.wait(seconds):
                stream = f"box-{self.dice.randrange(self._streams)}"
                self.store.append(stream, new_events(self.dice.randint(1, 9)), expected=ANY)

        self._writing = threading.Thread(target=append, daemon=True)
        self._writing.start()

    def relay(self) -> subprocess.Popen[str]:
        """A relay that has begun."""
        process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """`kill -9`."""
        assert process.poll() is None, "the relay had ended by itself"
        process.kill()
        process.communicate()
        self.kills += 1

    def settle(self, until: float = 60.0) -> None:
        """No more is appended, and a last relay sends what is left."""
        self._stop.set()
        if self._writing is not None:
            self._writing.join()
        relay = Relay(self.store, self._topic, seconds=3.0)
        _patiently(lambda: not relay.step() or relay.stands_by, until)
        relay.finish()
        # a commit is acknowledged before its markers stand in every partition, and until then nobody can read it
        feed = BusFeed(self._topic, self.store.log_id, self.store.feed())
        end = self.store.feed().end()
        _patiently(lambda: feed.compare(feed.end(), end) in {"before", "mixed"}, until)

    def verdict(self, *, trusting: bool = False) -> Verdict:
        """Of the topic."""
        return judge(self.store, self._topic, trusting=trusting)

    def close(self) -> None:
        """Everything."""
        self._stop.set()
        self._topic.close()
        self.store.close()


def _patiently(goes_on: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while goes_on():
        assert time.monotonic() < end, f"it did not come to its end within {seconds} s"
        time.sleep(0.01)
