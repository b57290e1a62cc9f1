"""Warm aggregates: loaded ones kept at hand, so that a command reads what is new and nothing else.

An instance in here was changed by `apply` alone; decisions are taken on copies. So it can be older than its stream, but
never different from its past.
"""

import threading
from collections import OrderedDict
from typing import Any, Generic, TypeVar

from eventfold.aggregates.aggregate import Aggregate

A = TypeVar("A", bound=Aggregate[Any])


class Warm(Generic[A]):
    """The instances used last, by stream.

    Args:
        size: how many are kept; 0 = none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, A] = OrderedDict()

    def take(self, stream: object) -> A | None:
        """Gives the instance away; nobody else has it until it is put back."""
        if not isinstance(stream, str):  # whoever loads it says what is wrong
            return None
        with self._lock:
            return self._kept.pop(stream, None)

    def put(self, aggregate: A) -> None:
        """Keeps the instance, unless a newer one is there."""
        if not self._size:
            return
        with self._lock:
            other = self._kept.get(aggregate.id)
            if other is not None and other.version >= aggregate.version:
                return
            self._kept[aggregate.id] = aggregate
            self._kept.move_to_end(aggregate.id)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
