"""A Delta table of which every commit of ours carries a stamp and passes a fence: what all of them share.

The fence is an application transaction, its version the recorded one plus 1: of two writers on one snapshot one lands.
It says nothing about what is contained; the stamp does.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import TableNotFoundError

from eventfold.errors import OutcomeUnknown, StaleCursor, StorageError, StorageFailed
from eventfold.readmodels.delta.commits import WRITE, Carried, kept_commits
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.making import sweep
from eventfold.readmodels.delta.places.port import Place

LOOK_BACK = 100
"""Commits of others, and of our rivals, past which our own is looked for after a write."""
_COMPARED = 20
"""Commits of which the copy is read too when a table is first looked at; of earlier ones it must only be there."""
History = Carried


class Stamping(Protocol):
    """What a commit carries."""

    @property
    def log(self) -> str:
        """The id of the log."""

    def to_json(self) -> str:
        """The stamp as text."""


S = TypeVar("S", bound=Stamping)


def next_transaction(table: DeltaTable | None, application: str) -> int:
    """The version that the fence has with the next commit.

    Args:
        table: the handle that is written through; None where the commit makes the table.
        application: whose transaction it is.
    """
    return ((table.transaction_version(application) if table is not None else None) or 0) + 1


def fenced(application: str, transaction: int, stamp: Stamping) -> CommitProperties:
    """What a commit carries: the stamp and the fence."""
    return CommitProperties(
        custom_metadata={"userMetadata": stamp.to_json(), WRITE: secrets.token_hex(16)},
        max_commit_retries=0,  # a blind retry would write onto a snapshot that nobody has checked
        app_transactions=[Transaction(application, transaction)],
    )


class StampedTable(Generic[S]):
    """The commits of one table.

    Args:
        place: of the table.
        name: of the table.
        log_id: of the log that it is made of.
        read: the stamp that was written as a text; None where it is none.
    """

    def __init__(
        self, place: Place, name: str, log_id: str, read: Callable[[str | bytes | None], S | None]
    ) -> None:
        self.place = place
        self.name = name
        self.log_id = log_id
        self.copies: Copies[S] = Copies(place, read)
        self._read = read
        self._healed = False

    def open(self) -> DeltaTable | None:
        """The newest version; None where there is no table."""
        try:
            with translated("reading", self.place):
                return self.place.table()
        except StorageFailed as error:
            if isinstance(error.__cause__, TableNotFoundError):
                return None
            raise

    def opened(self, on: int) -> DeltaTable:
        """The table, if nothing of ours has come since a version: load, check and write on one handle.

        Raises:
            StaleCursor: something has.
            StorageFailed: the table is no longer there.
        """
        table = self.open()
        if table is None:
            raise StorageFailed(f"The Delta table {self.place.shown} has vanished.")
        with translated("reading", self.place):
            came = [
                n for n in range(on + 1, table.version() + 1) if self.copied(n, self.history(table, None))
            ]
        if came:
            raise self.late()
        return table

    def newest(self, table: DeltaTable) -> tuple[int, S] | None:
        """The newest version with a stamp, past the commits of others; stamps that have no copy are copied."""
        with translated("reading", self.place):
            history = self.history(table, None if not self._healed else LOOK_BACK)
            if not self._healed:
                self._heal(table.version(), history)
                self._healed = True
            for number in self._descending(table, history):
                stamp = self.copied(number, history) or self.copies.read(number)
                if stamp is not None:
                    return number, stamp
        return None

    def _heal(self, newest: int, history: History) -> None:
        """Once, at the start: copies that a crash or a restored log left missing or wrong, and what it left half made.

        A copy can only be wrong where the log was restored and a writer then died before it copied.
        """
        there = set(self.copies.versions())
        for number in kept_commits(self.place):
            if number <= newest and (number not in there or number > newest - _COMPARED):
                self.copied(number, history)
        sweep(self.place)

    def _descending(self, table: DeltaTable, history: History) -> Iterator[int]:
        """Commits first: where the newest one has a stamp, nothing else is asked for."""
        last = table.version() + 1
        for number in history:
            yield number
            last = number
        # later ones are of a table that was restored from an older copy than its stamps
        yield from (number for number in reversed(self.copies.versions()) if number < last)

    def history(self, table: DeltaTable, limit: int | None) -> History:
        """What the commits up to a version carry, the newest ones, as far as the log of the table still has them."""
        return Carried(self.place, table.version(), limit)

    def copied(self, number: int, history: History) -> S | None:
        """The stamp in the commit itself, copied where that was not done or the copy is of another commit."""
        found = history.get(number)
        stamp = None if found is None else self._read(found.metadata)
        if stamp is not None and stamp.log == self.log_id and self.copies.read(number) != stamp:
            with suppress(OSError):  # who may only read has the stamp all the same
                self.copies.write(number, stamp)
        return stamp

    def made(self, table: DeltaTable, stamp: S) -> int:
        """The version that a write has made, found by its stamp, which is copied.

        Raises:
            StaleCursor: nothing was written, and somebody else wrote in the same moment.
        """
        table.update_incremental()
        history = self.history(table, LOOK_BACK)
        number = next((n for n, found in history.items() if self._read(found.metadata) == stamp), None)
        if number is None:
            raise self.late()
        self.copies.write(number, stamp)
        return number

    def _landed(self, table: DeltaTable, write: str) -> int | None:
        history = self.history(table, LOOK_BACK)
        return next((number for number, found in history.items() if found.write == write), None)

    def commit(
        self, doing: str, before: int, stamp: S, properties: CommitProperties, write: Callable[[], DeltaTable]
    ) -> int:
        """Writes one version and returns its number.

        The answer of a store may be lost, and the library then takes its own commit for that of a rival. So after any
        error the table is opened anew, and what its log says counts.

        Args:
            doing: as for `translated`.
            before: the version that is written onto; -1 where the table is made.
            stamp: that the commit carries.
            properties: of the commit, from `fenced`; for one commit only.
            write: makes the commit, and returns the handle that it was made through.

        Raises:
            StaleCursor: others have written, and we have not.
            OutcomeUnknown: the table cannot be looked at.
            StorageError: as the library says; nothing was written.
        """
        try:
            with translated(doing, self.place):
                return self.made(write(), stamp)
        except (StorageError, StaleCursor) as error:
            return self._settle(error, before, stamp, (properties.custom_metadata or {})[WRITE])

    def _settle(self, error: StorageError | StaleCursor, before: int, stamp: S, write: str) -> int:
        try:
            table = self.open()
            with translated("reading", self.place):
                number = None if table is None else self._landed(table, write)
        except StorageError as unreadable:
            raise OutcomeUnknown(
                f"Whether a version of the Delta table {self.name} was written is not known: {error.message} Nor can it"
                f" be looked at now: {unreadable.message} The next attempt looks first, and writes nothing twice.",
                table=self.name,
            ) from error
        if number is not None:
            with suppress(OSError):  # who reads it next copies it
                self.copies.write(number, stamp)
            return number
        if table is not None and table.version() > before and isinstance(error, StorageError):
            raise self.late() from error
        raise error

    def late(self) -> StaleCursor:
        """What is said where another writer was quicker."""
        return StaleCursor(
            f"Somebody else changed the Delta table {self.name} in the same moment: nothing was written.",
            table=self.name,
        )
