"""Reading a database where nothing can be written: on a read-only file system, or without the permission.

A database in WAL mode is read together with two files beside it. Where they are not there and cannot be made, SQLite
reads the one file only if it is told that nobody changes it. Who could is not seen from here, so whoever reads looks
before and after whether the file is still the one that was opened.
"""

import os
from pathlib import Path

import apsw

from eventfold.errors import StorageBusy, StorageFailed

_NO_FILE = (0, 0)


def may_only_read(path: Path) -> bool:
    """Whether there is a file that can be read, and it or its folder cannot be written."""
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


class Frozen(apsw.Connection):
    """A connection that takes the file as it is.

    Args:
        path: of the file.
        uri: what SQLite opens.

    Raises:
        StorageFailed: events may stand in a file beside it, which cannot be read without writing.
    """

    def __init__(self, path: str, uri: str) -> None:
        self._path = path
        self._seen = self._now()
        if self._seen[1][1]:
            raise StorageFailed(
                f"{path} cannot be read alone: {Path(path).name}-wal beside it has changes that are not in it yet, and"
                " they can only be read where the folder may be written. Close the program that writes, or copy both"
                " files to such a folder.",
                path=path,
            )
        super().__init__(f"{uri}?immutable=1", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)

    @property
    def changed(self) -> bool:
        """Whether somebody else has written since it was opened."""
        return self._now() != self._seen

    def check(self) -> None:
        """Refuses what was read while somebody else wrote.

        Raises:
            StorageBusy: somebody did.
        """
        if self.changed:
            raise StorageBusy(f"{self._path} was changed while it was read; repeat it.", path=self._path)

    def _now(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return _state(self._path), (0, _state(self._path + "-wal")[1])


def _state(path: str) -> tuple[int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return _NO_FILE
    return found.st_mtime_ns, found.st_size
