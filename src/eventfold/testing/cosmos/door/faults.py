"""The faults of Azure Cosmos DB."""

from dataclasses import dataclass

from eventfold.testing.door import faults


@dataclass(slots=True)
class Fault(faults.Fault):
    """Something that goes wrong; statuses are those of the service: 429, 449, 503, 408, 500, 403, 410 ...

    It strikes an operation: "batch", "create", "read", "query", "feed", "plan" for documents, "pkranges.list",
    "colls.read", "account.read" and so on for others.

    Args:
        retry_after_ms: what a 429 or 449 asks for.
        substatus: of an error answer.
    """

    retry_after_ms: int = 1
    substatus: int = 0
