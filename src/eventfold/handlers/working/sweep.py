"""A sweep: a page of quick effects, each of another stream, done in one go and kept as a whole.

Where effects take microseconds, what is written for each of them takes longer than they do. So a page of them is begun
under one write, as large as `concurrency` allows, since that many may be under way. One that turns out to be slow is
broken up: what is done is known one by one, what nobody has begun goes the usual way.
"""

import threading
from collections.abc import Iterator, Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor


class Sweep:
    """One page in the hands of one or several threads.

    Attributes:
        cursor: after the page.
        events: those of the handler.
        left: events by number, for the threads that do them.
        done: the numbers of those whose outcome is known.
        errors: what some of them raised.
        seconds: that the threads have taken.
    """

    def __init__(self, cursor: Cursor, events: Sequence[RecordedEvent]) -> None:
        self.cursor = cursor
        self.events = events
        self.left: Iterator[tuple[int, RecordedEvent]] = iter(list(enumerate(events)))
        self.done: list[int] = []
        self.errors: dict[int, BaseException] = {}
        self.seconds = 0.0
        self._told = threading.Lock()

    @property
    def finished(self) -> bool:
        """Whether every outcome is known."""
        return len(self.done) == len(self.events)

    def tell(self) -> bool:
        """Whether this is the first call; asked by each thread that finds it finished."""
        return self._told.acquire(blocking=False)

    def stop(self) -> set[int]:
        """Lets nothing more be begun; returns the numbers of what was begun and is not known."""
        waiting = {number for number, _ in self.left}
        return set(range(len(self.events))) - waiting - set(self.done)
