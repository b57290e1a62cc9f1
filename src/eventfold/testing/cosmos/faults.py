"""Faults on demand: answers that say "not now", answers that never come, before or after the effect."""

import random
import threading
from typing import Literal

import msgspec

Kind = Literal["status", "drop_before", "drop_after", "delay"]


class Fault(msgspec.Struct, kw_only=True):
    """What goes wrong with some requests.

    Attributes:
        kind: `status`: nothing happens and `status` is answered; `drop_before`: the connection closes and nothing
            happened; `drop_after`: it happens and the connection closes without an answer; `delay`: it takes `seconds`.
        operation: which requests: `batch`, `read`, `query`, `feed`, `create`, `upsert`, ...; empty = all of documents.
        status: the HTTP status of `status`.
        substatus: its sub-status.
        retry_after_ms: what a 429 asks for.
        seconds: of `delay`.
        times: how many requests; None = no end.
        chance: of each request that fits.
        skip: so many fitting requests go through first.
    """

    kind: Kind
    operation: str = ""
    status: int = 503
    substatus: int = 0
    retry_after_ms: int = 2
    seconds: float = 0.0
    times: int | None = 1
    chance: float = 1.0
    skip: int = 0


class Faults:
    """The faults that are wanted, in order; the first that fits a request is its fate."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._wanted: list[Fault] = []
        self._dice = random.Random(seed)  # noqa: S311 - a mixture to be repeated, no secret
        self.done: dict[str, int] = {}

    def add(self, *faults: Fault) -> None:
        """Wants further faults."""
        with self._lock:
            self._wanted.extend(faults)

    def clear(self) -> None:
        """Wants none any more."""
        with self._lock:
            self._wanted.clear()

    def draw(self, operation: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self._lock:
            for fault in self._wanted:
                if fault.operation not in {"", operation}:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times == 0 or self._dice.random() >= fault.chance:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                name = f"{fault.kind} {fault.status}" if fault.kind == "status" else fault.kind
                self.done[name] = self.done.get(name, 0) + 1
                return fault
        return None
