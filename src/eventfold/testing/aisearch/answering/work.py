"""One request on its way: what the handlers share. They take a `Work` and give an `Answer` or raise `Refused`."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from eventfold.testing.aisearch.address import Address
from eventfold.testing.aisearch.door.faults import DocumentFaults
from eventfold.testing.aisearch.storage.index import Index
from eventfold.testing.aisearch.storage.replica import Replica
from eventfold.testing.aisearch.storage.service import Service
from eventfold.testing.aisearch.wire import Refused, invalid
from eventfold.testing.door.wire import Answer, Request, dumps

LARGEST = 16_000_000
"""The service says 16 MB and not which; this is the lesser."""


@dataclass(slots=True)
class Work:
    """A request and what is known about it so far.

    Attributes:
        operations: how many documents a batch has.
    """

    service: Service
    endpoint: str
    request: Request
    address: Address
    document_faults: DocumentFaults
    operations: int = 1
    asked: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asked = parse_qs(urlsplit(self.request.path).query, keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        """A parameter of the address; None where it is missing."""
        return self.asked.get(name, [None])[0]

    def body(self) -> Any:
        """The JSON of the request.

        Raises:
            Refused: 413, it is too large; 400, it is none.
        """
        if len(self.request.body) > LARGEST:
            raise Refused(
                413, "The request body is too large and exceeds the maximum permissible limit of 16 MB."
            )
        try:
            return msgspec.json.decode(self.request.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise invalid(f"parameters : The body is not valid JSON: {error}") from None

    def index(self) -> Index:
        """The index of a request for documents.

        Raises:
            Refused: 404.
        """
        return self.service.index_for_documents(self.address.name)

    def replica(self, index: Index) -> Replica:
        """The replica that answers this request."""
        return index.replica(self.service.lags, self.service.turn())

    def check_conditions(self, etag: str | None) -> None:
        """Keeps the conditions of the headers.

        Args:
            etag: of the resource; None where there is none.

        Raises:
            Refused: 412.
        """
        match, none_match = self.request.header("if-match"), self.request.header("if-none-match")
        if (match and match not in (etag, "*" if etag else None)) or (
            none_match and none_match in (etag, "*" if etag else None)
        ):
            raise Refused(412, "The precondition given in one of the request headers evaluated to false.")

    def answer(self, status: int, body: Any = None, **headers: str) -> Answer:
        """An answer with JSON; names of headers have _ for -."""
        sent = b"" if body is None else dumps(body)
        return Answer(status, sent, {name.replace("_", "-"): value for name, value in headers.items()})


def selected(given: str | None) -> list[str] | None:
    """The names of a `$select`; None for all."""
    names = [name.strip() for name in (given or "").split(",") if name.strip()]
    return None if not names or "*" in names else names
