"""Leases and notes of handlers, in tables of the log's own file: they are as durable as its events.

The tables are made when the first handler begins, or a restore says that it goes on: any other log stays as it is.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import apsw
from msgspec import structs

from eventfold.errors import ForeignCursor, OutcomeUnknown
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.effects.port import Lease, Name, Note, check_kind, check_limit, check_notes
from eventfold.foreign import said
from eventfold.sqlite.connect import Place, Pool, Synchronous, connect, fetch
from eventfold.sqlite.errors import translate, translated
from eventfold.store.sqlite.statements import SQL


class SqliteEffects:
    """The leases and notes of one log; see `Effects` for what each method promises.

    Args:
        place: of the log.
        pool: reads.
        log_id: of the log.
        synchronous: as the log is written.
        check: raises where the store is closed.
    """

    def __init__(
        self, place: Place, pool: Pool, log_id: str, synchronous: Synchronous, check: Callable[[], object]
    ) -> None:
        self._place = place
        self._pool = pool
        self._log_id = log_id
        self._synchronous = synchronous
        self._check = check
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None

    def begin(self, reader: str, cursor: Cursor) -> None:
        """All leases, unless there are some."""
        if cursor.log != self._log_id:
            raise ForeignCursor(
                f"{reader} would begin at a cursor of the log {cursor.log}, this is {self._log_id}.",
                cursor_log=cursor.log,
                log=self._log_id,
            )
        with self._writing("beginning a handler") as connection:
            if not fetch(connection, SQL["leases"], (reader,)):
                for name, mark in cursor.marks.items():
                    one = Cursor(cursor.log, {name: mark})
                    _put(connection, Lease(reader=reader, partition=name, cursor=one))

    def readers(self) -> Sequence[str]:
        """Those that have leases."""
        with self._reading() as connection:
            rows = fetch(connection, SQL["readers"]) if _kept(connection) else []
        return [reader for (reader,) in rows]

    def all(self, reader: str) -> Sequence[Lease]:
        """The leases of a reader."""
        with self._reading() as connection:
            rows = fetch(connection, SQL["leases"], (reader,)) if _kept(connection) else []
        return [
            Lease(
                reader=reader,
                partition=partition,
                cursor=read_cursor(cursor),
                owner=owner,
                epoch=epoch,
                renewal=renewal,
                wanted=wanted,
                tag=tag,
            )
            for partition, cursor, owner, epoch, renewal, wanted, tag in rows
        ]

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        """Leases and notes in one transaction."""
        check_notes(put, drop)
        with self._writing("keeping what a handler did") as connection:
            connection.execute(SQL["lease_take"], (old.reader, old.partition, old.tag))
            if not connection.changes():
                return None
            written = [_put(connection, lease) for lease in new]
            _change(connection, old.reader, put, drop)
        return written

    def note(self, reader: str, put: Sequence[Note] = (), drop: Collection[Name] = ()) -> None:
        """Notes alone."""
        check_notes(put, drop)
        with self._writing("keeping notes of a handler") as connection:
            _change(connection, reader, put, drop)

    def notes(
        self, reader: str, kind: str, *, after: str = "", below: str = "", limit: int = 1_000
    ) -> Sequence[Note]:
        """Notes by key."""
        check_kind(kind)
        check_limit(limit)
        with self._reading() as connection:
            if not _kept(connection):
                return []
            rows = fetch(connection, SQL["notes"], (reader, kind, after, below, limit))
        return [Note(kind=kind, key=key, value=value) for key, value in rows]

    def close(self) -> None:
        """Waits for what is being written."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        self._check()
        with self._pool.reading() as connection, translated("reading what handlers did", self._place.path):
            yield connection

    @contextmanager
    def _writing(self, doing: str) -> Iterator[apsw.Connection]:
        """One transaction; durable when it ends, nothing of it where it raises."""
        with self._lock:
            self._check()
            with translated(doing, self._place.path):
                if self._connection is None:
                    self._connection = connect(self._place, synchronous=self._synchronous)
                connection = self._connection
                connection.execute("BEGIN IMMEDIATE")
            try:
                with translated(doing, self._place.path):
                    if not _kept(connection):
                        connection.execute(SQL["effects_schema"])
                    yield connection
            except BaseException:
                self._drop()
                raise
            try:
                connection.execute("COMMIT")
            except apsw.BusyError as error:  # in memory only: readers kept it from beginning
                self._drop()
                raise translate(error, doing, self._place.path) from error
            except apsw.Error as error:
                self._drop()
                raise OutcomeUnknown(
                    f"The commit failed while {doing} ({said(error)}), and its outcome is unknown: read again, which"
                    " settles it."
                ) from error

    def _drop(self) -> None:
        """After an error the connection is not trusted any more; closing it rolls back."""
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None


def _kept(connection: apsw.Connection) -> bool:
    return bool(connection.execute(SQL["effects_kept"]).get)


def _put(connection: apsw.Connection, lease: Lease) -> Lease:
    written = structs.replace(lease, tag=uuid4().hex)
    place = (written.reader, written.partition, written.cursor.to_json())
    connection.execute(
        SQL["lease_put"],
        (*place, written.owner, written.epoch, written.renewal, written.wanted, written.tag),
    )
    return written


def _change(connection: apsw.Connection, reader: str, put: Sequence[Note], drop: Collection[Name]) -> None:
    connection.executemany(SQL["note_drop"], [(reader, *name) for name in drop])
    connection.executemany(SQL["note_put"], [(reader, note.kind, note.key, note.value) for note in put])
