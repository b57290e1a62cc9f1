"""The readers of a topic that are kept for who comes back to the place where they stand."""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence

from eventfold.bus.feed.locating import locate
from eventfold.bus.feed.place import read_standing
from eventfold.bus.feed.window import Window
from eventfold.bus.port import Topic
from eventfold.errors import BusUnavailable
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor

_MOST = 16
"""Of them; each has connections and threads of its own."""
_WAIT = 0.05
PATIENCE = 30.0
"""Seconds for which what the topic must have is waited for."""


class Windows:
    """Gives each place in the log a reader; safe to share between threads.

    Args:
        topic: that is read.
        count: its partitions.
        identity: of the topic.
        lock: held while the topic is asked.
    """

    def __init__(self, topic: Topic, count: int, identity: str, lock: threading.RLock) -> None:
        self._topic = topic
        self._count = count
        self._identity = identity
        self._lock = lock
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def read_on(
        self, window: Window, limit: int, partitions: Collection[str] | None
    ) -> tuple[list[RecordedEvent], bool]:
        """The next events, about so many, of some partitions of the log; where there are none, whether that is all.

        Whether more is there is asked when those were handled, since the broker may be slow to say so.

        Raises:
            BusUnavailable: it has more, and does not give it.
        """
        until, wait = time.monotonic() + PATIENCE, 0.0 if window.has_given else _WAIT
        while True:
            window.has_given = False
            if events := window.give(limit, partitions):
                window.has_given = True
                return events, False
            if window.poll(wait):
                until = time.monotonic() + PATIENCE
            elif self._is_at_end(window):
                return [], True
            elif time.monotonic() > until:
                raise BusUnavailable(
                    f"{self._topic.name} has more, and gave nothing for {PATIENCE:.0f} s.",
                    topic=self._topic.name,
                )
            wait = _WAIT

    def take(self, cursor: Cursor) -> Window:
        """The reader that stands there, or a new one."""
        with self._lock:
            window = self._windows.pop(cursor.to_json(), None)
            if window is not None:
                return window
            offsets, is_low = self._offsets(cursor)
        return self._window(cursor, offsets, is_low=is_low)

    def knows(self, cursor: Cursor) -> bool:
        """Whether it is known from where the topic is read for a place, without a look at the topic."""
        with self._lock:
            return cursor.to_json() in self._windows or self._known(cursor) is not None

    def keep(self, window: Window, cursor: Cursor) -> None:
        """For who comes back to that place."""
        with self._lock:
            before = self._windows.pop(key := cursor.to_json(), None)
            if before is not None:
                before.close()
            self._windows[key] = window
            while len(self._windows) > _MOST:
                self._windows.popitem(last=False)[1].close()

    def new(self, cursor: Cursor) -> Window:
        """One that stands there, found by the records of progress alone."""
        with self._lock:
            offsets, is_low = locate(self._topic, self._count, cursor.marks)
        return self._window(cursor, offsets, is_low=is_low)

    def close(self) -> None:
        """Ends every connection."""
        with self._lock:
            for window in self._windows.values():
                window.close()
            self._windows.clear()

    def _window(self, cursor: Cursor, offsets: Sequence[int], *, is_low: bool) -> Window:
        name, reader = self._topic.name, self._topic.reader()
        return Window(reader, name, self._identity, cursor, offsets, from_low=is_low)

    def _offsets(self, cursor: Cursor) -> tuple[Sequence[int], bool]:
        known = self._known(cursor)
        return (known, False) if known is not None else locate(self._topic, self._count, cursor.marks)

    def _known(self, cursor: Cursor) -> Sequence[int] | None:
        """The offsets that a cursor has with it."""
        standings = [read_standing(mark) for mark in cursor.marks.values()]
        known = [one.offsets for one in standings if one and one.topic == self._identity]
        if len(known) == len(standings) and all(len(offsets) == self._count for offsets in known):
            return [min(found) for found in zip(*known, strict=True)]
        return None

    def _is_at_end(self, window: Window) -> bool:
        """Whether the topic has nothing more now."""
        with self._lock:
            return window.is_at(self._topic.ends(self._count))
