"""Times to live: documents that expire are deleted by the service itself, from the second on in which they do.

A container says `defaultTtl` (absent: nothing expires, whatever documents say; -1: only what says so itself), a
document `ttl` (-1: never). Both count seconds from the last change. Nobody is told but readers of all versions.
"""

from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.lifetimes import has_expired
from eventfold.testing.cosmos.storage.transaction import Transaction


def sweep(container: Container) -> None:
    """Deletes what has expired; looked for once in a second."""
    usual = container.definition.get("defaultTtl")
    now = int(container.clock())
    if usual is None or now <= container.swept:
        return
    with container.lock:
        container.swept = now
        for logical in [each for one in container.ranges for each in one.logicals.values()]:
            transaction = Transaction(container, logical.values)
            for document in list(logical.documents.values()):
                body = document.head.body if document.head is not None else None
                if body is not None and has_expired(body, usual, now):
                    transaction.expire(document.id)
            transaction.commit()
