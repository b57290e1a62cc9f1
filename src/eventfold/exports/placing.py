"""Where an output lands: beside its place first, then there at once and whole; or on a stream that somebody reads."""

import errno
import gzip
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from eventfold.errors import ConfigInvalid, NotFound, StorageError, StorageFailed, StorageFull
from eventfold.exports.protected import Protected, resolved

_OWN_STREAM = re.compile(r"/dev/(?:stdout|stderr|fd/(\d+))|/proc/self/fd/(\d+)")


@contextmanager
def placed(
    path: Path, *, zipped: bool = False, overwrite: bool, protected: Protected | None = None
) -> Iterator[BinaryIO]:
    """A file that is there, complete and durable, when the block ends; not at all when it raises.

    A link is followed: what it leads to is replaced. A pipe, a terminal and `/dev/stdout` are written to as they are.

    Args:
        path: its place.
        zipped: compresses it by gzip.
        overwrite: whether a file that stands there may be replaced.
        protected: what may not be replaced all the same, beside databases and tables of Delta Lake.

    Raises:
        ConfigInvalid: a file stands there already, or it is protected.
        NotFound: its folder does not exist.
        StorageError: it cannot be written.
    """
    protected = protected or Protected()
    stream = _stream(path)
    if stream is not None:
        with _streamed(path, stream, protected) as file, compressed(file, zipped=zipped) as content:
            yield content
        return
    place = resolved(path)
    _check_free(path, place, protected, overwrite=overwrite)
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        file = part.open("xb")
    except FileNotFoundError:
        raise NotFound(f"There is no folder {path.parent}.", folder=str(path.parent)) from None
    except OSError as error:
        raise _failed(path, error) from error
    try:
        with file:
            with suppress(OSError):  # what only its owner may read stays so
                shutil.copymode(place, part)
            with compressed(file, zipped=zipped) as content:
                yield content
            file.flush()
            os.fsync(file.fileno())
        _check_free(path, place, protected, overwrite=overwrite)
        _put(part, place, path, overwrite=overwrite)
        _sync_folder(place.parent)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def compressed(file: BinaryIO, *, zipped: bool) -> Iterator[BinaryIO]:
    """The file itself, or a gzip stream into it: the same bytes whenever it is written."""
    if not zipped:
        yield file
        return
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as content:
        yield cast("BinaryIO", content)


def make_folder(folder: Path) -> None:
    """A folder for outputs, with those above it, where none is there.

    Raises:
        StorageFailed: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"The folder {folder} cannot be made: {error.strerror}.") from error


def _stream(path: Path) -> int | Path | None:
    """One of our own open files, by its number; the path where it leads to a pipe or a device that takes bytes."""
    own = _OWN_STREAM.fullmatch(str(path))
    if own is not None and path.exists():
        return int(own[1] or own[2] or ("2" if path.name == "stderr" else "1"))
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return path if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) else None


@contextmanager
def _streamed(path: Path, stream: int | Path, protected: Protected) -> Iterator[BinaryIO]:
    try:
        opened = os.fdopen(os.dup(stream), "wb") if isinstance(stream, int) else stream.open("wb")
        with opened as file:
            protected.check_stream(file)
            yield file
    except BrokenPipeError:
        raise  # the reader has gone, as with standard output
    except OSError as error:
        raise _failed(path, error) from error


def _check_free(path: Path, place: Path, protected: Protected, *, overwrite: bool) -> None:
    protected.check(place, shown=path)
    if (path.exists() or place.exists()) and not (overwrite and path.is_file() and place.is_file()):
        raise ConfigInvalid(
            f"{path} is there already: choose another name, or say that it may be replaced: --overwrite (in Python"
            " overwrite=True).",
            key="file",
        )


def _put(part: Path, place: Path, path: Path, *, overwrite: bool) -> None:
    """Gives the file its name; a file that came in the last moment is replaced only where that is allowed."""
    if not overwrite:
        try:
            os.link(part, place)
        except FileExistsError:
            _check_free(path, place, Protected(), overwrite=False)
            raise
        except OSError:  # a file system without links
            part.rename(place)
        return
    part.replace(place)


def _failed(path: Path, error: OSError) -> StorageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull(f"No space was left while {path} was written; free some and repeat.")
    return StorageFailed(f"{path} cannot be written: {error.strerror or error}.")


def _sync_folder(folder: Path) -> None:
    """The new name is durable too, where the system lets a folder be opened."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
