"""The record of what was asked: one entry for one request, for tests that count them. Safe between threads."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its answer.

    Attributes:
        kind: of the resource: "docs", "pkranges", "colls", "dbs", "account".
        operation: "create", "read", "query", "plan", "batch", "feed", and so on.
        operations: how many operations a batch had, else 1.
        status: of the answer; 0 where the connection was dropped without one.
        range_id: the physical partition; empty where none was concerned.
        charge: request units.
        seconds: from the last byte of the request to the first of the answer.
    """

    method: str
    kind: str
    operation: str
    operations: int
    status: int
    request_bytes: int
    answer_bytes: int
    range_id: str
    charge: float
    seconds: float
    path: str


class Calls:
    """The calls so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Notes a call."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._calls.clear()

    def all(
        self, kind: str | None = None, operation: str | None = None, status: int | None = None
    ) -> list[Call]:
        """The calls that fit, in their order."""
        with self._lock:
            calls = list(self._calls)
        return [
            call
            for call in calls
            if kind in (None, call.kind)
            and operation in (None, call.operation)
            and status in (None, call.status)
        ]

    def of(self, container: str) -> list[tuple[str, int, int]]:
        """The calls for documents of a container as (operation, operations, status)."""
        here = f"/colls/{container}/docs"
        return [(c.operation, c.operations, c.status) for c in self.all("docs") if here in c.path]

    def count(self, kind: str | None = None, operation: str | None = None, status: int | None = None) -> int:
        """How many calls fit."""
        return len(self.all(kind, operation, status))

    def operations(self, kind: str | None = "docs") -> int:
        """How many operations, those inside batches counted one by one."""
        return sum(call.operations for call in self.all(kind))

    def charge(self, kind: str | None = "docs") -> float:
        """All request units."""
        return sum(call.charge for call in self.all(kind))

    def __iter__(self) -> Iterator[Call]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())
