"""Leases in a container: one document per partition, those of a reader in one logical partition, changed by etag.

A split takes one document away and puts others in its place, in one transactional batch.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError

from eventfold.errors import BackendLimit, ForeignCursor, FormatUnknown
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.leases.port import Lease
from eventfold.store.cosmos.reading import session_of
from eventfold.store.cosmos.requests.calls import Calls, translate
from eventfold.store.cosmos.requests.statements import SQL

_OPERATIONS = 100
"""Of one transactional batch, at most."""
_CHANGED = {404, 409, 412}


class CosmosLeases:
    """The leases of one log; see `Leases` for what each method promises.

    Args:
        container: of leases.
        log_id: of the log that is read.
        calls: makes the requests.
    """

    def __init__(self, container: ContainerProxy, log_id: str, calls: Calls) -> None:
        self._container = container
        self._log_id = log_id
        self._calls = calls
        self._session: str | None = None

    def begin(self, reader: str, cursor: Cursor) -> None:
        """One batch creates them all; where one is there already, the reader has begun."""
        self._same_log(cursor, reader)
        if len(cursor.marks) > _OPERATIONS:
            raise BackendLimit(
                f"{reader} cannot begin: the log has {len(cursor.marks)} partitions, and Cosmos DB creates"
                f" {_OPERATIONS} leases in one transaction.",
                limit=_OPERATIONS,
            )
        if self.all(reader):
            return
        new = [
            Lease(reader=reader, partition=name, cursor=Cursor(cursor.log, {name: mark}))
            for name, mark in cursor.marks.items()
        ]
        self._batch(reader, [("create", (_document(lease),)) for lease in new])

    def all(self, reader: str) -> Sequence[Lease]:
        """One query inside their logical partition."""
        found = self._calls.read(
            "reading leases",
            lambda: list(
                self._container.query_items(
                    SQL["leases"],
                    partition_key=_place(reader),
                    session_token=self._session,
                    response_hook=self._calls.hook,
                )
            ),
        )
        return [self._lease(document) for document in found]

    def replace(self, old: Lease, new: Sequence[Lease]) -> Sequence[Lease] | None:
        """One batch, guarded by the etag of the old one."""
        guard = {"if_match_etag": old.tag}
        operations: list[Any] = [
            ("replace", (lease.partition, _document(lease)), guard)
            if lease.partition == old.partition
            else ("create", (_document(lease),))
            for lease in new
        ]
        if all(lease.partition != old.partition for lease in new):
            operations.append(("delete", (old.partition,), guard))
        answers = self._batch(old.reader, operations)
        return None if answers is None else [self._lease(a["resourceBody"]) for a in answers[: len(new)]]

    def _batch(self, reader: str, operations: list[Any]) -> list[dict[str, Any]] | None:
        try:
            answer = self._calls.write(
                "writing leases",
                lambda: self._container.execute_item_batch(
                    operations, _place(reader), response_hook=self._calls.hook
                ),
            )
        except CosmosBatchOperationError as error:
            if error.status_code in _CHANGED:
                self._session = session_of(error.headers) or self._session
                return None
            raise translate(error, "writing leases", writes=True) from error
        self._session = session_of(answer.get_response_headers()) or self._session
        return list(answer)

    def _lease(self, document: dict[str, Any]) -> Lease:
        try:
            cursor = read_cursor(document["cursor"])
            lease = Lease(
                reader=document["reader"],
                partition=document["id"],
                cursor=cursor,
                owner=document["owner"],
                epoch=document["epoch"],
                renewal=document["renewal"],
                wanted=document["wanted"],
                tag=document["_etag"],
            )
        except (KeyError, TypeError) as error:
            raise FormatUnknown(
                f"The document {document.get('id')} in the container of leases is no lease ({error})."
            ) from None
        self._same_log(cursor, lease.reader)
        return lease

    def _same_log(self, cursor: Cursor, reader: str) -> None:
        if cursor.log != self._log_id:
            raise ForeignCursor(
                f"The leases of {reader} were written for the log {cursor.log}, this is {self._log_id}: give each log"
                " a container of leases of its own.",
                cursor_log=cursor.log,
                log=self._log_id,
            )


def _place(reader: str) -> str:
    return f"reader-{reader}"


def _document(lease: Lease) -> dict[str, Any]:
    return {
        "id": lease.partition,
        "aggregateId": _place(lease.reader),
        "reader": lease.reader,
        "owner": lease.owner,
        "epoch": lease.epoch,
        "renewal": lease.renewal,
        "wanted": lease.wanted,
        "cursor": lease.cursor.to_json(),
        # for people; whether a worker lives is seen by its renewals
        "renewedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
