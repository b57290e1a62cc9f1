"""What this process knows of the ends of streams: it spares reads, and carries the session token of each answer.

A head may be older than its stream; the batch that rests on it then fails, and nothing is lost but a request.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

SIZE = 100_000


class Head(NamedTuple):
    """The end of a stream.

    Attributes:
        version: the number of its events.
        recorded_us: recorded time of the last one; recorded times never decrease along a stream.
        session: token that makes a read see at least this much; empty where none is known.
    """

    version: int = 0
    recorded_us: int = 0
    session: str = ""


class Heads:
    """The heads of the streams used last. Safe to share between threads."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Head] = OrderedDict()

    def get(self, stream: str) -> Head | None:
        """What is known of a stream."""
        with self._lock:
            return self._kept.get(stream)

    def session(self, stream: str) -> str | None:
        """The session token for reading a stream, in the form that the SDK takes."""
        head = self.get(stream)
        return head.session or None if head else None

    def put(self, stream: str, head: Head) -> None:
        """Notes a head, unless a newer one is there."""
        with self._lock:
            other = self._kept.get(stream)
            if other is not None and other.version > head.version:
                return
            if other is not None and not head.session:
                head = head._replace(session=other.session)
            self._kept[stream] = head
            self._kept.move_to_end(stream)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
