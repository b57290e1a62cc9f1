"""A moment between two batches, in which events gather: a transaction for each few costs a broker more than they do."""

import time
from collections.abc import Callable

from eventfold.feed.loop import Stop

_ONCE = 0.1
"""Seconds of one pause, after which the lease is looked at."""


class Rest:
    """Pauses of one relay.

    Args:
        every: seconds between two batches, at least.
        clock: seconds, for intervals only.
        stop: ends a pause.
    """

    def __init__(self, every: float, clock: Callable[[], float], stop: Stop | None) -> None:
        self._every = every
        self._clock = clock
        self._stop = stop
        self._until = float("-inf")

    def begin(self) -> None:
        """A batch was sent, and nothing more was there."""
        self._until = self._clock() + self._every

    def lasts(self) -> bool:
        """Pauses a little, where it is not over; whether there is more of that to do."""
        left = self._until - self._clock()
        if left <= 0:
            return False
        pause = min(left, _ONCE)
        if self._stop is None:
            time.sleep(pause)
        else:
            self._stop.wait(pause)
        return left > pause
