"""What the errors of other libraries say, made fit for a sentence of ours: no colours, no traces, not without end."""

import errno
import re

MOST = 240
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_POINTS = re.compile(r"^[\s↳•|]+")
_TRACES = (
    "stack backtrace",
    "Traceback (most recent",
    "note: run with `RUST_BACKTRACE",
    "Stack Trace",
    "Help:",
)
_FULL = re.compile(
    r"no space left on device|not enough space on the disk|disk quota exceeded|os error 28\b|os error 122\b",
    re.IGNORECASE,
)


def said(error: BaseException) -> str:
    """What an error says, as the end of one of our sentences: its first line, of a chain of causes the whole chain.

    Args:
        error: of a library.
    """
    lines: list[str] = []
    for line in _ESCAPES.sub("", _text(error)).splitlines():
        if line.strip().startswith(_TRACES):
            break
        indented = bool(lines) and _POINTS.match(line) is not None and "↳" in line
        plain = _CONTROLS.sub(" ", _POINTS.sub("", line)).strip()
        if plain and lines and not indented:
            break
        if plain:
            lines.append(plain)
    told = ": ".join(lines) or type(error).__name__
    return (told if len(told) <= MOST else told[: MOST - 1].rstrip() + "…").rstrip(".")


def says_full(error: BaseException) -> bool:
    """Whether an error of a library means that there is no space left, or its quota is used up."""
    number = getattr(error, "errno", None)
    return number in {errno.ENOSPC, errno.EDQUOT} or _FULL.search(_text(error)) is not None


def _text(error: BaseException) -> str:
    return str(error).encode(errors="backslashreplace").decode()
