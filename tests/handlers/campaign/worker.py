"""One worker as a process of its own: `eventfold run` in what it does, with effects that take a while to be killed in.

`python -m tests.handlers.campaign.worker SETTINGS`, as JSON.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from eventfold.app.handling import handling
from eventfold.errors import EventfoldError
from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.desks import Desks
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.handlers.working.judging import Judge
from tests.handlers.campaign.scene import PASSED, Passed, Settings, scene, targets
from tests.handlers.campaign.wrong import WRONG


class Slow(Doing):
    """Some time passes between an effect and the word of it."""

    after = 0.0

    def __call__(self, effect: Effect) -> None:
        super().__call__(effect)
        time.sleep(random.uniform(0.5, 1) * self.after)


def watch(settings: Settings) -> None:
    """Notes what passes to other workers while it is under way here, or done and not written down."""
    file = os.open(Path(settings.folder) / PASSED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    lost, fenced = Judge.lost, Desks.fenced

    def note(passed: Passed) -> None:
        os.write(file, msgspec.json.encode(passed) + b"\n")

    def loses(self: Judge, effect: Effect) -> None:
        note(Passed(self._handler, settings.name, effect.event.stream, effect.event.version))
        lost(self, effect)

    def is_kept(self: Desks, desk: Desk, act: Callable[[], None]) -> bool:
        kept = fenced(self, desk, act)
        if not kept:
            note(Passed(self.handler, settings.name))
        return kept

    Judge.lost = loses  # type: ignore[method-assign]
    Desks.fenced = is_kept  # type: ignore[method-assign]


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
    watch(settings)
    if settings.wrong:
        WRONG[settings.wrong]()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    (Path(settings.folder) / f"ready-{settings.name}").touch()
    try:
        with scene(settings).open(settings.url, state="sqlite://", targets=targets(settings)) as live:
            live.run(stop)
    except EventfoldError as error:  # as `eventfold run` ends, which is started again by whoever started it
        print(f"error {error.code}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1])
