"""`Pulse`: whether the loops of this process turn, for those who ask from outside."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from eventfold.errors import EventfoldError
from eventfold.feed.loop import Loop


class Pulse:
    """The loops that run in this process; used by several threads."""

    def __init__(self) -> None:
        self._loops: tuple[Loop, ...] = ()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, loop: Loop) -> Iterator[Loop]:
        """A loop that is about to run; one that ended by an error is remembered with it."""
        loop.turned = time.monotonic()
        with self._lock:
            self._loops = (*self._loops, loop)
        yield loop
        with self._lock:
            self._loops = tuple(one for one in self._loops if one is not loop)

    @property
    def turning(self) -> bool:
        """Whether anything was begun that has not ended well."""
        return bool(self._loops)

    def since(self) -> dict[str, float]:
        """For each follower, seconds since its loop began its last turn."""
        now = time.monotonic()
        return {name: max(0.0, now - loop.turned) for loop in self._loops for name in loop.names}

    def handled(self) -> dict[str, int]:
        """For each follower that counts them, the events that it has handled in this process."""
        return {name: count for loop in self._loops for name, count in loop.handled.items()}

    def stopped(self) -> dict[str, EventfoldError]:
        """The followers that do not go on, and why."""
        return {name: error for loop in self._loops for name, error in loop.stopped.items()}
