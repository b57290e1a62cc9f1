"""What SQLite says, in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from eventfold.errors import FormatUnknown, StorageBusy, StorageError, StorageFailed, StorageFull


def translate(error: apsw.Error, doing: str) -> StorageError:
    """The typed error for an error of SQLite.

    Args:
        error: what apsw raised.
        doing: what was being done, for the sentence: "appending".
    """
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return StorageBusy(f"Another writer held the file for too long while {doing}; repeat it.")
        case apsw.FullError():
            return StorageFull(f"No space was left while {doing}; free some and repeat.")
        case apsw.NotADBError():
            return FormatUnknown("The file is no SQLite database.")
        case apsw.CantOpenError():
            return StorageFailed(
                "The file cannot be opened: check that its folder exists and may be written."
            )
        case apsw.ReadOnlyError():
            return StorageFailed(f"The file may not be written while {doing}: check its permissions.")
        case _:
            return StorageFailed(f"SQLite failed while {doing}: {error}")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises the typed error for whatever SQLite says inside."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error, doing) from error
