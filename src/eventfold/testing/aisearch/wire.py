"""The refusal that becomes an error answer, in the words of Azure AI Search."""

from collections.abc import Mapping, Sequence

from eventfold.testing.door.wire import Answer, dumps


class Refused(Exception):
    """An error answer.

    Args:
        status: the HTTP status.
        message: a sentence for people.
        code: the error code of the service; often empty there too.
        details: code and message of each cause.
        headers: more headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        details: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.details = tuple(details)
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        """The answer that tells it."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [{"code": code, "message": message} for code, message in self.details]
        return Answer(self.status, dumps({"error": error}), dict(self.headers))


def invalid(what: str) -> Refused:
    """400: the body says something that is not allowed."""
    return Refused(400, f"The request is invalid. Details: {what}")


def expression(parameter: str, what: str) -> Refused:
    """400: a parameter of a search cannot be used."""
    return Refused(400, f"Invalid expression: {what}\r\nParameter name: {parameter}")


def unknown(what: str) -> Refused:
    """400 for something that the service may know and the stand-in does not: no answer may be wrong."""
    return Refused(400, f"The stand-in for Azure AI Search does not know {what}.", code="StandIn")
