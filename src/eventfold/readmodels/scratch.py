"""Where DuckDB puts what does not fit into its memory: never the folder that somebody happens to work in."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from eventfold.errors import StorageFull
from eventfold.events.ids import new_id
from eventfold.foreign import says_full


def scratch() -> str:
    """A folder of its own for one connection; DuckDB makes it when it needs it, and takes it away at the end."""
    return str(Path(tempfile.gettempdir()) / f"eventfold-{new_id()}")


def no_room(error: Exception) -> bool:
    """Whether DuckDB says that there is no room for what it works on."""
    return isinstance(error, duckdb.OutOfMemoryException) or says_full(error)


@contextmanager
def room() -> Iterator[None]:
    """Says so where what does not fit into memory does not fit into that folder either.

    Raises:
        StorageFull: there is no room for it.
    """
    try:
        yield
    except duckdb.Error as error:
        if not no_room(error):
            raise
        raise StorageFull(
            f"No space was left in {tempfile.gettempdir()} for what does not fit into memory: free some, or name"
            " another folder in the environment variable TMPDIR.",
            path=tempfile.gettempdir(),
        ) from error
