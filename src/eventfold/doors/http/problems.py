"""Errors as HTTP tells them: problem details in JSON (RFC 9457), with the codes of the tree of errors."""

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from eventfold.errors import EventfoldError, StorageError
from eventfold.events.ids import new_id

PROBLEM = "application/problem+json"
_AGAIN = "5"
"""Seconds after which a sender may come again."""

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What is answered; of a problem `instance` is what the log names it by."""

    status: int
    headers: Headers
    body: bytes
    instance: str = ""

    @property
    def line(self) -> str:
        """The status as it stands in the first line."""
        return f"{self.status} {_phrase(self.status)}"


def problem(error: EventfoldError) -> Answer:
    """What a sender is told of an error: of our own storage nothing but to come again."""
    if isinstance(error, StorageError):
        detail = "The log takes no events now. Send it again."
        return refusal(error.status, error.code, detail, headers=[("Retry-After", _AGAIN)])
    field = error.facts.get("field")
    errors = [] if field is None else [{"field": str(field), "reason": error.message}]
    return refusal(error.status, error.code, error.message, errors=errors)


def refusal(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Headers | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Answer:
    """A problem, with its code, and an `instance` that is told apart from all others."""
    instance = f"urn:uuid:{new_id()}"
    body = {
        "type": "about:blank",
        "title": _phrase(status),
        "status": status,
        "code": code,
        "detail": detail.encode(errors="backslashreplace").decode(),
        "instance": instance,
        "errors": errors or [],
    }
    return Answer(status, [("Content-Type", PROBLEM), *(headers or [])], msgspec.json.encode(body), instance)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
