"""What requests to a store's service cost, counted by what was done; shown by `--cost` and in `status`."""

import threading
from collections.abc import Mapping
from typing import NamedTuple


class Cost(NamedTuple):
    """The price of something.

    Attributes:
        requests: how many were sent.
        charge: in the unit of the service; request units of Cosmos DB.
    """

    requests: int
    charge: float


class Tally:
    """Adds up costs. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, Cost] = {}

    def add(self, doing: str, charge: float) -> None:
        """Counts one request that was made while `doing`."""
        with self._lock:
            before = self._spent.get(doing, Cost(0, 0.0))
            self._spent[doing] = Cost(before.requests + 1, before.charge + charge)

    def spent(self) -> Mapping[str, Cost]:
        """What was spent so far, by what was done."""
        with self._lock:
            return dict(self._spent)

    def total(self) -> Cost:
        """All of it."""
        spent = self.spent().values()
        return Cost(sum(cost.requests for cost in spent), sum(cost.charge for cost in spent))


everything = Tally()
"""What all stores of this process have spent."""
