"""Handlers in threads of their own, which end together."""

import logging
import threading
import time
from collections.abc import Callable

from eventfold.errors import DefinitionError, EventfoldError, HandlerCrashed, StoreFenced
from eventfold.feed.loop import STAYS, Follower, Stop
from eventfold.handlers.declaring.handler import Handler

_log = logging.getLogger("eventfold.handlers")


class _Ending:
    """It is time to end: `stop` was set, or what ran beside has ended."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.others = False

    def is_set(self) -> bool:
        return self.others or self._stop.is_set()

    def wait(self, timeout: float) -> bool:
        return self._stop.wait(timeout) or self.others


class Running:
    """Handlers in threads of their own.

    Attributes:
        stop: what runs beside them ends by it too: it was told to, or the log takes nothing any more.
    """

    def __init__(self, stop: Stop) -> None:
        self.stop = _Ending(stop)
        self._told = stop
        self._threads: list[threading.Thread] = []
        self._error: EventfoldError | None = None

    def __bool__(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def start(self, follower: Follower, run: Callable[[Follower, Stop], None]) -> None:
        """Runs a follower in a thread; one that stops stops no other, unless the log is at fault, or it fell over."""

        def ending() -> None:
            try:
                run(follower, self.stop)
            except EventfoldError as error:
                self._error = self._error or error
                if isinstance(error, StoreFenced):  # only who opens the log anew goes on
                    self._error, self.stop.others = error, True
            except Exception as error:  # noqa: BLE001 - it is told, and ends the run
                # nobody knows what it leaves behind: who starts the process anew begins where it is written down
                _log.exception("%s has ended by an error that is none of eventfold's", follower.name)
                self._error, self.stop.others = _ended(follower.name, error), True

        thread = threading.Thread(target=ending, name=follower.name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def leave(self, seconds: float) -> None:
        """Lets them end, and waits for that, so long at most."""
        self.stop.others = True
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def wait(self) -> None:
        """Until it is time to end, or none goes on.

        Raises:
            EventfoldError: none goes on; the error of the first that stopped.
        """
        while self and not self.stop.wait(0.5):
            pass
        if self._error is not None and not self._told.is_set():
            raise self._error


def _ended(name: str, error: Exception) -> HandlerCrashed:
    what = f"{type(error).__name__}: {error}"[:500]
    return HandlerCrashed(
        f"The {name} has ended by an error that is none of eventfold's: {what}. Start it anew."
    )


class Stopped:
    """In the place of a handler that cannot go on: its loop stops, and no other."""

    def __init__(self, handler: Handler, error: EventfoldError) -> None:
        self.name = f"handler {handler.name}"
        self.error = error

    def where(self) -> None:
        """Nowhere."""

    def step(self) -> bool:
        """Says why, as what no repeat mends."""
        error = self.error
        raise error if isinstance(error, STAYS) else DefinitionError(error.message, **error.facts)

    def finish(self) -> None:
        """Nothing is held."""
