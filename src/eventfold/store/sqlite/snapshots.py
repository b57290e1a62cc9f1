"""Snapshots in a file of their own beside the log: a cache, which may be deleted at any time.

It has its own file so that the log's writer never waits for it, and relaxed durability because nothing is lost with it.
"""

import contextlib
import logging
import threading
import zlib
from pathlib import Path

import apsw
import msgspec

from eventfold import limits
from eventfold.errors import StorageError, StoreClosed
from eventfold.sqlite.connect import Place, claim, connect
from eventfold.sqlite.errors import translated
from eventfold.store.port import Snapshot
from eventfold.store.sqlite.statements import SQL

_log = logging.getLogger("eventfold.snapshots")
_APPLICATION_ID = 0x65766673
_FORMAT = 1
_decode = msgspec.json.Decoder(Snapshot).decode
_encode = msgspec.json.Encoder().encode


class SqliteSnapshots:
    """Snapshots of one log; see `Snapshots` for what each method promises."""

    def __init__(self, place: Place, log_id: str) -> None:
        self._place = place
        self._log_id = log_id
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._closed = False

    def load(self, stream: str, *, at_most: int | None = None) -> Snapshot | None:
        """The newest usable one; a damaged one is passed over with a warning."""
        bound = limits.INT_MAX if at_most is None else at_most
        with self._lock, translated("reading a snapshot", self._place.path):
            rows = self._open().execute(SQL["snapshot_load"], (stream, bound))
            for version, checksum, content in rows:
                found = self._usable(stream, version, checksum, content)
                if found is not None:
                    rows.close(force=True)
                    return found
        return None

    def save(self, snapshot: Snapshot) -> None:
        """Keeps it."""
        content = _encode(snapshot)
        with self._lock, translated("saving a snapshot", self._place.path):
            row = (snapshot.stream, snapshot.version, zlib.crc32(content), content)
            self._open().execute(SQL["snapshot_save"], row)

    def delete(self, stream: str) -> None:
        """Forgets all of a stream."""
        with self._lock, translated("deleting snapshots", self._place.path):
            self._open().execute(SQL["snapshot_delete"], (stream,))

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _usable(self, stream: str, version: int, checksum: int, content: bytes) -> Snapshot | None:
        try:
            found = _decode(content) if zlib.crc32(content) == checksum else None
        except msgspec.MsgspecError:
            found = None
        if found is None or found.stream != stream or found.version != version:
            _log.warning("snapshot of %s at version %d is damaged and ignored", stream, version)
            return None
        if found.log != self._log_id:
            _log.warning(
                "snapshot of %s at version %d belongs to another log and is ignored", stream, version
            )
            return None
        return found

    def _open(self) -> apsw.Connection:
        if self._closed:
            raise StoreClosed("The store is closed.")
        if self._connection is None:
            try:
                self._connection = self._made()
            except StorageError as error:
                if not isinstance(error.__cause__, apsw.NotADBError | apsw.CorruptError):
                    raise  # busy, of a later release or of another program: not ours to delete
                _log.warning("the snapshot file is damaged and is made anew: %s", error)
                for suffix in ("", "-wal", "-shm"):
                    with contextlib.suppress(OSError):
                        Path(self._place.path + suffix).unlink(missing_ok=True)
                self._connection = self._made()
        return self._connection

    def _made(self) -> apsw.Connection:
        connection = connect(self._place, synchronous="NORMAL")
        try:
            claim(connection, _APPLICATION_ID, _FORMAT, SQL["snapshots_schema"])
        except BaseException:
            connection.close()
            raise
        return connection
