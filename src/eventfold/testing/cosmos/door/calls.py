"""What is noted of a request to Azure Cosmos DB beside what every stand-in notes."""

from dataclasses import dataclass

from eventfold.testing.door import calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(calls.Call):
    """A request and its answer; its kind is "docs", "pkranges", "colls", "dbs" or "account".

    Attributes:
        range_id: the physical partition; empty where none was concerned.
        charge: request units.
    """

    range_id: str
    charge: float


class Calls(calls.Calls[Call]):
    """The calls so far."""

    def of(self, container: str) -> list[tuple[str, int, int]]:
        """The calls for documents of a container as (operation, operations, status)."""
        here = f"/colls/{container}/docs"
        return [(c.operation, c.operations, c.status) for c in self.all("docs") if here in c.path]

    def charge(self, kind: str | None = "docs") -> float:
        """All request units."""
        return sum(call.charge for call in self.all(kind))
