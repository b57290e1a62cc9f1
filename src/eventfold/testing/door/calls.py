"""The record of what was asked: one entry for one request, for tests that count them. Safe between threads."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

_PATIENCE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request and its answer.

    Attributes:
        kind: of the resource, in the words of the service.
        operation: what was asked of it, in one word.
        operations: how many operations a batch had, else 1.
        status: of the answer; 0 where the connection was dropped without one.
        seconds: from the last byte of the request to the first of the answer.
    """

    method: str
    kind: str
    operation: str
    operations: int
    status: int
    request_bytes: int
    answer_bytes: int
    seconds: float
    path: str


C = TypeVar("C", bound=Call)


class Calls(Generic[C]):
    """The calls so far."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._calls: list[C] = []

    def add(self, call: C) -> None:
        """Notes a call."""
        with self._lock:
            self._calls.append(call)
            self._lock.notify_all()

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._calls.clear()

    def all(
        self, kind: str | None = None, operation: str | None = None, status: int | None = None
    ) -> list[C]:
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

    def count(self, kind: str | None = None, operation: str | None = None, status: int | None = None) -> int:
        """How many calls fit."""
        return len(self.all(kind, operation, status))

    def wait_for(self, count: int, kind: str | None = None, operation: str | None = None) -> bool:
        """Waits until so many calls fit; False where they do not within a minute."""
        with self._lock:
            return self._lock.wait_for(lambda: self.count(kind, operation) >= count, _PATIENCE)

    def operations(self, kind: str | None = "docs") -> int:
        """How many operations, those inside batches counted one by one."""
        return sum(call.operations for call in self.all(kind))

    def __iter__(self) -> Iterator[C]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())
