"""What an answer costs: a declared model of request units, not Azure's bill.

    point read      1 for every begun 4 KB
    write           5, and 1 for every begun KB; a replace 5 more, a delete 5 flat
    query           2.5, 0.02 for every document looked at, 1 for every begun 4 KB of answer
    change feed     1, and 1 for every begun 4 KB of answer
    anything else   1

What a physical partition has spent in a second is counted here too; `work` refuses when it is too much.
"""

import time

from eventfold.testing.cosmos.storage.documents import Range


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


def wait(one: Range, rate: float | None) -> int:
    """Milliseconds until a physical partition takes requests again; 0 for now. Without a rate it always does."""
    now = time.monotonic()
    if rate is None or one.second != int(now) or one.spent < rate:
        return 0
    return int((one.second + 1 - now) * 1000) + 1


def spend(one: Range, units: float) -> None:
    """Notes what an answer cost; the answer that goes beyond the rate is still given, the next one is not."""
    now = int(time.monotonic())
    one.spent = units + (one.spent if one.second == now else 0.0)
    one.second = now
