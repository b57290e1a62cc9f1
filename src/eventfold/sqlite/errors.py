"""What SQLite says, in the words of the error tree. The sentence names the file."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from eventfold.errors import FormatUnknown, StorageBusy, StorageError, StorageFailed, StorageFull
from eventfold.foreign import said

_NO_ROOM = frozenset({apsw.SQLITE_IOERR_SHMSIZE})
"""Kinds of I/O error that mean that a file could not be made larger."""


def translate(error: apsw.Error, doing: str, path: str = "") -> StorageError:
    """The typed error for an error of SQLite.

    Args:
        error: what apsw raised.
        doing: what was being done, for the sentence: "appending".
        path: of the file; empty for a database in memory.
    """
    file = path or "the database in memory"
    match error:
        case apsw.BusyError() | apsw.LockedError():
            told = f"Another writer held {file} for too long while {doing}; repeat it."
            return StorageBusy(told, path=path)
        case apsw.FullError():
            return StorageFull(
                f"No space was left for {file} while {doing}; free some and repeat.", path=path
            )
        case apsw.IOError() if getattr(error, "extendedresult", 0) in _NO_ROOM:
            return StorageFull(
                f"No space was left beside {file} while {doing}; free some and repeat.", path=path
            )
        case apsw.NotADBError():
            return FormatUnknown(f"{file} is no SQLite database.", path=path)
        case apsw.CantOpenError():
            told = f"{file} cannot be opened: check that its folder exists and may be written."
            return StorageFailed(told, path=path)
        case apsw.ReadOnlyError():
            told = f"{file} may not be written while {doing}: check its permissions and those of its folder."
            return StorageFailed(told, path=path)
        case _:
            return StorageFailed(f"SQLite failed while {doing} {file}: {said(error)}.", path=path)


@contextmanager
def translated(doing: str, path: str = "") -> Iterator[None]:
    """Raises the typed error for whatever SQLite says inside.

    Args:
        doing: what is being done, for the sentence.
        path: of the file.
    """
    try:
        yield
    except apsw.Error as error:
        raise translate(error, doing, path) from error
