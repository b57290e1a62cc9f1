"""How a command that goes on for ever is ended."""

import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType

_LOOKS = 0.1
"""Seconds between two looks whether it is time."""


def stop_on_signals() -> threading.Event:
    """Set by Ctrl-C or SIGTERM, so that what is begun is finished; a second one interrupts at once."""
    stop = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        # not in the main thread: the program around us has its own signals
        with contextlib.suppress(ValueError):
            signal.signal(name, handler)
    return stop


def end_well() -> None:
    """Until `stop_on_signals` is called, SIGTERM ends the command with 0: there is nothing yet to be finished."""

    def handler(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, handler)


def leaving(stop: threading.Event, work: Callable[[], None], *, seconds: float = 5.0) -> None:
    """Does work that ends when it is told to, in a thread; what hangs then is left behind.

    Args:
        stop: set by a signal.
        work: what is done; it looks at `stop`.
        seconds: for which its end is waited for, after that.

    Raises:
        Exception: what the work raised.
    """
    raised: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            raised.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="work", daemon=True).start()
    while not ended.wait(_LOOKS):
        if stop.is_set():
            ended.wait(seconds)
            break
    if raised:
        raise raised[0]
