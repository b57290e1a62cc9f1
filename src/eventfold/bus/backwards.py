"""Reads the end of a topic: as little of each partition as says what is asked, in steps that grow."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from eventfold.bus.port import Bounds

T = TypeVar("T")
_STEPS = 4
"""How much further back each look goes."""


def read_back(
    bounds: Mapping[int, Bounds],
    read: Callable[[Mapping[int, Bounds]], Mapping[int, T]],
    is_enough: Callable[[T], bool],
    most: int | None = None,
) -> dict[int, T]:
    """What the end of each partition says.

    Args:
        bounds: of the partitions, as they were read before.
        read: reads what is given of each, and says what it found there.
        is_enough: whether that is all that is asked for; else a larger piece is read, from its beginning.
        most: messages of a partition, at most; None: all of it where need be.
    """
    found: dict[int, T] = {}
    step = 1
    while left := bounds.keys() - found.keys():
        firsts = {partition: max(bounds[partition].low, bounds[partition].end - step) for partition in left}
        parts = {partition: Bounds(first, bounds[partition].end) for partition, first in firsts.items()}
        is_last = most is not None and step >= most
        for partition, piece in read(parts).items():
            is_all = firsts[partition] <= bounds[partition].low
            found |= {partition: piece} if is_all or is_last or is_enough(piece) else {}
        step = step * _STEPS if most is None else min(step * _STEPS, most)
    return found
