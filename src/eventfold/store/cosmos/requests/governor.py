"""Caps what background readers spend, so that a rebuild leaves writers their share of the container's throughput."""

import threading
import time
from collections.abc import Callable

BURST_SECONDS = 1.0
"""So many seconds of the rate may be spent at once after a pause."""


class Governor:
    """Lets callers wait until what was spent before has been earned.

    The charge of a page is known only after it was read, so a page is paid for before the next one: on average the rate
    holds, and one page may always be read.

    Args:
        rate: request units per second; None = no cap.
        clock: seconds, never going back.
        sleep: waits.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._paid_until = clock() - BURST_SECONDS

    def wait(self) -> None:
        """Returns when the next page may be read."""
        if self._rate is None:
            return
        with self._lock:
            ahead = self._paid_until - self._clock()
        if ahead > 0:
            self._sleep(ahead)

    def spend(self, charge: float) -> None:
        """Notes what a page cost, in request units."""
        if self._rate is None:
            return
        with self._lock:
            self._paid_until = max(self._paid_until, self._clock() - BURST_SECONDS) + charge / self._rate
