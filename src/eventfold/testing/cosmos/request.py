"""A request, taken apart: what is asked of which resource, on which partition, in which session."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from eventfold.testing.cosmos.answers import Refusal

_KINDS = {"dbs", "colls", "docs", "pkranges", "offers"}


def _number(text: str) -> int | float:
    """Numbers are doubles in the service: a whole one beyond 53 bits does not come back as it was sent."""
    number = int(text)
    return number if abs(number) <= 2**53 else float(text)


class Request:
    """One HTTP request.

    Args:
        method: of HTTP.
        path: with its escapes.
        headers: by name in lower case.
        body: its bytes.
    """

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.headers = headers
        self.size = len(body)
        self._body = body
        parts = [unquote(part) for part in path.partition("?")[0].strip("/").split("/") if part]
        self.names = dict(zip(parts[::2], parts[1::2], strict=False))
        self.kind = parts[-1] if len(parts) % 2 else parts[-2] if parts else ""
        if self.kind and self.kind not in _KINDS:
            raise Refusal(400, f"The stand-in does not serve {self.kind}.")
        self.link = "/".join(parts[:-1] if len(parts) % 2 else parts)
        """What the signature speaks of: the resource, or the one that a collection belongs to."""

    @property
    def database(self) -> str:
        """Its name in the path; empty where none is meant."""
        return self.names.get("dbs", "")

    @property
    def container(self) -> str:
        """Its name in the path; empty where none is meant."""
        return self.names.get("colls", "")

    @property
    def document(self) -> str:
        """Its id in the path; empty where none is meant."""
        return self.names.get("docs", "")

    @property
    def operation(self) -> str:
        """What is asked, in a word."""
        if self.kind != "docs":
            return self.kind or "account"
        if self.flag("x-ms-cosmos-is-batch-request"):
            return "batch"
        if self.flag("x-ms-cosmos-is-query-plan-request"):
            return "plan"
        if self.flag("x-ms-documentdb-isquery"):
            return "query"
        if self.method == "GET" and not self.document:
            return "feed"
        if self.method == "POST":
            return "upsert" if self.flag("x-ms-documentdb-is-upsert") else "create"
        return {"GET": "read", "PUT": "replace", "DELETE": "delete"}.get(self.method, self.method)

    def header(self, name: str, default: str = "") -> str:
        """A header by its name in lower case."""
        return self.headers.get(name, default)

    def flag(self, name: str) -> bool:
        """Whether a header says true."""
        return self.header(name).lower() == "true"

    def json(self) -> Any:
        """The body."""
        try:
            return json.loads(self._body or b"null", parse_int=_number)
        except ValueError:
            raise Refusal(400, "The body is not JSON.") from None

    @property
    def key(self) -> list[Any] | None:
        """The partition key that is meant; None where none is given."""
        text = self.header("x-ms-documentdb-partitionkey")
        found: list[Any] | None = json.loads(text) if text else None
        return found

    @property
    def session(self) -> dict[str, int]:
        """What the session has seen: range id -> LSN."""
        found: dict[str, int] = {}
        for part in self.header("x-ms-session-token").split(","):
            name, _, vector = part.partition(":")
            if "#" in vector and (lsn := vector.split("#")[1]).isdigit():
                found[name] = max(found.get(name, 0), int(lsn))
        return found
