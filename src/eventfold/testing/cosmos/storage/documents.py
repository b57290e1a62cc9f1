"""What is stored: documents with their versions, logical partitions, physical ranges. Data and how to look at it.

Older versions stay reachable, because a lagging replica shows them. Nothing is checked here; changes are made by
`transaction` and `ranges` only, with the lock of the container held.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

KEPT = 1000
"""How many transactions back the older versions of a document stay reachable."""


class Version:
    """A document as one change left it; `body` is None after a delete."""

    __slots__ = ("body", "lsn", "moment", "of", "operation", "previous")

    def __init__(
        self, of: "Document", body: dict[str, Any] | None, operation: str, lsn: int, moment: float
    ) -> None:
        self.of = of
        self.body = body
        self.operation = operation
        self.lsn = lsn
        self.moment = moment
        self.previous: Version | None = None


class Document:
    """One id in one logical partition. A document created again after a delete is a new one that knows its past."""

    __slots__ = ("head", "id", "logical", "replaced", "sequence")

    def __init__(self, identity: str, logical: "Logical", sequence: int) -> None:
        self.id = identity
        self.logical = logical
        self.sequence = sequence
        self.head: Version | None = None
        self.replaced = False

    def at(self, horizon: int) -> Version | None:
        """The newest version up to an LSN; None where it was not there or was deleted."""
        version = self.head
        while version is not None and version.lsn > horizon:
            version = version.previous
        return version if version is not None and version.body is not None else None


@dataclass(slots=True)
class Logical:
    """A logical partition: everything with one partition key.

    Attributes:
        key: the key as text, as `keys.key_text` writes it.
        values: the key as values.
        place: where it stands on the ring.
        documents: by id, deleted ones too.
        unique: for every unique key of the container, value to id.
        ballast: bytes that it is said to hold beside its documents.
    """

    key: str
    values: list[Any]
    place: str
    documents: dict[str, Document] = field(default_factory=dict)
    unique: list[dict[str, str]] = field(default_factory=list)
    ballast: int = 0


@dataclass(slots=True)
class Range:
    """A physical partition.

    Attributes:
        generation: at which number of the container's splits and merges it came to be.
        lsn: of its last transaction.
        log: every version, in the order of their LSNs.
        order: every document, in the order of their numbers.
        second, spent: request units used up in the newest second of use.
    """

    id: str
    low: str
    high: str
    parents: tuple[str, ...] = ()
    generation: int = 0
    lsn: int = 0
    logicals: dict[str, Logical] = field(default_factory=dict)
    log: list[Version] = field(default_factory=list)
    order: list[Document] = field(default_factory=list)
    second: int = 0
    spent: float = 0.0

    def covers(self, place: str) -> bool:
        """Whether a place on the ring belongs to it."""
        return self.low <= place < self.high

    def after(self, lsn: int) -> Iterator[Version]:
        """The versions of later transactions."""
        start = bisect_right(self.log, lsn, key=lambda version: version.lsn)
        for index in range(start, len(self.log)):
            yield self.log[index]

    def listed(self, sequence: int) -> Iterator[Document]:
        """The documents with higher numbers, in their order."""
        start = bisect_right(self.order, sequence, key=lambda document: document.sequence)
        for index in range(start, len(self.order)):
            if not self.order[index].replaced:
                yield self.order[index]
