"""What DuckDB may take: how much memory, and a place for what does not fit, never the folder that somebody works in."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from eventfold.errors import ConfigInvalid, MemoryExhausted, StorageFull
from eventfold.events.ids import new_id
from eventfold.foreign import says_full

MEMORY = "EVENTFOLD_MEMORY"
_SIZE = re.compile("[1-9][0-9]{0,5}(MB|GB)")
_DISK = "max_temp_directory_size"
"""The setting that DuckDB names where the folder may not grow: as large as the room on its disk, unless it is set."""


def memory(otherwise: str) -> str:
    """How much memory one connection may take: what the environment says, if it says anything.

    Args:
        otherwise: what it may take if it does not.

    Raises:
        ConfigInvalid: that is no size.
    """
    given = os.environ.get(MEMORY, "") or otherwise
    if given != otherwise and not _SIZE.fullmatch(given):
        raise ConfigInvalid(f"{MEMORY}={given[:40]} is no size of memory: write 512MB, or 2GB.", key=MEMORY)
    return given


def scratch() -> str:
    """A folder of its own for one connection; DuckDB makes it when it needs it, and takes it away at the end."""
    return str(Path(tempfile.gettempdir()) / f"eventfold-{new_id()}")


def no_room(error: Exception) -> bool:
    """Whether DuckDB says that there is no room for what it works on, in memory or on the disk."""
    return isinstance(error, duckdb.OutOfMemoryException) or says_full(error)


def disk_is_full(error: Exception) -> bool:
    """Whether it is the disk that has no room."""
    return says_full(error) or _DISK in str(error)


@contextmanager
def room(limit: str = "") -> Iterator[None]:
    """Says so where something fits neither into memory nor into that folder.

    Args:
        limit: how much memory it may take; empty = most of what this machine has.

    Raises:
        StorageFull: there is no room on the disk.
        MemoryExhausted: there is, and some of it must be held in memory all the same.
    """
    try:
        yield
    except duckdb.Error as error:
        if not no_room(error):
            raise
        if disk_is_full(error):
            raise StorageFull(
                f"No space was left in {tempfile.gettempdir()} for what does not fit into memory: free some, or name"
                " another folder in the environment variable TMPDIR.",
                path=tempfile.gettempdir(),
            ) from error
        raise MemoryExhausted(
            f"What was asked for does not fit into {limit or 'the memory of this machine'}: ask for less at once, or"
            f" let it take more, by the environment variable {MEMORY}, for example {MEMORY}=2GB.",
            limit=limit,
        ) from error
