"""Copies of the stamps beside the log of a Delta table, because its clean-up forgets what a commit carried.

They stand in `<table>/_eventfold/cursor/<version>.json`: folders with an underscore survive VACUUM. A copy is written
once; only where it contradicts its commit, as after the log of the table was restored, is it written again.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

_FOLDER = "_eventfold/cursor"


class _Stamp(Protocol):
    def to_json(self) -> str: ...


S = TypeVar("S", bound=_Stamp)


class Copies(Generic[S]):
    """The copies of one table.

    Args:
        table: the folder of the table.
        read: the stamp that was written as a text; None where it is none.
    """

    def __init__(self, table: Path, read: Callable[[bytes], S | None]) -> None:
        self._folder = table / _FOLDER
        self._read = read

    def write(self, version: int, stamp: S) -> None:
        """Keeps the stamp of a version."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(version)
        # first under another name: a crash in the middle must not leave half a copy under the right one; a name of its
        # own, for a reader may make the same copy in the same moment
        draft = path.with_suffix(f".{secrets.token_hex(8)}.draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(stamp.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def read(self, version: int) -> S | None:
        """The copied stamp; None where there is none or it is damaged."""
        try:
            return self._read(self._path(version).read_bytes())
        except OSError:
            return None

    def versions(self) -> Sequence[int]:
        """The versions that have a copy, ascending."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:
            return []
        return sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal())

    def _path(self, version: int) -> Path:
        return self._folder / f"{version:020d}.json"
