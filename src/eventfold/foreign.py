"""What other libraries say, made fit for a sentence of ours: no colours, no traces, not without end.

A native library whose thread fails prints that to standard error itself, past everything that Python could do about it.
A program that owns its standard error, as the command line does, may keep it out.
"""

import errno
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

MOST = 240
PANIC = "PanicException"
"""The name of the class, which cannot be imported, of what a fault of a native library raises: no `Exception`."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CAUSE = "↳"
_MORE = (_CAUSE, "Candidate bindings", "Candidate functions")
"""What begins a line that belongs to the one before."""

_TRACES = (
    "stack backtrace",
    "Traceback (most recent",
    "note: run with `RUST_BACKTRACE",
    "Stack Trace",
    "Help:",
)
_FULL = re.compile(
    r"no space left on device|not enough space on the disk|disk quota exceeded|os error (?:28|122)\b",
    re.IGNORECASE,
)
_PANICS = re.compile(
    rb"\n?thread '[^'\n]*' (?:\(\d+\) )?panicked at [^\n]*\n[^\n]*\n"
    rb"(?:stack backtrace:\n(?:\s+(?:\d+:|at )[^\n]*\n)*)?(?:note: [^\n]*RUST_BACKTRACE[^\n]*\n)?"
)


def said(error: BaseException) -> str:
    """What an error says, as the end of one of our sentences: its first line and the causes that are listed below it.

    Args:
        error: of a library.
    """
    lines: list[str] = []
    for line in _ESCAPES.sub("", _text(error)).splitlines():
        more = line.lstrip().startswith(_MORE)
        plain = _CONTROLS.sub(" ", line.replace(_CAUSE, "") if more else line).strip()
        if plain.startswith(_TRACES) or (plain and lines and not more):
            break
        if plain:
            lines.append(plain.rstrip(".:!"))
    told = ": ".join(lines) or type(error).__name__
    return told if len(told) <= MOST else told[: MOST - 1].rstrip() + "…"


def says_full(error: BaseException) -> bool:
    """Whether an error of a library means that there is no space left, or its quota is used up."""
    number = getattr(error, "errno", None)
    return number in {errno.ENOSPC, errno.EDQUOT} or _FULL.search(_text(error)) is not None


def _text(error: BaseException) -> str:
    return str(error).encode(errors="backslashreplace").decode()


class _StandardError:
    """The descriptor of standard error, and how many calls want it kept clean."""

    def __init__(self) -> None:
        self.ours = False
        self._lock = threading.Lock()
        self._calls = 0
        self._saved = self._caught = -1

    @contextmanager
    def clean(self) -> Iterator[None]:
        if not self.ours:
            yield
            return
        with self._lock:
            self._calls += 1
            if self._calls == 1:
                self._catch()
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0:
                    self._release()

    def _catch(self) -> None:
        self._saved = self._caught = -1
        with suppress(OSError, ValueError, AttributeError):  # closed, or a system without files in memory
            sys.stderr.flush()
            self._caught = os.memfd_create("stderr")
            self._saved = os.dup(2)
            os.dup2(self._caught, 2)

    def _release(self) -> None:
        """Gives back what was written meanwhile, which others may have done too, without what a panic says."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        if self._saved >= 0:
            os.dup2(self._saved, 2)
            os.close(self._saved)
        if self._caught >= 0:
            with os.fdopen(self._caught, "rb") as caught:
                caught.seek(0)
                text = _PANICS.sub(b"", caught.read())
            with suppress(OSError):
                while text:
                    text = text[os.write(2, text) :]


_stderr = _StandardError()


def own_standard_error() -> None:
    """From here on panics of native libraries are kept off standard error: for a program, never for a library."""
    _stderr.ours = True


def without_panics() -> AbstractContextManager[None]:
    """A context for a call of a native library: what its threads say when they fail is said by its error alone."""
    return _stderr.clean()
