"""One index: its definition, what was written to it, and what its replicas show of that.

What was acknowledged is written; what a search sees is what a replica shows, which may be less. A replica never goes
back: what it has shown, it goes on showing.
"""

import secrets
import threading
from collections import deque
from collections.abc import Sequence

from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.schema.documents import Action, Document
from eventfold.testing.aisearch.storage.replica import Change, Replica


def new_etag() -> str:
    """An etag that no resource had."""
    return f'"0x{secrets.token_hex(8).upper()}"'


class Index:
    """One index.

    Attributes:
        lock: held by who writes.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.etag = new_etag()
        self.lock = threading.RLock()
        self._written: dict[str, Document] = {}
        self._batches: deque[Sequence[Change]] = deque()
        self._first = 0
        self._replicas = [Replica(definition)]

    def define(self, definition: Definition) -> None:
        """A changed definition."""
        with self.lock:
            self.definition = definition
            self.etag = new_etag()
            for replica in self._replicas:
                with replica.lock:
                    replica.define(definition)

    def run(self, action: Action) -> tuple[int, Change | None]:
        """Writes one document: the status of it, and the change that replicas will show. The lock is held."""
        before = self._written.get(action.key)
        if action.name == "delete":
            self._written.pop(action.key, None)
            return 200, (action.key, None)
        if action.name == "merge" and before is None:
            return 404, None
        merged = action.name != "upload" and before is not None
        document = {**before, **action.values} if merged and before is not None else action.values
        self._written[action.key] = document
        return (201 if before is None else 200), (action.key, document)

    def close_batch(self, changes: Sequence[Change]) -> None:
        """The changes of one request, which are shown together. The lock is held."""
        self._batches.append(changes)
        self._trim()

    def replica(self, lags: Sequence[int], turn: int) -> Replica:
        """The replica whose turn it is, without its newest so many batches.

        Args:
            lags: how many of the newest batches each replica does not show.
            turn: whose turn it is.
        """
        with self.lock:
            del self._replicas[len(lags) :]
            while len(self._replicas) < len(lags):
                self._replicas.append(self._copy())
            place = turn % len(lags)
            found = self._replicas[place]
            end = self._first + len(self._batches) - lags[place]
            with found.lock:
                while found.seen < end:
                    found.apply(self._batches[found.seen - self._first])
                    found.seen += 1
            self._trim()
            return found

    def _copy(self) -> Replica:
        first = self._replicas[0]
        made = Replica(self.definition)
        with first.lock:
            made.apply(first.changes())
            made.seen = first.seen
        return made

    def _trim(self) -> None:
        needed = min(replica.seen for replica in self._replicas)
        while self._first < needed:
            self._batches.popleft()
            self._first += 1
