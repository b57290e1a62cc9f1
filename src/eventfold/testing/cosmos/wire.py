"""Requests and answers of the stand-in, apart from any socket, and the refusal that becomes an error answer.

What a request means stands in `address` and the handlers; how bytes come and go stands in `server`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    207: "Multi-Status",
    304: "Not Modified",
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    424: "FailedDependency",
    429: "TooManyRequests",
    449: "RetryWith",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


@dataclass(slots=True)
class Request:
    """What came in; the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str) -> str:
        """A header; empty where it is missing."""
        return self.headers.get(name, "")

    def says(self, name: str) -> bool:
        """Whether a header says true."""
        return self.headers.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The body.

        Raises:
            Refused: it is no JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refused(400, f"The request body is not valid JSON: {error}") from error


@dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An error answer.

    Args:
        status: the HTTP status.
        message: a sentence for people.
        substatus: the finer code of Azure Cosmos DB; 0 for none.
        headers: more headers.
    """

    def __init__(
        self, status: int, message: str, *, substatus: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.substatus = substatus
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        """The answer that tells it."""
        headers = dict(self.headers)
        if self.substatus:
            headers["x-ms-substatus"] = str(self.substatus)
        if self.status == 304:
            return Answer(304, b"", headers)
        return Answer(
            self.status, dumps({"code": REASONS.get(self.status, "Error"), "message": self.message}), headers
        )


def dumps(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def missing(what: str) -> Refused:
    """404 for a resource."""
    return Refused(404, f"Entity with the specified id does not exist in the system: {what}.")


def bad(message: str, substatus: int = 0) -> Refused:
    """400 with a sentence."""
    return Refused(400, message, substatus=substatus)


def gone(range_id: str) -> Refused:
    """410/1002: the range was split, merged or never was."""
    return Refused(410, f"The requested partition key range '{range_id}' is gone.", substatus=1002)
