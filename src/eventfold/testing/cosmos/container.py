"""A container: physical partitions, and what happens to documents in them. One lock: a transaction is one instant."""

import base64
import itertools
import threading
import time
import uuid
from functools import lru_cache
from typing import Any

from eventfold.testing.cosmos.answers import Refusal
from eventfold.testing.cosmos.partition import Key, Partition

SPACE = 1 << 126
_SYSTEM = ("_rid", "_self", "_etag", "_attachments", "_ts")
MAX_BYTES = 2 * 1024 * 1024


@lru_cache(maxsize=65536)
def place_of(value: str | float | bool | None) -> str:  # noqa: FBT001 - partition keys may be bools
    """The effective partition key of a value, by the SDK's own helper: a mistake in it would not be seen here."""
    from azure.cosmos.partition_key import PartitionKey

    found = PartitionKey("/pk", kind="Hash", version=2)._get_epk_range_for_partition_key([value])
    return str(found.min)


class Container:
    """One container of a database.

    Args:
        name: its id.
        rid: its resource id.
        link: `dbs/<rid>/colls/<rid>/`.
        definition: as it was asked for.
        partitions: how many physical partitions.
    """

    def __init__(self, name: str, rid: bytes, link: str, definition: dict[str, Any], partitions: int) -> None:
        self.name = name
        self.rid = base64.b64encode(rid).decode()
        self.lock = threading.RLock()
        self._raw = rid
        self._ids = itertools.count(1)
        self._documents = itertools.count(1)
        self.link = link
        self.path: str = definition["partitionKey"]["paths"][0]
        self.unique: list[str] = [
            path
            for entry in definition.get("uniqueKeyPolicy", {}).get("uniqueKeys", [])
            for path in entry["paths"]
        ]
        self.definition = {
            **definition,
            "_rid": self.rid,
            "_self": link,
            "_etag": f'"{uuid.uuid4()}"',
            "_ts": int(time.time()),
            "_docs": "docs/",
            "_sprocs": "sprocs/",
            "_triggers": "triggers/",
            "_udfs": "udfs/",
            "_conflicts": "conflicts/",
        }
        borders = ["", *(f"{SPACE * n // partitions:032X}" for n in range(1, partitions)), "FF"]
        self.partitions = [Partition(str(n), borders[n], borders[n + 1]) for n in range(partitions)]
        self._range_ids = itertools.count(partitions)
        self.generation = 0
        """Counts changes of the partitions: the tag under which readers keep their list."""

    def partition(self, place: str) -> Partition:
        """The partition of a place."""
        return next(p for p in self.partitions if p.low <= place < p.high)

    def by_id(self, range_id: str) -> Partition:
        """The partition with an id; 410 / 1002 where it was split or merged away."""
        for partition in self.partitions:
            if partition.range_id == range_id:
                return partition
        raise Refusal(410, f"The partition key range {range_id} is gone.", 1002)

    def split(self, range_id: str | None = None) -> tuple[str, str]:
        """Two partitions in the place of one; they go on counting from its end."""
        with self.lock:
            old = self.by_id(range_id) if range_id else self.partitions[0]
            low, high = int(old.low or "0", 16), SPACE if old.high == "FF" else int(old.high, 16)
            middle = f"{(low + high) // 2:032X}"
            born = [
                Partition(str(next(self._range_ids)), one, other, (*old.parents, old.range_id), old.lsn)
                for one, other in ((old.low, middle), (middle, old.high))
            ]
            for child in born:
                child.take(old)
                self._index(child)
            at = self.partitions.index(old)
            self.partitions[at : at + 1] = born
            self.generation += 1
            return born[0].range_id, born[1].range_id

    def merge(self, one: str, other: str) -> str:
        """One partition in the place of two neighbours; it counts anew, which is the trap."""
        with self.lock:
            left, right = sorted((self.by_id(one), self.by_id(other)), key=lambda p: p.low)
            born = Partition(
                str(next(self._range_ids)), left.low, right.high, (left.range_id, right.range_id)
            )
            for old in (left, right):
                born.take(old, renumber=True)
            self._index(born)
            at = self.partitions.index(left)
            self.partitions[at : at + 2] = [born]
            self.generation += 1
            return born.range_id

    def value_of(self, document: dict[str, Any]) -> Any:
        """The partition key of a document."""
        return _at(document, self.path)

    def create(self, partition: Partition, place: str, document: dict[str, Any], lsn: int) -> dict[str, Any]:
        """A new document; 409 where its id or a unique key is taken in its logical partition."""
        key = (place, document["id"])
        if partition.get(key) is not None:
            raise Refusal(409, "Entity with the specified id already exists in the system.")
        self._check_unique(partition, key, document)
        return self._write(partition, key, document, lsn)

    def replace(
        self, partition: Partition, place: str, document: dict[str, Any], lsn: int, if_match: str = ""
    ) -> dict[str, Any]:
        """A document in the place of one that is there; 404, 412."""
        key = (place, document["id"])
        self.existing(partition, key, if_match)
        self._check_unique(partition, key, document)
        return self._write(partition, key, document, lsn)

    def upsert(self, partition: Partition, place: str, document: dict[str, Any], lsn: int) -> dict[str, Any]:
        """A document, whether one is there or not."""
        key = (place, document["id"])
        self._check_unique(partition, key, document)
        return self._write(partition, key, document, lsn)

    def delete(self, partition: Partition, place: str, name: str, lsn: int, if_match: str = "") -> None:
        """Removes a document; 404, 412."""
        self.existing(partition, (place, name), if_match)
        partition.put((place, name), None, lsn)

    def existing(self, partition: Partition, key: Key, if_match: str = "") -> dict[str, Any]:
        """The document that is there; 404, 412."""
        found = partition.get(key)
        if found is None:
            raise Refusal(404, "Entity with the specified id does not exist in the system.")
        if if_match and if_match != found["_etag"]:
            raise Refusal(412, "One of the specified pre-conditions is not met.")
        return found

    def _check_unique(self, partition: Partition, key: Key, document: dict[str, Any]) -> None:
        if self.unique:
            holder = partition.unique.get(self._unique_key(key, document))
            if holder is not None and holder != key[1] and partition.get((key[0], holder)) is not None:
                raise Refusal(409, "Unique index constraint violation.")

    def _unique_key(self, key: Key, document: dict[str, Any]) -> tuple[str, ...]:
        return (key[0], *(str(_at(document, path)) for path in self.unique))

    def _index(self, partition: Partition) -> None:
        """The unique keys of a partition that took documents over."""
        for key in partition.items:
            if self.unique and (document := partition.get(key)) is not None:
                partition.unique[self._unique_key(key, document)] = key[1]

    def _write(self, partition: Partition, key: Key, document: dict[str, Any], lsn: int) -> dict[str, Any]:
        before = partition.get(key)
        rid = (
            before["_rid"]
            if before
            else base64.b64encode(self._raw + next(self._documents).to_bytes(8)).decode()
        )
        stored = {k: v for k, v in document.items() if k not in _SYSTEM} | {
            "_rid": rid,
            "_self": f"{self.link}docs/{rid}/",
            "_etag": f'"{uuid.uuid4()}"',
            "_attachments": "attachments/",
            "_ts": int(time.time()),
        }
        partition.put(key, stored, lsn)
        if self.unique:
            partition.note_unique(self._unique_key(key, document), key[1])
        return stored


def _at(document: Any, path: str) -> Any:
    for name in path.strip("/").split("/"):
        document = document.get(name) if isinstance(document, dict) else None
    return document
