"""Copies of the stamps beside the log of a Delta table, because its clean-up forgets what a commit carried.

They stand in `<table>/_eventfold/cursor/<version>.json`: folders with an underscore survive VACUUM. A copy is written
once; only where it contradicts its commit, as after the log of the table was restored, is it written again.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from eventfold.readmodels.delta.places.port import DATA, Place


class _Stamp(Protocol):
    def to_json(self) -> str: ...


S = TypeVar("S", bound=_Stamp)


class Copies(Generic[S]):
    """The copies of one table.

    Args:
        place: of the table.
        read: the stamp that was written as a text; None where it is none.
    """

    def __init__(self, place: Place, read: Callable[[bytes], S | None]) -> None:
        self._place = place
        self._read = read

    def write(self, version: int, stamp: S) -> None:
        """Keeps the stamp of a version; a crash in the middle leaves no half of it."""
        self._place.replace(_name(version), stamp.to_json().encode())

    def read(self, version: int) -> S | None:
        """The copied stamp; None where there is none or it is damaged."""
        found = self._place.read(_name(version))
        return None if found is None else self._read(found)

    def versions(self) -> Sequence[int]:
        """The versions that have a copy, ascending."""
        names = self._place.names(f"{DATA}/cursor")
        return sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal())


def _name(version: int) -> str:
    return f"{DATA}/cursor/{version:020d}.json"
