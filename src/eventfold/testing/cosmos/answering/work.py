"""One request on its way: what the handlers share. What the lag of replicas means is decided here and nowhere else.

Handlers take a `Work` and give an `Answer` or raise `Refused`; they are listed in `routes`.
"""

from dataclasses import dataclass, field
from typing import Any

from eventfold.testing.cosmos.address import Address
from eventfold.testing.cosmos.answering import charges
from eventfold.testing.cosmos.storage.account import Account
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.documents import Range
from eventfold.testing.cosmos.storage.expiring import sweep
from eventfold.testing.cosmos.storage.keys import UNDEFINED, read_key
from eventfold.testing.cosmos.wire import Refused, bad
from eventfold.testing.door.wire import Answer, Request, dumps


@dataclass(slots=True)
class Work:
    """A request and what is known about it so far.

    Attributes:
        range: the physical partition it turned out to concern.
        seen: up to which LSN of that partition the answer tells.
        charge: request units of the answer.
        operations: how many operations a batch has.
    """

    account: Account
    endpoint: str
    request: Request
    address: Address
    operation: str
    range: Range | None = None
    seen: int = 0
    charge: float = 1.0
    operations: int = 1
    headers: dict[str, str] = field(default_factory=dict)

    def container(self) -> Container:
        """The container of the address.

        Raises:
            Refused: 404, or 400/1024 where the client means another of that name.
        """
        found = self.account.container(*self.address.names[:2])
        meant = self.request.header("x-ms-cosmos-intended-collection-rid")
        if meant and meant != found.rid:
            raise bad("The container was created anew: its resource id is not the intended one.", 1024)
        sweep(found)
        return found

    def key(self, container: Container) -> list[Any] | None:
        """The partition key of the header; None without one.

        Raises:
            Refused: 400, it is none.
        """
        header = self.request.header("x-ms-documentdb-partitionkey")
        if not header:
            return None
        try:
            values = read_key(header)
        except ValueError as error:
            raise bad(f"Partition key {header} is invalid.") from error
        if len(values) > len(container.paths):
            raise bad("Partition key provided has more components than the container's definition.")
        if not container.hierarchical and any(isinstance(v, dict | list) and v != UNDEFINED for v in values):
            raise bad(f"Partition key {header} is invalid.")
        return values

    def whole_key(self, container: Container) -> list[Any]:
        """The partition key of a request that needs one.

        Raises:
            Refused: 400.
        """
        values = self.key(container)
        if values is None:
            raise bad("PartitionKey value must be supplied for this operation.", 1001)
        if len(values) != len(container.paths):
            raise bad(
                "Partition key provided either doesn't correspond to definition in the collection or doesn't match "
                "partition key field values specified in the document.",
                1001,
            )
        return values

    def on(self, one: Range) -> Range:
        """Notes the physical partition of a write, which always sees everything.

        Raises:
            Refused: 429, it has used up its request units.
        """
        self._admit(one)
        self.seen = one.lsn
        return one

    def horizon(self, one: Range) -> int:
        """Up to which LSN a read sees a range.

        Without lag, everything. A lagging replica hides the newest transactions, but never those that the session
        token of the request covers.

        Raises:
            Refused: 404/1002, the token is ahead of the range; 429, it has used up its request units.
        """
        self._admit(one)
        promised = self._promised(one)
        if promised > one.lsn:
            raise Refused(
                404, "The read session is not available for the input session token.", substatus=1002
            )
        self.seen = max(one.lsn - self.account.lag, promised, 0)
        return self.seen

    def _admit(self, one: Range) -> None:
        if self.range is not one and (wait := charges.wait(one, self.account.throughput)):
            raise Refused(429, "Request rate is large.", headers={"x-ms-retry-after-ms": str(wait)})
        self.range = one

    def _promised(self, one: Range) -> int:
        token = self.request.header("x-ms-session-token")
        if not token:
            return 0
        lsns: dict[str, int] = {}
        for part in token.split(","):
            name, _, rest = part.partition(":")
            digits = (rest or name).split("#")[1:2]
            if digits and digits[0].isdecimal():
                lsns[name if rest else one.id] = int(digits[0])
        if one.id in lsns:
            return lsns[one.id]
        return max((lsns[parent] for parent in one.parents if parent in lsns), default=0)

    def answer(self, status: int, body: Any = None, **headers: str) -> Answer:
        """An answer with JSON; names of headers have _ for -."""
        sent = b"" if body is None else body if isinstance(body, bytes) else dumps(body)
        return Answer(status, sent, {name.replace("_", "-"): value for name, value in headers.items()})
