"""An answer that may take long, or never come: asked by one thread, told to everybody, never waited for too long."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """The latest answer to a question.

    Args:
        ask: the question; it may hang.
        fresh: seconds for which an answer is told again.
        patience: seconds for which an answer is waited for.
    """

    def __init__(self, ask: Callable[[], T], *, fresh: float = 1.0, patience: float = 5.0) -> None:
        self._ask = ask
        self._fresh = fresh
        self._patience = patience
        self._lock = threading.Lock()
        self._asking: _Asking[T] | None = None

    def get(self) -> T:
        """The answer.

        Raises:
            TimeoutError: there is none in time.
            Exception: what the question raised.
        """
        with self._lock:
            asking = self._asking
            if asking is None or (asking.answered and time.monotonic() - asking.began >= self._fresh):
                asking = self._asking = _Asking(self._ask)
        return asking.answer(self._patience)


class _Asking(Generic[T]):
    """The question, asked once."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self.began = time.monotonic()
        self._done = threading.Event()
        self._found: list[T] = []
        self._error: Exception | None = None
        # a daemon: what hangs in it keeps no process from ending
        threading.Thread(target=self._run, args=(ask,), name="health", daemon=True).start()

    @property
    def answered(self) -> bool:
        return self._done.is_set()

    def answer(self, seconds: float) -> T:
        if not self._done.wait(seconds):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _run(self, ask: Callable[[], T]) -> None:
        try:
            self._found.append(ask())
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            self._error = error
        self._done.set()
