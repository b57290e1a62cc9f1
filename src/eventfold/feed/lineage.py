"""What the name of a partition says of where it came from.

A partition that may split is named by the borders of its range, from `low` up to and without `high`, in hexadecimal
text that compares as it stands: `40-80`. Two that overlap share streams, so one came of the other. Any other name
overlaps itself alone.
"""

import re
from functools import lru_cache

_RANGE = re.compile(r"([0-9A-Fa-f]*)-([0-9A-Fa-f]+)", re.ASCII)


@lru_cache(4_096)
def overlap(one: str, other: str) -> bool:
    """Whether a stream may belong to both of two partitions of a log, of now or of earlier."""
    if one == other:
        return True
    a, b = _RANGE.fullmatch(one), _RANGE.fullmatch(other)
    return a is not None and b is not None and max(a[1], b[1]) < min(a[2], b[2])


@lru_cache(4_096)
def within(one: str, other: str) -> bool:
    """Whether every stream of a partition may belong to another one, from which it came."""
    if one == other:
        return True
    a, b = _RANGE.fullmatch(one), _RANGE.fullmatch(other)
    return a is not None and b is not None and b[1] <= a[1] and a[2] <= b[2]
