"""A table in a folder of this machine, or one that is mounted."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from deltalake import DeltaTable
from pyarrow.fs import FileSystem

from eventfold.errors import ConfigInvalid, StorageFailed
from eventfold.foreign import said
from eventfold.readmodels.delta.places.port import Place

_MISTAKEN = re.compile(r"[#%?\[\]^|\\\x00-\x1f\x7f\ud800-\udfff]")
"""What a path may not contain: the library makes a URL of it without quoting these."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What systems say where a file cannot have a second name."""


def open_folder(path: Path) -> "Folder":
    """The place in a folder.

    Raises:
        ConfigInvalid: it has a character in its path that the library does not quote.
    """
    shown = path.as_posix()
    if _MISTAKEN.search(shown):
        raise ConfigInvalid(
            f"The folder {shown!r} cannot hold a Delta table: choose a path without # % ? [ ] ^ | \\ and control"
            " characters.",
            key="lake",
        )
    return Folder(path)


class Folder:
    """See `Place` for what each method promises.

    Args:
        path: of the folder, which need not be there yet.
    """

    options: dict[str, str] | None = None

    def __init__(self, path: Path) -> None:
        self.folder = path

    @property
    def shown(self) -> str:
        """Its path."""
        return str(self.folder)

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.folder)

    @property
    def filesystem(self) -> FileSystem | None:
        """None is needed."""
        return None

    def path(self, name: str) -> str:
        """With that of the folder."""
        return str(self.folder / name)

    def said(self, error: BaseException) -> str:
        """In one line."""
        return said(error)

    def shows_secret(self, error: BaseException) -> bool:  # noqa: ARG002 - the port's
        """There is none."""
        return False

    def cure(self, error: BaseException) -> str:  # noqa: ARG002 - the port's
        """None is known."""
        return ""

    def table(self, version: int | None = None) -> DeltaTable:
        """Opened by its path."""
        return DeltaTable(str(self.folder), version=version)

    def prepare(self) -> None:
        """With the folders above; there must be hard links, by which the Delta library commits too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        trial = self._draft(self.folder / "trial", b"")
        linked = trial.with_suffix(".linked")
        try:
            self._link(trial, linked)
        finally:
            linked.unlink(missing_ok=True)
            trial.unlink(missing_ok=True)

    def create(self, name: str, content: bytes) -> bool:
        """Under another name first, then linked: a name that is taken is refused, and half a file has no name."""
        path = self.folder / name
        if path.exists():
            return False
        draft = self._draft(path, content)
        try:
            self._link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        self._sync(path.parent)
        return True

    def replace(self, name: str, content: bytes) -> None:
        """Under another name first, then renamed."""
        path = self.folder / name
        self._draft(path, content).replace(path)

    def read(self, name: str) -> bytes | None:
        """As a whole."""
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def size(self, name: str) -> int | None:
        """As the file system says."""
        path = self.folder / name
        return path.stat().st_size if path.is_file() else None

    def mark(self, name: str) -> str | None:
        """Number and time of the file."""
        try:
            found = (self.folder / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return f"{found.st_ino}-{found.st_mtime_ns}"

    def names(self, folder: str) -> Collection[str]:
        """In no order."""
        try:
            return [path.name for path in (self.folder / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, name: str) -> None:
        """Whoever removes it at the same time may have been quicker."""
        (self.folder / name).unlink(missing_ok=True)

    def below(self, name: str) -> "Folder":
        """A folder of it."""
        return Folder(self.folder / name)

    def move(self, name: str, place: Place) -> None:
        """Renamed."""
        assert isinstance(place, Folder)
        to = place.folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).replace(to)

    def clear(self) -> None:
        """With the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _draft(self, path: Path, content: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a name of its own: others may write the same file in the same moment
        draft = path.with_suffix(f".{secrets.token_hex(8)}.draft")
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def _link(self, draft: Path, path: Path) -> None:
        try:
            os.link(draft, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            raise StorageFailed(
                f"The lake {self.shown} is on a file system without hard links, by which of two writers one is refused:"
                " choose a folder on another one, --lake FOLDER (in Python lake=...).",
                path=self.shown,
            ) from error

    def _sync(self, folder: Path) -> None:
        with suppress(OSError):  # not every system can sync a folder
            number = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
