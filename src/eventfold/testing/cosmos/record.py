"""What was asked of the stand-in: one line a request, so that tests can count requests and operations."""

import threading
from collections.abc import Iterator

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        operation: `batch`, `read`, `query`, `feed`, `create`, `upsert`, `replace`, `delete`, `pkranges`, `colls`, ...
        container: its name; empty where none is meant.
        operations: inside a batch; else 1.
        status: of the answer; 0 where none was given.
        sent: bytes of the request's body.
        answered: bytes of the answer's body.
    """

    operation: str
    container: str
    operations: int
    status: int
    sent: int
    answered: int


class Record:
    """The requests so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Notes a request."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._calls.clear()

    def of(self, container: str) -> list[tuple[str, int, int]]:
        """The requests for documents of a container as (operation, operations, status)."""
        return [(c.operation, c.operations, c.status) for c in self if c.container == container]

    def __iter__(self) -> Iterator[Call]:
        """The requests in order."""
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        """How many."""
        with self._lock:
            return len(self._calls)
