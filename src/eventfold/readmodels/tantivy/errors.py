"""What tantivy says, in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventfold.errors import StorageError, StorageFailed, StorageFull
from eventfold.foreign import PANIC, said, says_full, without_panics


@contextmanager
def translated(doing: str, folder: Path) -> Iterator[None]:
    """Raises the typed error for whatever the library says inside.

    Args:
        doing: what was being done, for the sentence: "reading".
        folder: of the index of the table.
    """
    try:
        with without_panics():
            yield
    except (OSError, ValueError) as error:
        raise _failed(doing, folder, error) from error
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise _failed(doing, folder, error) from None  # its trace is the library's own


def _failed(doing: str, folder: Path, error: BaseException) -> StorageError:
    if says_full(error):
        return StorageFull(
            f"No space was left while {doing} the search index {folder}: free some, and it goes on at the next"
            " attempt.",
            path=str(folder),
        )
    return StorageFailed(
        f"The search library failed while {doing} the index {folder}: {said(error)}. If it goes on failing, move the"
        " folder away: `eventfold run --once` makes it anew from the table's state.",
        path=str(folder),
    )
