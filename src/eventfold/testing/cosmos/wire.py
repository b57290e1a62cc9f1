"""The refusal that becomes an error answer, in the words of Azure Cosmos DB."""

from collections.abc import Mapping

from eventfold.testing.door.wire import Answer, dumps

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


def missing(what: str) -> Refused:
    """404 for a resource."""
    return Refused(404, f"Entity with the specified id does not exist in the system: {what}.")


def bad(message: str, substatus: int = 0) -> Refused:
    """400 with a sentence."""
    return Refused(400, message, substatus=substatus)


def gone(range_id: str) -> Refused:
    """410/1002: the range was split, merged or never was."""
    return Refused(410, f"The requested partition key range '{range_id}' is gone.", substatus=1002)
