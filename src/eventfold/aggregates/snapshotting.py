"""Taking snapshots off the path of commands: a short-lived thread does what is waiting, then ends."""

import logging
import threading
import time
from collections.abc import Callable

from eventfold.errors import EventfoldError, StoreClosed

_log = logging.getLogger("eventfold.snapshots")
WAITING = 1_000
"""How many may wait; further ones are left to the next time their policy asks."""


class Snapshotting:
    """Takes the snapshots that a policy asks for.

    Args:
        take: takes the snapshot of a stream at a version.
    """

    def __init__(self, take: Callable[[str, int], None]) -> None:
        self._take = take
        self._waiting: dict[str, int] = {}
        self._changed = threading.Condition()
        self._running = False

    def ask(self, stream: str, version: int) -> None:
        """Lets a snapshot be taken soon; returns at once."""
        with self._changed:
            if len(self._waiting) >= WAITING and stream not in self._waiting:
                return
            self._waiting[stream] = version
            if self._running:
                return
            self._running = True
        try:
            # not a daemon: a program that ends lets it finish
            threading.Thread(target=self._work, name="eventfold-snapshots").start()
        except RuntimeError:  # the interpreter is about to end: `close` takes what waits
            with self._changed:
                self._running = False
                self._changed.notify_all()

    def flush(self, seconds: float = 10.0) -> bool:
        """Waits until nothing is waiting; False where that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def close(self, seconds: float = 10.0) -> None:
        """Takes what is waiting in this thread too, and waits for what is being taken; then drops the rest.

        Args:
            seconds: after which no further one is begun.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until and (due := self._next()):
            self._do(*due)
        with self._changed:
            left = len(self._waiting)
            self._waiting.clear()
        if left:
            _log.warning("%d snapshots were due and are not taken: there was no time for them", left)
        self.flush(max(0.0, until - time.monotonic()))

    def _next(self) -> tuple[str, int] | None:
        with self._changed:
            return self._waiting.popitem() if self._waiting else None

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._running = False
                    self._changed.notify_all()
                    return
                due = self._waiting.popitem()
            self._do(*due)

    def _do(self, stream: str, version: int) -> None:
        try:
            self._take(stream, version)
        except StoreClosed:
            with self._changed:
                self._waiting.clear()
        except (EventfoldError, ValueError) as error:
            _log.warning("no snapshot of %s at version %d: %s", stream, version, error)
        except Exception:  # noqa: BLE001 - users' apply runs here, and a cache must not end a program
            _log.exception("no snapshot of %s at version %d", stream, version)
