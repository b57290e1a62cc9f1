"""The service: its indexes and aliases by name, and how much its replicas lag. Look-ups only; no HTTP."""

import itertools
import threading
from dataclasses import dataclass, field
from typing import Any

from eventfold.testing.aisearch.storage.index import Index, new_etag
from eventfold.testing.aisearch.wire import Refused


@dataclass(slots=True)
class Alias:
    """Another name of an index.

    Attributes:
        before: the index that it named until it was changed.
        late: how many more requests for documents still go there.
    """

    name: str
    target: str
    etag: str = field(default_factory=new_etag)
    before: str = ""
    late: int = 0

    def told(self) -> dict[str, Any]:
        """As a client reads it."""
        return {"@odata.etag": self.etag, "name": self.name, "indexes": [self.target]}


class Service:
    """All indexes and aliases.

    Attributes:
        lags: how many of the newest batches each replica does not show.
        alias_lag: how many requests a changed alias still sends where it sent them before.
        lock: held by who changes which indexes and aliases there are.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.indexes: dict[str, Index] = {}
        self.aliases: dict[str, Alias] = {}
        self.lags: tuple[int, ...] = (0,)
        self.alias_lag = 0
        self._turns = itertools.count()

    def turn(self) -> int:
        """Whose turn it is among the replicas."""
        return next(self._turns)

    def index(self, name: str) -> Index:
        """An index by its own name or by an alias of it.

        Raises:
            Refused: 404.
        """
        with self.lock:
            alias = self.aliases.get(name)
            return self.named(alias.target if alias is not None else name)

    def named(self, name: str) -> Index:
        """An index by its own name only.

        Raises:
            Refused: 404.
        """
        found = self.indexes.get(name)
        if found is None:
            raise Refused(404, f"The index '{name}' for service 'stand-in' was not found.")
        return found

    def index_for_documents(self, name: str) -> Index:
        """The same for a request that concerns documents, for which an alias may be late.

        Raises:
            Refused: 404.
        """
        with self.lock:
            alias = self.aliases.get(name)
            if alias is not None and alias.late > 0 and alias.before in self.indexes:
                alias.late -= 1
                return self.indexes[alias.before]
            return self.index(name)
