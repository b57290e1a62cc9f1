"""What the Delta library says, in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError

from eventfold.errors import StaleCursor, StorageError, StorageFailed, StorageFull
from eventfold.foreign import PANIC, says_full, without_panics
from eventfold.readmodels.delta.places.port import Place


@contextmanager
def translated(doing: str, place: Place) -> Iterator[None]:
    """Raises the typed error for whatever the library says inside.

    Args:
        doing: what was being done, for the sentence: "reading".
        place: of the table.
    """
    try:
        with without_panics():
            yield
    except CommitFailedError as error:
        raise StaleCursor(
            f"Somebody else changed the table while {doing} {place.shown}: nothing was written ({place.said(error)})."
        ) from _shown(place, error)
    except (DeltaError, OSError, ValueError) as error:
        raise _failed(doing, place, error) from _shown(place, error)
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise _failed(doing, place, error) from None  # its trace is the library's own


def _failed(doing: str, place: Place, error: BaseException) -> StorageError:
    if says_full(error):
        return StorageFull(
            f"No space was left while {doing} the Delta table {place.shown}: free some, and it is published at the next"
            " attempt.",
            path=place.shown,
        )
    cure = place.cure(error)
    if not cure and doing == "publishing":
        cure = " If it goes on failing, move the folder away: the table is published anew from its state."
    return StorageFailed(
        f"The Delta library failed while {doing} {place.shown}: {place.said(error)}.{cure}",
        path=place.shown,
    )


def _shown(place: Place, error: BaseException) -> BaseException | None:
    """An error as the cause of ours; none where its text has what nobody may see."""
    return None if place.shows_secret(error) else error
