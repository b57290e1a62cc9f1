"""Copies of the stamps beside the log of a Delta table, because its clean-up forgets what a commit carried.

They stand in `<table>/_eventfold/cursor/<version>.json`: folders with an underscore survive VACUUM. A copy is written
once; only where it contradicts its commit, as after the log of the table was restored, is it written again.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from eventfold.readmodels.publishing.publication import Stamp, read_stamp

_FOLDER = "_eventfold/cursor"


class Copies:
    """The copies of one table.

    Args:
        table: the folder of the table.
    """

    def __init__(self, table: Path) -> None:
        self._folder = table / _FOLDER

    def write(self, version: int, stamp: Stamp) -> None:
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

    def read(self, version: int) -> Stamp | None:
        """The copied stamp; None where there is none or it is damaged."""
        try:
            return read_stamp(self._path(version).read_bytes())
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
