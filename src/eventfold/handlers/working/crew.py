"""Threads that run effects side by side, and hand them back when their outcome is known.

They are daemons: what hangs in one of them keeps no process from ending. Effects that take microseconds are run by
one thread, since to wake more costs more than they do; what still waits after a moment gets threads of its own.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.sweep import Sweep

_MOMENT = 0.002
"""Seconds in which one thread may do it all, and those after which it is looked at how far it has come."""
_QUICK_SECONDS = 1e-4
_GO = 0.1
_ENOUGH = 64
"""Effects after which their mean is believed."""
_FORGETS = 0.05
_QUICK = 20
"""Effects in such a moment that are reason to let one thread go on."""


class Crew:
    """Runs effects; used by one thread, the owner.

    Args:
        name: of the threads.
        most: threads, at most.
        perform: does an effect and notes its error; never raises.
        sweep: does the effects of a sweep, up to one that raises; never raises itself.
    """

    def __init__(
        self,
        name: str,
        most: int,
        perform: Callable[[Effect], None],
        sweep: Callable[[Sweep], None] | None = None,
    ) -> None:
        self._name = name
        self._most = most
        self._perform = perform
        self._sweep = sweep
        self._waiting: deque[Effect | Sweep] = deque()
        self._done: deque[Effect | Sweep] = deque()
        self._seconds = 0.0
        """That an effect takes, as a mean that forgets."""
        self._count = 0
        self._work = threading.Condition()
        self._idle = 0
        self._threads = 0
        self._some = threading.Event()
        self._all = threading.Event()
        self._out = 0
        self._closed = False

    @property
    def out(self) -> int:
        """How many effects were begun and not yet collected."""
        return self._out

    @property
    def in_a_go(self) -> int:
        """How many effects one thread does in a moment; 0 where to write what becomes of each takes less time."""
        if self._count < _ENOUGH or self._seconds >= _QUICK_SECONDS:
            return 0
        return int(_GO / max(self._seconds, 1e-6))

    def begin(self, effects: "Sequence[Effect | Sweep]") -> None:
        """Runs them as soon as threads are free."""
        if effects:
            self._all.clear()
            self._out += len(effects)
            self._waiting.extend(effects)
            self._wake(1)

    def collect(self) -> "list[Effect | Sweep]":
        """Those whose outcome is known."""
        self._some.clear()
        found = []
        while self._done:
            found.append(self._done.popleft())
        self._out -= len(found)
        return found

    def wait(self, seconds: float) -> None:
        """Until some are known, and for a moment until all are; at most so long."""
        if not self._out:
            return
        left = len(self._waiting)
        while not self._all.wait(_MOMENT):
            before, left = left, len(self._waiting)
            if before - left < _QUICK:
                break
        else:
            return
        if left:
            self._wake(left)
        if self._some.wait(seconds):
            self._all.wait(_MOMENT)

    def close(self) -> None:
        """Lets the threads end that do not hang; what nobody has begun is not begun any more."""
        with self._work:
            self._closed = True
            self._waiting.clear()
            self._work.notify_all()

    def _wake(self, wanted: int) -> None:
        with self._work:
            self._work.notify(wanted)
            new = min(wanted - self._idle, self._most - self._threads)
            for _ in range(new):
                self._threads += 1
                threading.Thread(target=self._run, name=f"{self._name} {self._threads}", daemon=True).start()

    def _run(self) -> None:
        perform, waiting, done = self._perform, self._waiting, self._done
        while True:
            try:
                effect = waiting.popleft()
            except IndexError:
                with self._work:
                    if self._closed:
                        return
                    if not waiting:
                        self._idle += 1
                        self._work.wait()
                        self._idle -= 1
                continue
            began = perf_counter()
            if isinstance(effect, Sweep):
                self._swept(effect, began)
                continue
            try:
                perform(effect)
            except BaseException as error:  # noqa: BLE001 - a thread that ended would take its effect with it
                effect.error = error
            self._note(perf_counter() - began, 1)
            done.append(effect)
            self._tell()

    def _swept(self, sweep: Sweep, began: float) -> None:
        if self._sweep is not None:
            self._sweep(sweep)
        if sweep.done:
            self._note(perf_counter() - began, sweep.done)
        self._done.append(sweep)
        self._tell()

    def _note(self, seconds: float, count: int) -> None:
        self._count += count
        share = min(1.0, count * _FORGETS)
        self._seconds += (seconds / count - self._seconds) * share

    def _tell(self) -> None:
        if not self._some.is_set():
            self._some.set()
        if len(self._done) >= self._out:
            self._all.set()
