"""What logical partitions weigh: the limit of the service, and what a container tells of its heaviest partition keys.

Ballast stands for documents that nobody has the time to write. Sizes are of JSON; the service weighs its index too.
"""

from collections.abc import Iterable
from typing import Any

from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.documents import Logical, Range
from eventfold.testing.cosmos.wire import Refused
from eventfold.testing.door.wire import dumps

LIMIT = 20 * 1024**3
"""Bytes of one logical partition."""
_TOLD = 1024**3
"""Lighter partition keys are not told."""
_KEYS = 3


def weight(logical: Logical) -> int:
    """Bytes of a logical partition."""
    heads = [document.head for document in logical.documents.values() if document.head is not None]
    return logical.ballast + sum(len(dumps(head.body)) for head in heads if head.body is not None)


def check(logical: Logical, more: Iterable[dict[str, Any] | None]) -> None:
    """Refuses documents for which a logical partition has no place.

    Raises:
        Refused: 403/1014.
    """
    if not logical.ballast:
        return  # nobody comes so far without
    if weight(logical) + sum(len(dumps(body)) for body in more if body is not None) > LIMIT:
        raise Refused(403, "Partition key reached maximum size of 20 GB.", substatus=1014)


def statistics(container: Container) -> list[dict[str, Any]]:
    """Of each physical partition: its size, its documents, and its heaviest partition keys beyond 1 GB."""
    with container.lock:
        return [_of_range(one) for one in container.ranges]


def _of_range(one: Range) -> dict[str, Any]:
    weights = sorted(
        ((weight(logical), logical) for logical in one.logicals.values()), key=lambda pair: -pair[0]
    )
    return {
        "id": one.id,
        "sizeInKB": sum(size for size, _ in weights) // 1024,
        "documentCount": sum(
            1 for document in one.listed(0) if document.head and document.head.body is not None
        ),
        "sampledDistinctPartitionKeyCount": len(weights),
        "partitionKeys": [
            {"partitionKey": logical.values, "sizeInKB": size // 1024}
            for size, logical in weights[:_KEYS]
            if size >= _TOLD
        ],
    }
