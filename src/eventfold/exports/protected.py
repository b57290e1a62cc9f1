"""What no output may be written over: what logs, states, snapshots and lakes consist of, and what is read or run.

Files are told apart by what the file system says (device and number), not by how they are spelled: links, `..` and
another case lead to the same file. A database is known by its first bytes, whoever's it is; a table of Delta Lake by
its log.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from errno import ELOOP
from pathlib import Path

import msgspec

from eventfold.errors import ConfigInvalid

_MARKS = (
    b"SQLite format 3\0",
    b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",  # a journal of SQLite
    b"\x37\x7f\x06\x82",  # its write-ahead log
    b"\x37\x7f\x06\x83",
    b"\x18\xe2\x2d\x00",  # the index of that
    b"\x00\x2d\xe2\x18",
)
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
_SUFFIXES = (*BESIDE, ".state", ".snapshots")
Identity = tuple[object, ...]


class Protected(msgspec.Struct, frozen=True):
    """What is protected beside that which is known by its form.

    Attributes:
        files: what they are called in a sentence; a file that is not there yet is protected too, and what stands or
            will stand beside a database.
        folders: the same, with everything below them.
    """

    files: Mapping[Path, str] = {}
    folders: Mapping[Path, str] = {}

    def check(self, path: Path, *, shown: Path | None = None) -> None:
        """Looks whether something may be written there.

        Args:
            path: where an output is to be put, whether something stands there or not.
            shown: what the sentence calls it.

        Raises:
            ConfigInvalid: what stands there, or will, is protected.
        """
        what = self._found(path)
        if what is not None:
            raise ConfigInvalid(
                f"{shown or path} is {what}, over which nothing is written: choose another name.", key="file"
            )

    def check_stream(self, stream: object) -> None:
        """The same for an open stream: a shell may have pointed it at a protected file.

        Raises:
            ConfigInvalid: it is protected.
        """
        try:
            number: int = stream.fileno()  # type: ignore[attr-defined] # what has none is no file
            found = os.fstat(number)
        except (AttributeError, OSError, ValueError):
            return
        if not stat.S_ISREG(found.st_mode):
            return
        here = (found.st_dev, found.st_ino)
        what = next(
            (name for file, name in self.files.items() for one in files_of(file) if identity(one) == here),
            None,
        )
        path = Path(f"/proc/self/fd/{number}")
        with suppress(OSError):
            if what is None and path.exists():
                what = self._found(path)
        if what is not None:
            raise ConfigInvalid(f"The output goes to a file that is {what}: send it elsewhere.", key="file")

    def _found(self, path: Path) -> str | None:
        """What it is, in words."""
        place = resolved(path)
        names = {identity(file): name for file, name in self.files.items()}
        for base in (place, *_bases(place)):
            beside = "" if base == place else "kept beside "
            if (name := names.get(identity(base))) is not None:
                return beside + name
            if _is_database(base):
                return f"{beside}a database, as logs and states are"
        folders = {identity(folder): name for folder, name in self.folders.items()}
        for above in place.parents:
            if (above / "_delta_log").is_dir():
                return f"part of the Delta table {above}"
            if folders and (name := folders.get(identity(above))) is not None:
                return f"part of {name}"
        return None


def resolved(path: Path) -> Path:
    """The place itself, links followed as far as they lead.

    Raises:
        ConfigInvalid: links that lead in a circle, or a name that no file can have.
    """
    try:
        place = path.resolve()
        if place.is_symlink():  # from Python 3.13 on a circle is no error
            raise OSError(ELOOP, os.strerror(ELOOP))
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigInvalid(f"{str(path)!r:.200} names no place: {error}.", key="file") from None
    return place


def identity(path: Path) -> Identity:
    """Equal for two paths only if they lead to one file, be it there or not yet."""
    place = resolved(path)
    try:
        found = place.stat()
    except OSError:
        if place.parent == place:
            return (str(place),)
        name = place.name.casefold() if _any_case(place.parent) else place.name
        return (*identity(place.parent), name)
    return (found.st_dev, found.st_ino)


def same(one: Path, other: Path) -> bool:
    """Whether both paths lead to one file or folder, be it there or not yet."""
    return identity(one) == identity(other)


def files_of(database: Path) -> Iterator[Path]:
    """A database of SQLite and what is kept beside it."""
    yield database
    for suffix in BESIDE:
        yield database.with_name(database.name + suffix)


def is_below(path: Path, folders: Iterable[Path]) -> bool:
    """Whether the path is one of the folders, or leads into one."""
    wanted = {identity(folder) for folder in folders}
    place = resolved(path)
    return any(identity(above) in wanted for above in (place, *place.parents))


def _bases(path: Path) -> Iterator[Path]:
    """The files beside which one of this name would be kept."""
    name = path.name
    while suffix := next((s for s in _SUFFIXES if name.lower().endswith(s) and len(name) > len(s)), ""):
        name = name[: -len(suffix)]
        yield path.with_name(name)


def _is_database(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(16).startswith(_MARKS)
    except OSError:
        return False


def _any_case(folder: Path) -> bool:
    """Whether names are found there however they are cased, as far as the folder's own name tells."""
    other = folder.with_name(folder.name.swapcase()) if folder.name else folder
    try:
        return other.name != folder.name and other.samefile(folder)
    except OSError:
        return False
