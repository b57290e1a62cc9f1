"""A stand-in as a process: it serves until the process is told to end."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

S = TypeVar("S")


@contextmanager
def until_ended(standin: AbstractContextManager[S]) -> Iterator[S]:
    """Serves from here to the end of this process: after the block, until SIGTERM or Ctrl-C."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    with standin as serving:
        yield serving
        sys.stdout.flush()  # who started it by a pipe waits for what it printed
        end.wait()
