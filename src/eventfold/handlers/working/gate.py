"""The gate before a target: open, or paused because the target did not answer.

Whether an event is to blame or the target is down, one failure does not tell. So while the target is paused the next
event of another stream is tried. If that is taken, the first one was to blame, and its tries count; if it is not, the
target is down, the pause grows, and nobody is to blame. Where several failed at once, none is to blame: they are tried
again one at a time beside the others, and who fails alone is found out.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from eventfold.errors import EventfoldError
from eventfold.handlers.records import Pause, cut_message
from eventfold.handlers.working.effect import Effect

_log = logging.getLogger("eventfold.handlers")
Key = tuple[str, str]
"""Handler and stream."""
FIRST, LONGEST = 0.25, 60.0
"""Seconds of the first pause, and of the longest that nobody asked for."""
ASKED_LONGEST = 86_400.0
"""Seconds of a pause that the target asked for, at most."""


class Gate:
    """Before one target, for all handlers of a process.

    Args:
        target: its name.
        rate: effects a second, at most; None = as many as come.
        clock: seconds, for intervals only.
    """

    def __init__(
        self, target: str, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.target = target
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._grown = 0
        """How often the pause has grown."""
        self._since_us = 0
        self._only: Key | None = None
        """The one that was tried since the target did not answer, if it was one."""
        self._until = 0.0
        self._error: BaseException | None = None
        self._probing: Key | None = None
        self._accused: Key | None = None
        self._suspects: dict[Key, None] = {}
        self._trial: Key | None = None
        self._blamed: list[Key] = []
        self._free = 0.0
        """When the rate lets the next effect through."""

    @property
    def paused(self) -> bool:
        """Whether the target did not answer when it was last tried."""
        return self._failures > 0

    @property
    def slowed(self) -> float:
        """Seconds until the rate lets the next effect through; 0 = now."""
        return 0.0 if self._rate is None else max(0.0, self._free - self._clock())

    @property
    def free(self) -> bool:
        """Whether everything may pass, and nobody is suspected."""
        return not self._failures and not self._suspects and self._rate is None

    @property
    def opens(self) -> float:
        """Seconds until something may be tried; 0 = now."""
        now = self._clock()
        return max(0.0, self._until - now if self._failures else 0.0, self._free - now)

    def admit(self, handler: str, effects: Iterable[Effect], room: int) -> tuple[list[Effect], list[Effect]]:
        """Divides effects into those that may be begun now and those that may not.

        Args:
            handler: whose effects they are.
            effects: each of another stream, taken one by one and no further than there is room.
            room: how many may be begun.
        """
        with self._lock:
            if self._failures:
                return self._probe(handler, effects)
            if self._rate is None and not self._suspects:
                return [effect for _, effect in zip(range(room), effects, strict=False)], []
            return self._some(handler, effects, room)

    def probe(self, key: Key) -> None:
        """An effect that is begun anyway is the one that tells whether a paused target answers again."""
        with self._lock:
            if self._failures and self._probing is None:
                self._probing = key

    def took(self, key: Key) -> None:
        """The target answered an effect: if that was to tell whether it is down, who failed before is to blame."""
        if not self._failures and not self._suspects:  # nothing is known of anybody, which needs no lock
            return
        with self._lock:
            self._suspects.pop(key, None)
            if self._trial == key:
                self._trial = None
            if self._probing != key:
                return
            if self._accused is not None and self._accused != key:
                self._suspects.pop(self._accused, None)
                self._blamed.append(self._accused)
            tries, since_us = self._failures, self._since_us
            self._open()
        seconds = max(0.0, time.time() - since_us / 1e6)
        _log.warning(
            "The target %s takes effects again, after %s in %.1f s.", self.target, _tries(tries), seconds
        )

    def blamed(self, handler: str) -> list[str]:
        """The streams of a handler whose failure was their own fault, each once."""
        if not self._blamed:
            return []
        with self._lock:
            found = [stream for name, stream in self._blamed if name == handler]
            self._blamed = [key for key in self._blamed if key[0] != handler]
        return found

    def missed(self, key: Key, error: BaseException) -> None:
        """The target did not answer an effect: it pauses, or its pause grows."""
        with self._lock:
            if self._trial == key:
                self._trial = None
            self._suspects[key] = None
            if not self._failures:
                self._accused = self._only = key
                self._since_us = time.time_ns() // 1000
            elif self._probing == key:
                self._only = key if self._only == key else None
                self._accused = None if self._accused != key else key
                self._probing = None
            else:
                self._only = key if self._only == key else None
                self._accused = None  # it was under way when the pause began: who was to blame is not known
                return
            wait = min(FIRST * 2.0**self._grown, LONGEST)
            self._failures += 1
            self._grown += 1
            self._error = error
            self._until = self._clock() + max(wait, min(_asked(error), ASKED_LONGEST))

    def gone(self, key: Key) -> None:
        """Of an effect that was begun nothing will be known here."""
        with self._lock:
            self._suspects.pop(key, None)
            self._trial = None if self._trial == key else self._trial
            self._accused = None if self._accused == key else self._accused
            self._probing = None if self._probing == key else self._probing

    def forget(self, key: Key) -> None:
        """A stream was taken away by a person: if it alone was not answered, nothing is known against the target."""
        self.gone(key)
        with self._lock:
            if self._failures and self._only == key:
                self._open()

    def try_now(self) -> None:
        """What comes next is tried at once, though the target did not answer; pauses begin anew."""
        with self._lock:
            if self._failures:
                self._until, self._grown = self._clock(), 0

    def record(self, handler: str = "") -> Pause | None:
        """The pause as it is kept for a handler; None where the target is open."""
        with self._lock:
            if not self._failures:
                return None
            wait_us = int(max(0.0, self._until - self._clock()) * 1e6)
            error = self._error
            code = error.code if isinstance(error, EventfoldError) else ""
            return Pause(
                until_us=time.time_ns() // 1000 + wait_us,
                wait_us=wait_us,
                failures=self._failures,
                code=code,
                message=cut_message(str(error)),
                since_us=self._since_us,
                only=self._only[1] if self._only is not None and self._only[0] == handler else "",
            )

    def resume(self, pause: Pause, handler: str = "") -> None:
        """Goes on with a pause that another worker of a handler began, if nothing is known here."""
        with self._lock:
            left_us = min(pause.until_us - time.time_ns() // 1000, pause.wait_us)
            if not self._failures and left_us > 0:
                self._failures = self._grown = pause.failures
                self._since_us = pause.since_us
                self._only = (handler, pause.only) if pause.only else None
                self._until = self._clock() + min(left_us / 1e6, ASKED_LONGEST)
                self._error = _Kept(pause.message, pause.code)

    def _open(self) -> None:
        self._failures, self._grown, self._until, self._error = 0, 0, 0.0, None
        self._probing = self._accused = self._only = None

    def _probe(self, handler: str, effects: Iterable[Effect]) -> tuple[list[Effect], list[Effect]]:
        """One of another stream than those that failed, if there is one; else of another than who is accused."""
        if self._probing is not None or self._clock() < self._until:
            return [], []
        found = list(effects)
        keys = [(handler, effect.event.stream) for effect in found]
        chosen = next((n for n, key in enumerate(keys) if key not in self._suspects), None)
        if chosen is None:
            chosen = next((n for n, key in enumerate(keys) if key != self._accused), 0 if found else None)
        if chosen is None:
            return [], []
        self._probing = keys[chosen]
        return [found[chosen]], [effect for effect in found if effect is not found[chosen]]

    def _some(self, handler: str, effects: Iterable[Effect], room: int) -> tuple[list[Effect], list[Effect]]:
        taken: list[Effect] = []
        left: list[Effect] = []
        now = self._clock()
        for effect in effects:
            key = (handler, effect.event.stream)
            if key in self._suspects and self._trial not in {None, key}:
                left.append(effect)
            else:
                taken.append(effect)
                if key in self._suspects:
                    self._trial = key
                if self._rate is not None:
                    # a tenth of a second may be made up for, so that a round takes more than one
                    self._free = max(self._free, now - 0.1) + 1 / self._rate
            if len(taken) >= room or self._free > now:
                break
        return taken, left


class _Kept(Exception):
    """An error that another worker met."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count:,} tries"


def _asked(error: BaseException) -> float:
    """Seconds for which the target asked not to be tried."""
    found = error.facts.get("retry_after") if isinstance(error, EventfoldError) else None
    return float(found) if isinstance(found, int | float) and found > 0 else 0.0
