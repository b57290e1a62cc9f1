"""One worker as a process of its own: `eventfold run` in what it does, with effects that take a while to be killed in.

`python -m tests.handlers.campaign.worker SETTINGS`, as JSON.
"""

import random
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

import msgspec

from eventfold.app import handling
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.follower import HandlerFollower
from tests.handlers.campaign.scene import Hook, Settings, scene
from tests.handlers.campaign.wrong import WRONG


class Slow(Doing):
    """Some time passes between an effect and the word of it."""

    after = 0.0

    def __call__(self, effect: Effect) -> None:
        super().__call__(effect)
        time.sleep(random.uniform(0.5, 1) * self.after)


def main(given: str) -> None:
    """Runs until SIGTERM."""
    settings = msgspec.json.decode(given, type=Settings)
    Slow.after = settings.after
    # this process is its own: what is changed here is changed for nobody else
    vars(handling)["Doing"] = Slow
    vars(handling)["HandlerFollower"] = partial(HandlerFollower, seconds=settings.seconds)
    if settings.turned:
        true = time.time_ns
        time.time_ns = lambda: true() + int(settings.turned * 1e9)
    if settings.wrong:
        WRONG[settings.wrong]()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    (Path(settings.folder) / f"ready-{settings.name}").touch()
    with scene(settings).open(settings.url, state="sqlite://", targets={"hook": Hook(settings)}) as live:
        live.run(stop)


if __name__ == "__main__":
    main(sys.argv[1])
