"""What the service answers: status, headers, body; refusals are raised where they are known."""

from typing import Any

import msgspec


class Answer(msgspec.Struct, kw_only=True):
    """One answer.

    Attributes:
        status: HTTP status.
        body: JSON value, or None for no body.
        headers: beside the usual ones.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}


class Refusal(Exception):
    """The service refuses a request.

    Args:
        status: HTTP status.
        message: why.
        substatus: the finer code of the service.
    """

    def __init__(self, status: int, message: str, substatus: int = 0, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.substatus = substatus
        self.headers = headers

    def answer(self) -> Answer:
        """As it is answered."""
        headers = {"x-ms-substatus": str(self.substatus)} if self.substatus else {}
        named = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return Answer(
            status=self.status, body={"code": str(self.status), "message": str(self)}, headers=headers | named
        )


def charge(size: int, *, writes: bool) -> float:
    """A model of request units: about 1 a KB read, 5 a KB written. It is not Azure's."""
    return round((5.0 if writes else 1.0) * max(1.0, size / 1024), 2)
