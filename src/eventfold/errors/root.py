"""The root of every error: a sentence, a stable code, and the facts behind it."""

from typing import Any, ClassVar, Literal

Outcome = Literal["not_applied", "applied", "unknown"]


class EventfoldError(Exception):
    """The root: a sentence that says what, where and what to do, and the facts behind it.

    Args:
        message: one or two plain sentences.
        facts: the values the sentence speaks of, by name, as they may appear in JSON.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    outcome: Outcome = "not_applied"

    def __init_subclass__(cls, *, code: str = "", status: int = 0, exit_code: int = 0, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.code = code or cls.code
        cls.status = status or cls.status
        cls.exit_code = exit_code or cls.exit_code

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def as_dict(self) -> dict[str, object]:
        """The error as a JSON-ready map: code, message, outcome and the facts as text or numbers."""
        facts = {
            k: v if isinstance(v, int | float | bool | None) else _text(v) for k, v in self.facts.items()
        }
        return {"code": self.code, "message": _text(self.message), "outcome": self.outcome, **facts}


def _text(fact: object) -> str:
    # bytes of an argument that are no UTF-8 arrive as lone surrogates, which JSON cannot hold
    return str(fact).encode(errors="backslashreplace").decode()
