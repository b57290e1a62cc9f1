"""The one connection of a state that writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from eventfold.errors import OutcomeUnknown, StoreClosed
from eventfold.foreign import said
from eventfold.sqlite.errors import translate, translated


class WriteConnection:
    """Runs transactions one at a time; after a failed COMMIT nothing is known, and the cursor tells."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._closed = False

    @contextmanager
    def transaction(self, doing: str) -> Iterator[apsw.Connection]:
        """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK when something is raised.

        Raises:
            OutcomeUnknown: COMMIT failed; read the cursor to see.
            StorageError: nothing changed.
        """
        with self._lock:
            if self._closed:
                raise StoreClosed("The state is closed.")
            with translated(doing, self._connection.filename):
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._roll_back()
                    raise
                self._commit(doing)

    def close(self) -> None:
        """Waits for a running transaction."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def _commit(self, doing: str) -> None:
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            self._roll_back()
            raise OutcomeUnknown(
                f"The commit failed while {doing} ({said(error)}); read the cursor to see what is there.",
                cause=translate(error, doing).code,
            ) from error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
