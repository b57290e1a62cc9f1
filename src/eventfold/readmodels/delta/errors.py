"""What the Delta library says, in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltalake.exceptions import CommitFailedError, DeltaError

from eventfold.errors import StaleCursor, StorageError, StorageFailed, StorageFull
from eventfold.foreign import PANIC, said, says_full, without_panics


@contextmanager
def translated(doing: str, table: Path) -> Iterator[None]:
    """Raises the typed error for whatever the library says inside.

    Args:
        doing: what was being done, for the sentence: "reading".
        table: the folder of the table.
    """
    try:
        with without_panics():
            yield
    except CommitFailedError as error:
        raise StaleCursor(
            f"Somebody else changed the table while {doing} {table}: nothing was written ({said(error)})."
        ) from error
    except (DeltaError, OSError, ValueError) as error:
        raise _failed(doing, table, error) from error
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise _failed(doing, table, error) from None  # its trace is the library's own


def _failed(doing: str, table: Path, error: BaseException) -> StorageError:
    if says_full(error):
        return StorageFull(
            f"No space was left while {doing} the Delta table {table}: free some, and it is published at the next"
            " attempt.",
            path=str(table),
        )
    cure = " If it goes on failing, move the folder away: the table is published anew from its state."
    return StorageFailed(
        f"The Delta library failed while {doing} {table}: {said(error)}.{cure if doing == 'publishing' else ''}",
        path=str(table),
    )
