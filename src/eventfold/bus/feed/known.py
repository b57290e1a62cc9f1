"""The places in the log that a feed has given itself: they need no second look."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from eventfold.feed.cursor import Mark

_MOST = 10_000


class Known:
    """Remembers the last of them; safe to share between threads."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, int, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, marks: Mapping[str, Mark]) -> bool:
        """Whether each of some places was given, or is the beginning."""
        with self._lock:
            return all(
                mark.position == 0 or (name, mark.position, mark.event) in self._places
                for name, mark in marks.items()
            )

    def add(self, marks: Mapping[str, Mark]) -> None:
        """They are given now."""
        with self._lock:
            for name, mark in marks.items():
                self._places[name, mark.position, mark.event] = None
                self._places.move_to_end((name, mark.position, mark.event))
            while len(self._places) > _MOST:
                self._places.popitem(last=False)
