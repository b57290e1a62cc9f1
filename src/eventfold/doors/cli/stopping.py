"""How a command that goes on for ever is ended."""

import contextlib
import signal
import threading
from types import FrameType


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
