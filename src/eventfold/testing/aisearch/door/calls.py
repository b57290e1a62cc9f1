"""What is noted of a request to Azure AI Search beside what every stand-in notes."""

from dataclasses import dataclass

from eventfold.testing.door import calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(calls.Call):
    """A request and its answer; kind and operation are those of its address.

    Attributes:
        index: the name of the index or alias; empty where none was concerned.
    """

    index: str


class Calls(calls.Calls[Call]):
    """The calls so far."""

    def of(self, index: str) -> list[tuple[str, int, int]]:
        """The calls for documents of an index as (operation, operations, status)."""
        return [(c.operation, c.operations, c.status) for c in self.all("docs") if c.index == index]
