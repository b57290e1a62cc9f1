"""A physical partition: documents in versions, and the count of its transactions (LSN)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

Key = tuple[str, str]
"""Effective partition key, and id."""
KEPT = 4


class Stored(NamedTuple):
    """A document as one transaction left it; None = deleted."""

    lsn: int
    document: dict[str, Any] | None


class Partition:
    """One range of the space.

    Args:
        range_id: the service's name of it.
        low: first place.
        high: first place beyond it.
        parents: ids of the ranges it came from.
        lsn: where it goes on counting.
    """

    def __init__(
        self, range_id: str, low: str, high: str, parents: tuple[str, ...] = (), lsn: int = 0
    ) -> None:
        self.range_id = range_id
        self.low, self.high = low, high
        self.parents = parents
        self.lsn = lsn
        self.items: dict[Key, list[Stored]] = {}
        self.log: list[tuple[int, Key]] = []
        self.unique: dict[tuple[str, ...], str] = {}
        """Place and values of a unique key -> id of the document that has them."""
        self._touched: dict[Key, list[Stored]] | None = None
        self._noted: list[tuple[tuple[str, ...], str | None]] = []

    @contextmanager
    def transaction(self) -> Iterator[int]:
        """One LSN for all that is put inside; nothing of it stays when something is raised."""
        length = len(self.log)
        touched: dict[Key, list[Stored]] = {}
        self._touched = touched
        self._noted.clear()
        self.lsn += 1
        try:
            yield self.lsn
        except BaseException:
            self.lsn -= 1
            del self.log[length:]
            for unique, holder in reversed(self._noted):
                if holder is None:
                    self.unique.pop(unique, None)
                else:
                    self.unique[unique] = holder
            for key, versions in touched.items():
                self.items[key] = versions
            raise
        finally:
            self._touched = None

    def visible(self, session: dict[str, int], lag: int) -> int:
        """The transaction up to which a replica answers: all that the session has seen, else some writes less."""
        seen = max((session.get(name, 0) for name in (self.range_id, *self.parents)), default=0)
        return max(self.lsn - lag, min(seen, self.lsn), 0)

    def get(self, key: Key, upto: int | None = None) -> dict[str, Any] | None:
        """A document as a replica that has come so far knows it."""
        for stored in self.items.get(key, [])[::-1]:
            if upto is None or stored.lsn <= upto:
                return stored.document
        return None

    def put(self, key: Key, document: dict[str, Any] | None, lsn: int) -> None:
        """A document after a transaction."""
        versions = self.items.setdefault(key, [])
        if self._touched is not None:
            self._touched.setdefault(key, list(versions))
        versions.append(Stored(lsn, document))
        del versions[:-KEPT]
        self.log.append((lsn, key))

    def note_unique(self, unique: tuple[str, ...], holder: str) -> None:
        """Who has a unique key now."""
        self._noted.append((unique, self.unique.get(unique)))
        self.unique[unique] = holder

    def documents(self, low: str, high: str, upto: int) -> Iterator[dict[str, Any]]:
        """Everything in a range of places, in the order of places and ids."""
        for key in sorted(self.items):
            if low <= key[0] < high and (found := self.get(key, upto)) is not None:
                yield found

    def changes(self, after: int, low: str, high: str, upto: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """The latest state of each document changed after a transaction, in the order of transactions."""
        start = _first_after(self.log, after)
        for lsn, key in self.log[start:]:
            if lsn > upto:
                return
            newest = self.items[key][-1]
            if low <= key[0] < high and newest.lsn == lsn and newest.document is not None:
                yield lsn, newest.document

    def take(self, other: "Partition", *, renumber: bool = False) -> None:
        """Takes the documents of this range over from another partition."""
        for lsn, key in other.log:
            if self.low <= key[0] < self.high:
                stored = next((s for s in other.items[key] if s.lsn == lsn), None)
                if stored is not None:
                    if renumber:
                        self.lsn += 1
                    self.put(key, stored.document, self.lsn if renumber else lsn)


def _first_after(log: list[tuple[int, Key]], lsn: int) -> int:
    low, high = 0, len(log)
    while low < high:
        middle = (low + high) // 2
        if log[middle][0] <= lsn:
            low = middle + 1
        else:
            high = middle
    return low
