"""Faults on demand: error answers, dropped connections, delays, and what they do to a request."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from eventfold.testing.door.server import Reply
from eventfold.testing.door.wire import Answer

_LONGEST_WAIT = 120  # seconds: longer than any test has patience for
Drop = Literal["drop_before", "drop_after", "drop_half"]


@dataclass(slots=True)
class Fault:
    """Something that goes wrong.

    Args:
        what: the status of an error answer, or "drop_before" (the connection is closed before anything happens),
            "drop_after" (it happens, no answer comes), "drop_half" (it happens, half of the answer comes); None for a
            delay only.
        when: for which requests: an operation in the words of the stand-in, or a function that is given the operation
            and its number, counted from 1 for each operation; None for all.
        count: how many times at most; None for always.
        probability: how often, of the requests that fit.
        seed: of the chance.
        delay: seconds before the request is looked at.
        gate: what must be set before the request is looked at: so it takes effect after its client gave it up, and
            after what was asked later.
        effect: whether an error answer comes although the request was done.
        kept: how many bytes of the answer come with "drop_half" (None for half of them), or of an error answer (None
            for all of them).
    """

    what: int | Drop | None = None
    when: str | Callable[[str, int], bool] | None = None
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    delay: float = 0.0
    gate: threading.Event | None = None
    effect: bool = False
    kept: int | None = None
    done: int = field(default=0, init=False)
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - chance that can be repeated

    def hits(self, operation: str, number: int) -> bool:
        """Whether it strikes this request; it is counted then."""
        if self.count is not None and self.done >= self.count:
            return False
        if isinstance(self.when, str) and self.when != operation:
            return False
        if callable(self.when) and not self.when(operation, number):
            return False
        if self.probability < 1.0 and self._chance.random() >= self.probability:
            return False
        self.done += 1
        return True


F = TypeVar("F", bound=Fault)


class Faults(Generic[F]):
    """The faults of a stand-in. The first that strikes a request is the only one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[F] = []
        self._numbers: Counter[str] = Counter()

    def add(self, *faults: F) -> None:
        """More faults."""
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        """No faults any more; numbers begin anew."""
        with self._lock:
            self._faults.clear()
            self._numbers.clear()

    def strike(self, operation: str) -> F | None:
        """The fault that strikes a request."""
        with self._lock:
            self._numbers[operation] += 1
            return next(
                (each for each in self._faults if each.hits(operation, self._numbers[operation])), None
            )


def struck(fault: F | None, answered: Callable[[], Answer], refused: Callable[[F, int], Answer]) -> Reply:
    """The reply to a request that a fault strikes, or none.

    Args:
        fault: what strikes it.
        answered: does what is asked.
        refused: makes the error answer of a fault with a status.
    """
    if fault is None:
        return Reply(answered())
    if fault.delay:
        time.sleep(fault.delay)
    if fault.gate is not None:
        fault.gate.wait(_LONGEST_WAIT)
    match fault.what:
        case None:
            return Reply(answered())
        case "drop_before":
            return Reply(Answer(0), "nothing")
        case int(status):
            if fault.effect:
                answered()
            answer = refused(fault, status)
            return Reply(answer) if fault.kept is None else Reply(answer, "half", fault.kept)
        case drop:
            return Reply(answered(), "nothing" if drop == "drop_after" else "half", fault.kept)
