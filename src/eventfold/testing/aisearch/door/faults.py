"""The faults of Azure AI Search: of whole requests, and of single documents inside a batch."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from eventfold.testing.door import faults


@dataclass(slots=True)
class Fault(faults.Fault):
    """Something that goes wrong with a request; statuses are those of the service: 429, 503, 502, 408, 500 ...

    It strikes an operation: "index", "search", "lookup", "count" for documents, "indexes.put", "indexes.get",
    "aliases.put" and so on for others.

    Args:
        retry_after: seconds that an error answer asks to wait for; None says nothing of it, as the service often does.
    """

    retry_after: int | None = None


@dataclass(slots=True)
class DocumentFault:
    """Something that goes wrong with a document of a batch: the batch is answered with 207, the others are kept.

    Args:
        status: 503 (too busy), 422 (the index is not available), 409 (a version conflict), 400, 404 or 429.
        when: for which documents: their keys, or a function that is given key and action; None for all.
        count: how many documents at most; None for always.
        effect: whether the document is written although its status says otherwise.
    """

    status: int = 503
    when: Collection[str] | Callable[[str, str], bool] | None = None
    count: int | None = 1
    effect: bool = False
    done: int = field(default=0, init=False)

    def hits(self, key: str, action: str) -> bool:
        """Whether it strikes this document; it is counted then."""
        if self.count is not None and self.done >= self.count:
            return False
        if callable(self.when):
            if not self.when(key, action):
                return False
        elif self.when is not None and key not in self.when:
            return False
        self.done += 1
        return True


class DocumentFaults:
    """The faults of documents. The first that strikes one is the only one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[DocumentFault] = []

    def add(self, *more: DocumentFault) -> None:
        """More faults."""
        with self._lock:
            self._faults += more

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults.clear()

    def strike(self, key: str, action: str) -> DocumentFault | None:
        """The fault that strikes a document."""
        with self._lock:
            return next((each for each in self._faults if each.hits(key, action)), None)
