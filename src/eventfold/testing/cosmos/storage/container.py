"""A container: its definition and its physical partitions, and how they split and merge.

Documents are changed by `transaction`; what a request may do is decided by the handlers. Every access holds `lock`.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from eventfold.testing.cosmos.storage import indexing, keys, rids
from eventfold.testing.cosmos.storage.documents import Logical, Range
from eventfold.testing.cosmos.storage.keeping import Forgetful, Notes
from eventfold.testing.cosmos.wire import gone

_CONFLICTS = {"mode": "LastWriterWins", "conflictResolutionPath": "/_ts", "conflictResolutionProcedure": ""}


class Container:
    """One container.

    Args:
        database: the resource id of its database.
        definition: what the client sent: id, partitionKey, uniqueKeyPolicy and so on.
        partitions: how many physical partitions it begins with.
        rid: its resource id; None for a new one.
        notes: where its changes are noted.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        database: str,
        definition: dict[str, Any],
        partitions: int,
        rid: str | None = None,
        notes: Notes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.swept = 0
        self.lock = threading.RLock()
        self.notes: Notes = notes or Forgetful()
        self.rid = rid or rids.container_rid(database)
        self.database = database
        self.partitions = partitions
        self.throughput: int | None = None
        self.definition: dict[str, Any] = {}
        self.define(definition)
        self.id: str = self.definition["id"]
        self.paths = [keys.paths(path) for path in self.definition["partitionKey"]["paths"]]
        self.hierarchical = self.definition["partitionKey"]["kind"] == "MultiHash"
        self.unique = [
            [keys.paths(path) for path in unique["paths"]]
            for unique in self.definition.get("uniqueKeyPolicy", {}).get("uniqueKeys", [])
        ]
        self.generation = 0
        self.sequence = 0
        self.ranges = [Range(str(n), *bounds) for n, bounds in enumerate(keys.divided(partitions))]
        self._next_range = partitions

    def define(self, definition: dict[str, Any]) -> None:
        """Takes a definition, with what the service adds to it."""
        full = {
            "indexingPolicy": {},
            "conflictResolutionPolicy": _CONFLICTS,
            "geospatialConfig": {"type": "Geography"},
        } | {name: value for name, value in definition.items() if value is not None}
        full["indexingPolicy"] = indexing.completed(full["indexingPolicy"])
        full["partitionKey"] = {"kind": "Hash"} | full["partitionKey"]
        full |= {
            "_rid": self.rid,
            "_ts": int(self.clock()),
            "_self": f"dbs/{self.database}/colls/{self.rid}/",
            "_etag": rids.etag(),
            "_docs": "docs/",
            "_sprocs": "sprocs/",
            "_triggers": "triggers/",
            "_udfs": "udfs/",
            "_conflicts": "conflicts/",
        }
        self.definition = full

    def key_of(self, document: dict[str, Any]) -> list[Any]:
        """The partition key that stands in a document."""
        return [keys.value_at(document, path) for path in self.paths]

    def logical(self, values: list[Any]) -> tuple[Range, Logical]:
        """The partition of a key, and the range it lies in; an unknown one is empty and not kept."""
        text = keys.key_text(values)
        place = keys.place(values, hierarchical=self.hierarchical)
        found = self.covering(place)
        logical = found.logicals.get(text)
        if logical is None:
            logical = Logical(text, values, place, unique=[{} for _ in self.unique])
        return found, logical

    def covering(self, place: str) -> Range:
        """The range in which a place lies."""
        return next(one for one in self.ranges if one.covers(place))

    def overlapping(self, low: str, high: str) -> list[Range]:
        """The ranges that share a part of the ring."""
        return [one for one in self.ranges if one.low < high and low < one.high]

    def range_of_id(self, range_id: str) -> Range:
        """A range by id.

        Raises:
            Refused: 410/1002, it is not there any more.
        """
        for one in self.ranges:
            if one.id == range_id:
                return one
        raise gone(range_id)

    def split(self, range_id: str | None = None) -> tuple[str, str]:
        """Splits a range in the middle; the ids of its children."""
        with self.lock:
            parent = self.ranges[0] if range_id is None else self.range_of_id(range_id)
            middle = keys.middle(parent.low, parent.high)
            children = [
                self._new_range(low, high, [parent])
                for low, high in ((parent.low, middle), (middle, parent.high))
            ]
            at = self.ranges.index(parent)
            self.ranges[at : at + 1] = children
            self.notes.note({"do": "split", "rid": self.rid, "range": parent.id})
            return children[0].id, children[1].id

    def merge(self, one: str, other: str) -> str:
        """Makes one range of two neighbours; its id. LSNs of the two may repeat in it.

        Raises:
            ValueError: they are no neighbours.
        """
        with self.lock:
            low, high = sorted((self.range_of_id(one), self.range_of_id(other)), key=lambda each: each.low)
            if low.high != high.low:
                raise ValueError(f"Ranges {one} and {other} are no neighbours.")
            merged = self._new_range(low.low, high.high, [low, high])
            at = self.ranges.index(low)
            self.ranges[at : at + 2] = [merged]
            self.notes.note({"do": "merge", "rid": self.rid, "ranges": [low.id, high.id]})
            return merged.id

    def _new_range(self, low: str, high: str, parents: list[Range]) -> Range:
        self.generation += 1
        ancestors = [each for parent in parents for each in (*parent.parents, parent.id)]
        made = Range(str(self._next_range), low, high, tuple(ancestors), self.generation)
        self._next_range += 1
        made.lsn = max(parent.lsn for parent in parents)
        for parent in parents:
            made.logicals |= {k: v for k, v in parent.logicals.items() if made.covers(v.place)}
            made.log += [version for version in parent.log if made.covers(version.of.logical.place)]
            made.order += [document for document in parent.order if made.covers(document.logical.place)]
        made.log.sort(key=lambda version: version.lsn)  # stable: inside a transaction the order stays
        made.order.sort(key=lambda document: document.sequence)
        return made
