"""A sweep: a page of quick effects, each of another stream, done in one go and kept as a whole.

Where effects take microseconds, what is written for each of them takes longer than they do. So a page of them is begun
under one write, as large as `concurrency` allows, since that many may be under way. One that turns out to be slow, or
in which one fails, is broken up: what is done is remembered as all up to an event, the rest goes the usual way.
"""

from collections.abc import Iterator, Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor


class Sweep:
    """One page in the hands of one thread.

    Attributes:
        cursor: after the page.
        events: those of the handler, each of another stream.
        left: those that are not begun, in order.
        done: how many outcomes are known: those of the first so many.
        error: what the last of these raised; nothing is begun after one that raised.
    """

    __slots__ = ("cursor", "done", "error", "events", "left")

    def __init__(self, cursor: Cursor, events: Sequence[RecordedEvent]) -> None:
        self.cursor = cursor
        self.events = events
        self.left: Iterator[RecordedEvent] = iter(list(events))
        self.done = 0
        self.error: BaseException | None = None

    @property
    def taken(self) -> bool:
        """Whether all of it was taken."""
        return self.done == len(self.events) and self.error is None

    def stop(self) -> int:
        """Lets nothing more be begun; returns how many were: the first so many.

        What is left is taken in one step of the interpreter. In several, the thread would take one from between them.
        """
        return len(self.events) - len(list(self.left))
