"""Leases and notes of handlers in a container: those of a reader in one logical partition, leases changed by etag.

A lease is a document, a note another one. What changes together is one transactional batch: a split takes one lease
away and puts others in its place, a worker moves its lease and writes its notes.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError

from eventfold.errors import BackendLimit, ForeignCursor, FormatUnknown, StorageBusy
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.effects.port import Lease, Name, Note, check_kind, check_limit, check_notes
from eventfold.store.cosmos.feeding.spans import EVERYWHERE, Span, steadily
from eventfold.store.cosmos.reading import session_of
from eventfold.store.cosmos.requests.calls import Calls, headers_of, translate
from eventfold.store.cosmos.requests.statements import SQL

_OPERATIONS = 100
"""Of one transactional batch, at most."""
_CHANGED = {404, 409, 412}
_NOTE = "note:"
"""Before the ids of notes; the names of partitions are ranges."""
_PAGE = 1_000
_ATTEMPTS = 20


class CosmosEffects:
    """The leases and notes of one log; see `Effects` for what each method promises.

    Args:
        container: of leases.
        log_id: of the log that is read.
        calls: makes the requests.
    """

    def __init__(self, container: ContainerProxy, log_id: str, calls: Calls) -> None:
        self._container = container
        self._log_id = log_id
        self._calls = calls
        self._sessions: dict[str, str] = {}
        """Reader -> the session of the last answer about it: that of another may be of another physical partition."""

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

    def readers(self) -> Sequence[str]:
        """One query over the logical partitions of all readers."""
        rows = steadily(self._container, self._calls, EVERYWHERE, self._readers)
        return sorted({row["reader"] for row in rows if "reader" in row})

    def all(self, reader: str) -> Sequence[Lease]:
        """One query inside their logical partition."""
        return [self._lease(document) for document in self._documents(reader, "leases", {})]

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        """One batch, guarded by the etag of the old lease."""
        check_notes(put, drop)
        guard = {"if_match_etag": old.tag}
        operations: list[Any] = [
            ("replace", (lease.partition, _document(lease)), guard)
            if lease.partition == old.partition
            else ("create", (_document(lease),))
            for lease in new
        ]
        if all(lease.partition != old.partition for lease in new):
            operations.append(("delete", (old.partition,), guard))
        answers = self._changed(old.reader, operations, put, drop)
        return None if answers is None else [self._lease(a["resourceBody"]) for a in answers[: len(new)]]

    def note(self, reader: str, put: Sequence[Note] = (), drop: Collection[Name] = ()) -> None:
        """One batch of notes."""
        check_notes(put, drop)
        self._changed(reader, [], put, drop)

    def notes(
        self, reader: str, kind: str, *, after: str = "", below: str = "", limit: int = 1_000
    ) -> Sequence[Note]:
        """One query over a range of ids inside their logical partition."""
        check_kind(kind)
        check_limit(limit)
        # no key is above ";", the sign that follows the colon
        end = _id(kind, below) if below else f"{_NOTE}{kind};"
        names = {"@after": _id(kind, after), "@below": end}
        return [_note(document) for document in self._documents(reader, "notes", names, limit)]

    def _documents(
        self, reader: str, query: str, names: dict[str, Any], limit: int | None = None
    ) -> list[dict[str, Any]]:
        """What a query answers inside the logical partition of a reader."""

        def ask() -> list[dict[str, Any]]:
            answers = self._container.query_items(
                SQL[query],
                parameters=[{"name": name, "value": value} for name, value in names.items()],
                partition_key=_place(reader),
                max_item_count=min(limit or _PAGE, _PAGE),
                session_token=self._sessions.get(reader),
                response_hook=hook,
            )
            return list(islice(answers, limit))

        def hook(headers: Mapping[str, Any], *rest: Any) -> None:
            self._calls.hook(headers, *rest)
            self._saw(reader, headers)

        return self._calls.read(f"reading {query}", ask)

    def _readers(self, span: Span) -> list[dict[str, Any]]:
        return self._calls.read(
            "listing readers",
            lambda: list(
                self._container.query_items(
                    SQL["readers"], feed_range=span.feed_range, response_hook=self._calls.hook
                )
            ),
        )

    def _changed(
        self, reader: str, operations: list[Any], put: Sequence[Note], drop: Collection[Name]
    ) -> list[dict[str, Any]] | None:
        """A batch with notes; a delete of what is not there would fail it, so then it is asked what is."""
        self._calls.check()
        puts = {note.name for note in put}
        gone = [_id(*name) for name in drop if name not in puts]
        changes = [*operations, *(("upsert", (_noted(reader, note),)) for note in put)]
        for _ in range(_ATTEMPTS):
            if not changes and not gone:
                return []
            answers, failed = self._batch(reader, [*changes, *(("delete", (name,)) for name in gone)])
            if answers is not None or failed < len(changes):
                return answers
            there = {document["id"] for document in self._documents(reader, "notes_there", {"@ids": gone})}
            gone = [name for name in gone if name in there]
        raise StorageBusy(f"Others dropped notes of {reader} at the same time, {_ATTEMPTS} times; try again.")

    def _batch(self, reader: str, operations: list[Any]) -> tuple[list[dict[str, Any]] | None, int]:
        """The answers; or None and the number of the operation that found something else than it should."""
        try:
            answer = self._calls.write(
                "writing leases",
                lambda: self._container.execute_item_batch(
                    operations, _place(reader), response_hook=self._calls.hook
                ),
            )
        except CosmosBatchOperationError as error:
            if error.status_code in _CHANGED:
                self._saw(reader, error.headers)
                return None, error.error_index
            raise translate(error, "writing leases", writes=True) from error
        self._saw(reader, headers_of(answer))
        return list(answer), -1

    def _saw(self, reader: str, headers: Mapping[str, Any]) -> None:
        if session := session_of(headers):
            self._sessions[reader] = session

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


def _id(kind: str, key: str) -> str:
    return f"{_NOTE}{kind}:{key}"


def _noted(reader: str, note: Note) -> dict[str, Any]:
    return {
        "id": _id(*note.name),
        "aggregateId": _place(reader),
        "kind": note.kind,
        "key": note.key,
        "value": note.value,
    }


def _note(document: dict[str, Any]) -> Note:
    try:
        return Note(kind=document["kind"], key=document["key"], value=document["value"])
    except KeyError as error:
        raise FormatUnknown(
            f"The document {document.get('id')} in the container of leases is no note ({error})."
        ) from None


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
