"""What an answer costs: a declared model of request units, not Azure's bill.

    point read      1 for every begun 4 KB
    write           5, and 1 for every begun KB; a replace 5 more, a delete 5 flat
    query           2.5, 0.02 for every document looked at, 1 for every begun 4 KB of answer
    change feed     1, and 1 for every begun 4 KB of answer
    anything else   1

The bucket that throttles stands here too; who asks it is decided by the handlers.
"""

import threading
import time


def point_read(size: int) -> float:
    """The charge of one document read by id."""
    return float(max(1, -(-size // 4096)))


def write(size: int, *, replaced: bool = False) -> float:
    """The charge of one document written."""
    return 5.0 + max(1, -(-size // 1024)) + (5.0 if replaced else 0.0)


def query(looked_at: int, answered: int) -> float:
    """The charge of one page of a query."""
    return round(2.5 + 0.02 * looked_at + answered // 4096, 2)


def feed(answered: int) -> float:
    """The charge of one page of a change feed."""
    return 1.0 + answered / 4096 // 1


class Buckets:
    """Request units per second and physical partition.

    Args:
        rate: units per second; None for no end.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._spent: dict[tuple[str, str], tuple[int, float]] = {}

    def wait_of(self, partition: tuple[str, str]) -> int:
        """Milliseconds until a partition takes requests again; 0 for now."""
        if self._rate is None:
            return 0
        now = time.monotonic()
        with self._lock:
            second, spent = self._spent.get(partition, (int(now), 0.0))
            if second != int(now) or spent < self._rate:
                return 0
            return max(1, int((second + 1 - now) * 1000) + 1)

    def spend(self, partition: tuple[str, str], units: float) -> None:
        """Notes what an answer cost; the answer that goes beyond is still given, the next one is not."""
        if self._rate is None:
            return
        now = int(time.monotonic())
        with self._lock:
            second, spent = self._spent.get(partition, (now, 0.0))
            self._spent[partition] = (now, (spent if second == now else 0.0) + units)
