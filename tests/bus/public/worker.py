"""A worker that publishes and is killed by itself, between what the broker acknowledged and the word of it.

`python -m tests.bus.public.worker STORE TOPIC-URL HOW AFTER`; with HOW = `hasty` its target says "taken" too early.
"""

import os
import signal
import sys
import threading
from typing import Any

import eventfold as ef
from eventfold.handlers.targets.topics.target import TopicTarget
from tests.bus.public.making import shop


class Dying(TopicTarget):
    """Ends the process once so many were acknowledged."""

    left = 0
    lock = threading.Lock()

    def send(self, payload: object, message: ef.Message) -> None:
        super().send(payload, message)
        with self.lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Hasty(Dying):
    """The mistake: what is taken from the handler is sent later, ten at once."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.waiting: list[tuple[Any, ef.Message]] = []

    def send(self, payload: object, message: ef.Message) -> None:
        with self.lock:
            self.waiting.append((payload, message))
            some = self.waiting if len(self.waiting) >= 10 else []
            self.waiting = [] if some else self.waiting
        for one in some:
            TopicTarget.send(self, *one)
        with self.lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(store: str, topic: str, how: str, after: str) -> None:
    target = (Hasty if how == "hasty" else Dying)(topic)
    target.left = int(after)
    with shop("sent").open(store, state="sqlite://", targets={"sent": target}) as live:
        live.handle()
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
