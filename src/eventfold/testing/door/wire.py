"""A request and an answer, apart from any socket and any service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NotJson(Exception):
    """The body of a request is no JSON."""


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
            NotJson: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise NotJson(f"The request body is not valid JSON: {error}") from error


@dataclass(slots=True)
class Answer:
    """What goes out: JSON, unless its headers name another content type."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def dumps(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()
