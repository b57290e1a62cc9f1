"""The port of places: small files beside the files of one Delta table, and the table itself."""

from collections.abc import Collection
from typing import Protocol

from deltalake import DeltaTable
from pyarrow.fs import FileSystem

DATA = "_eventfold"
"""Folders with an underscore at the root of a table survive VACUUM."""


class Place(Protocol):
    """One Delta table's place. Names are relative to it, with `/` between folders.

    What cannot be read or written raises `OSError`, whose text holds no secret.
    """

    @property
    def shown(self) -> str:
        """What it is called in a sentence; no secret is in it."""

    @property
    def uri(self) -> str:
        """What the Delta library calls it."""

    @property
    def options(self) -> dict[str, str] | None:
        """What the Delta library needs to reach it; holds secrets."""

    @property
    def filesystem(self) -> FileSystem | None:
        """What reads the Parquet files; None: they are on this machine."""

    def path(self, name: str) -> str:
        """What a file is called there."""

    def said(self, error: BaseException) -> str:
        """What an error of a library says, for a sentence, without the secrets of the place."""

    def shows_secret(self, error: BaseException) -> bool:
        """Whether the whole text of an error has one of them."""

    def cure(self, error: BaseException) -> str:
        """What to do about an error of a library, as a sentence after a space; empty where the place knows nothing."""

    def table(self, version: int | None = None) -> DeltaTable:
        """The table, by default its newest version; errors as the Delta library raises them."""

    def prepare(self) -> None:
        """Makes the folder, where one is needed before the first file."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file that is not there yet, whole and durably; False, and nothing done, where there is one."""

    def replace(self, name: str, content: bytes) -> None:
        """Writes a file, whole: who reads it has the old one or the new one."""

    def read(self, name: str) -> bytes | None:
        """A whole file; None where there is none."""

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none."""

    def mark(self, name: str) -> str | None:
        """What tells a file from another one under its name, earlier or later; None where there is none."""

    def names(self, folder: str) -> Collection[str]:
        """The names of the files right in a folder; none where there is no such folder."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    def below(self, name: str) -> "Place":
        """The place in a folder of this one."""

    def move(self, name: str, place: "Place") -> None:
        """Brings a file to another place of the same kind, under its own name, whole; it may stay here too."""

    def clear(self) -> None:
        """Removes all that is in it."""


class Files:
    """The files of one folder of a place: a `ParkedFolder` of publishing.

    Args:
        place: of the table.
        folder: in it.
    """

    def __init__(self, place: Place, folder: str) -> None:
        self._place = place
        self._folder = folder

    def create(self, name: str, content: bytes) -> bool:
        """As `Place.create`."""
        return self._place.create(f"{self._folder}/{name}", content)

    def read(self, name: str) -> bytes | None:
        """As `Place.read`."""
        return self._place.read(f"{self._folder}/{name}")

    def names(self) -> Collection[str]:
        """As `Place.names`."""
        return self._place.names(self._folder)

    def remove(self, name: str) -> None:
        """As `Place.remove`."""
        self._place.remove(f"{self._folder}/{name}")


def parked_files(place: Place) -> Files:
    """The parked files of a table."""
    return Files(place, f"{DATA}/parked")
