"""Transactions: changes to one logical partition that become visible together, under one LSN, or not at all.

The only place where documents change. Conditions, ids, keys and unique keys are checked here, so that a single write
and an operation of a batch obey the same rules. The lock of the container is held from begin to commit.
"""

from typing import Any

from eventfold.testing.cosmos.storage import keys, rids, weighing
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.documents import KEPT, Document, Logical, Range, Version
from eventfold.testing.cosmos.storage.lifetimes import check_ttl
from eventfold.testing.cosmos.wire import Refused, bad, missing

_LONGEST_ID = 1023
_SYSTEM = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts", "_lsn"})
Body = dict[str, Any]


class Transaction:
    """Changes in preparation.

    Args:
        container: where.
        values: the partition key.
    """

    def __init__(self, container: Container, values: list[Any]) -> None:
        self._container = container
        self.range: Range
        self.logical: Logical
        self.range, self.logical = container.logical(values)
        self._staged: dict[str, Body | None] = {}
        self._unique: list[dict[str, str | None]] = [{} for _ in container.unique]
        self._changes: list[tuple[str, Body | None, str, int]] = []

    def get(self, identity: str) -> Body | None:
        """A document as this transaction sees it."""
        if identity in self._staged:
            return self._staged[identity]
        document = self.logical.documents.get(identity)
        return document.head.body if document is not None and document.head is not None else None

    def read(self, identity: str) -> Body:
        """A document that must be there.

        Raises:
            Refused: 404.
        """
        found = self.get(identity)
        if found is None:
            raise missing(f"document '{identity}'")
        return found

    def create(self, body: Any) -> Body:
        """Adds a document.

        Raises:
            Refused: 409 where its id or a unique key is taken.
        """
        identity = self._checked(body)
        if self.get(identity) is not None:
            raise Refused(409, "Entity with the specified id already exists in the system.")
        return self._stage(identity, body, "create")

    def upsert(self, body: Any, if_match: str = "", if_none_match: str = "") -> tuple[Body, bool]:
        """Adds or replaces a document; whether it was added."""
        identity = self._checked(body)
        found = self.get(identity)
        if found is None:
            return self._stage(identity, body, "create"), True
        _check(found, if_match, if_none_match)
        return self._stage(identity, body, "replace"), False

    def replace(self, identity: str, body: Any, if_match: str = "", if_none_match: str = "") -> Body:
        """Replaces a document that must be there."""
        found = self.read(identity)
        _check(found, if_match, if_none_match)
        renamed = self._checked(body)
        if renamed == identity:
            return self._stage(identity, body, "replace")
        self._stage(identity, None, "delete")  # the service allows it: the document gets another id
        return self.create(body)

    def delete(self, identity: str, if_match: str = "", if_none_match: str = "") -> None:
        """Deletes a document that must be there."""
        _check(self.read(identity), if_match, if_none_match)
        self._stage(identity, None, "delete")

    def expire(self, identity: str) -> None:
        """Deletes a document whose time to live is over."""
        self._stage(identity, None, "expire")

    def commit(self) -> int:
        """Makes the changes visible; the LSN of the transaction."""
        if not self._changes:
            return self.range.lsn
        now = self._container.clock()
        self._container.notes.note(
            {
                "do": "commit",
                "rid": self._container.rid,
                "key": self.logical.values,
                "changes": self._changes,
                "at": now,
            }
        )
        self._publish(now)
        return self.range.lsn

    def repeat(self, changes: list[tuple[str, Body | None, str, int]], moment: float) -> None:
        """Does noted changes again, as they were."""
        for identity, body, operation, sequence in changes:
            self._hold_unique(identity, self.get(identity), body)
            self._staged[identity] = body
            self._changes.append((identity, body, operation, sequence))
            self._container.sequence = max(self._container.sequence, sequence)
        self._publish(moment)

    def _publish(self, now: float) -> None:
        self.range.lsn += 1
        self.range.logicals.setdefault(self.logical.key, self.logical)
        for identity, body, operation, sequence in self._changes:
            self._apply(identity, body, operation, sequence, now)
        for taken, staged in zip(self.logical.unique, self._unique, strict=True):
            for value, owner in staged.items():
                if owner is None:
                    taken.pop(value, None)
                else:
                    taken[value] = owner

    def _apply(self, identity: str, body: Body | None, operation: str, sequence: int, now: float) -> None:
        document = self.logical.documents.get(identity)
        past = document.head if document is not None else None
        if document is None or operation == "create":
            if document is not None:
                document.replaced = True
                del self.logical.documents[identity]  # a document created again stands at the end
            document = Document(identity, self.logical, sequence)
            self.logical.documents[identity] = document
            self.range.order.append(document)
        version = Version(document, body, operation, self.range.lsn, now)
        version.previous = past
        if past is not None and past.lsn < self.range.lsn - KEPT:
            past.previous = None
        document.head = version
        self.range.log.append(version)

    def _stage(self, identity: str, body: Body | None, operation: str) -> Body:
        before = self.get(identity)
        self._hold_unique(identity, before, body)
        sequence = 0
        stored: Body | None = None
        if body is not None:
            if operation == "create":
                self._container.sequence += 1
                sequence = self._container.sequence
                rid = rids.item_rid(self._container.rid, sequence)
            else:
                rid = before["_rid"] if before else ""
            stored = {name: value for name, value in body.items() if name not in _SYSTEM}
            stored |= {
                "_rid": rid,
                "_self": f"dbs/{self._container.database}/colls/{self._container.rid}/docs/{rid}/",
                "_etag": rids.etag(),
                "_attachments": "attachments/",
                "_ts": int(self._container.clock()),
            }
            weighing.check(self.logical, (*self._staged.values(), stored))
        self._staged[identity] = stored
        self._changes.append((identity, stored, operation, sequence))
        return stored or {}

    def _hold_unique(self, identity: str, before: Body | None, after: Body | None) -> None:
        for paths, taken, staged in zip(
            self._container.unique, self.logical.unique, self._unique, strict=True
        ):
            old = _unique_text(before, paths) if before else None
            new = _unique_text(after, paths) if after else None
            if old == new:
                continue
            if new is not None:
                owner = staged[new] if new in staged else taken.get(new)
                if owner is not None and owner != identity:
                    raise Refused(409, "Unique index constraint violation.")
            if old is not None:
                staged[old] = None
            if new is not None:
                staged[new] = identity

    def _checked(self, body: Any) -> str:
        if not isinstance(body, dict):
            raise bad("The input content is invalid: a document is a JSON object.")
        identity = body.get("id")
        if identity is None:
            raise bad("The input content is invalid because the required properties - 'id; ' - are missing")
        if not isinstance(identity, str) or not identity or len(identity) > _LONGEST_ID:
            raise bad(
                "The input name is invalid. Ensure to provide a unique non-empty string less than '1024' characters."
            )
        if any(character in identity for character in "/\\?#"):
            raise bad("The input content is invalid: an id has none of the characters / \\ ? #.")
        check_ttl(body, "ttl")
        if keys.key_text(self._container.key_of(body)) != self.logical.key:
            raise bad(
                "PartitionKey extracted from document doesn't match the one specified in the header", 1001
            )
        return identity


def _unique_text(body: Body, paths: list[list[str]]) -> str:
    values = [keys.value_at(body, path) for path in paths]
    # missing counts as null
    return keys.key_text([None if value == keys.UNDEFINED else value for value in values])


def _check(found: Body, if_match: str, if_none_match: str) -> None:
    etag = found["_etag"]
    if if_match and if_match not in ("*", etag):
        raise Refused(412, "One of the specified pre-condition is not met.")
    if if_none_match and if_none_match in ("*", etag):
        raise Refused(412, "One of the specified pre-condition is not met.")
