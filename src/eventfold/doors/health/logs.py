"""Logs as JSON: a line each, with what they are about in fields of their own, and no secrets."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

_LONGEST = 8_000
"""Characters of a message or a trace."""
_encode = msgspec.json.Encoder().encode


class JsonLines(logging.Formatter):
    """Each record as one line of JSON: time, level, logger, message, its facts, and the trace of an error.

    Facts are what a record carries as `extra={"facts": {...}}`: of an event on its way to a handler `handler`,
    `stream`, `version`, `position`, `partition`, `type`, `correlationId` and the idempotency `key`.

    Args:
        hide: takes secrets out of a text.
    """

    def __init__(self, hide: Callable[[str], str] = str) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._text(record.getMessage()),
        }
        facts = getattr(record, "facts", None)
        if isinstance(facts, Mapping):
            said |= {name: self._fact(value) for name, value in facts.items() if name not in said}
        if record.exc_info:
            said["trace"] = self._text(self.formatException(record.exc_info))
        return _encode(said).decode()

    def _fact(self, value: object) -> object:
        return value if isinstance(value, int | float | None) else self._text(str(value))

    def _text(self, text: str) -> str:
        plain = self._hide(text[: 2 * _LONGEST]).encode(errors="backslashreplace").decode()
        return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


@contextmanager
def logging_json(hide: Callable[[str], str] = str) -> Iterator[logging.Logger]:
    """What is logged meanwhile goes to standard error as JSON: of ours informations too, of others warnings.

    Args:
        hide: takes secrets out of a text.
    """
    root, ours = logging.getLogger(), logging.getLogger("eventfold")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(hide))
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield ours
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)
