"""A Delta table in a folder of which every commit of ours carries a stamp and passes a fence: what all of them share.

The fence is an application transaction, its version the recorded one plus 1: of two writers on one snapshot one lands.
It says nothing about what is contained; the stamp does.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import TableNotFoundError

from eventfold.errors import ConfigInvalid, StaleCursor, StorageFailed
from eventfold.readmodels.delta.commits import carried
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.errors import translated

LOOK_BACK = 100
"""Commits of others, and of our rivals, past which our own is looked for after a write."""
_MISTAKEN = re.compile(r"[#%?\[\]^|\\\x00-\x1f\x7f\ud800-\udfff]")
"""What a path may not contain: the library makes a URL of it without quoting these."""
History = Mapping[int, str | None]


class Stamping(Protocol):
    """What a commit carries."""

    @property
    def log(self) -> str:
        """The id of the log."""

    def to_json(self) -> str:
        """The stamp as text."""


S = TypeVar("S", bound=Stamping)


def check_folder(folder: Path) -> None:
    """Refuses a folder that the Delta library would take for another one.

    Raises:
        ConfigInvalid: it has a character in its path that the library does not quote.
    """
    path = folder.as_posix()
    if _MISTAKEN.search(path):
        raise ConfigInvalid(
            f"The folder {path!r} cannot hold a Delta table: choose a path without # % ? [ ] ^ | \\ and control"
            " characters.",
            key="lake",
        )


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
        custom_metadata={"userMetadata": stamp.to_json()},
        max_commit_retries=0,  # a blind retry would write onto a snapshot that nobody has checked
        app_transactions=[Transaction(application, transaction)],
    )


class StampedTable(Generic[S]):
    """The commits of one table.

    Args:
        folder: of the table.
        name: of the table.
        log_id: of the log that it is made of.
        read: the stamp that was written as a text; None where it is none.
    """

    def __init__(
        self, folder: Path, name: str, log_id: str, read: Callable[[str | bytes | None], S | None]
    ) -> None:
        self.folder = folder
        self.name = name
        self.log_id = log_id
        self.copies: Copies[S] = Copies(folder, read)
        self._read = read
        self._healed = False

    def open(self) -> DeltaTable | None:
        """The newest version; None where there is no table."""
        try:
            with translated("reading", self.folder):
                return DeltaTable(str(self.folder))
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
            raise StorageFailed(f"The Delta table {self.folder} has vanished.")
        for number in range(on + 1, table.version() + 1):
            if self.copied(number, self.history(table, None)):
                raise self.late()
        return table

    def newest(self, table: DeltaTable) -> tuple[int, S] | None:
        """The newest version with a stamp, past the commits of others; stamps that have no copy are copied."""
        newest = table.version()
        with translated("reading", self.folder):
            history = self.history(table, None if not self._healed else LOOK_BACK)
        # once, at the start: copies that a crash or a restored log left missing or wrong
        if not self._healed:
            for number in history:
                self.copied(number, history)
            self._healed = True
        for number in sorted({*history, *self.copies.versions()}, reverse=True):
            if number > newest:
                continue  # the table was restored from an older copy than its stamps
            stamp = self.copied(number, history) or self.copies.read(number)
            if stamp is not None:
                return number, stamp
        return None

    def history(self, table: DeltaTable, limit: int | None) -> History:
        """What the commits up to a version carry, the newest ones, as far as the log of the table still has them."""
        return carried(self.folder, table.version(), limit)

    def copied(self, number: int, history: History) -> S | None:
        """The stamp in the commit itself, copied where that was not done or the copy is of another commit."""
        stamp = self._read(history.get(number))
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
        number = next((n for n, text in history.items() if self._read(text) == stamp), None)
        if number is None:
            raise self.late()
        self.copies.write(number, stamp)
        return number

    def late(self) -> StaleCursor:
        """What is said where another writer was quicker."""
        return StaleCursor(
            f"Somebody else changed the Delta table {self.name} in the same moment: nothing was written.",
            table=self.name,
        )
