"""Where an export lands: beside its place first, then there at once and whole; or on a stream that somebody reads."""

import errno
import gzip
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from eventfold.errors import ConfigInvalid, NotFound, StorageError, StorageFailed, StorageFull


@contextmanager
def placed(path: Path, *, zipped: bool, overwrite: bool) -> Iterator[BinaryIO]:
    """A file that is there, complete and durable, when the block ends; not at all when it raises.

    Args:
        path: its place.
        zipped: compresses it by gzip.
        overwrite: whether a file that stands there may be replaced.

    Raises:
        ConfigInvalid: a file stands there already.
        NotFound: its folder does not exist.
        StorageError: it cannot be written.
    """
    _check_free(path, overwrite=overwrite)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        file = part.open("xb")
    except FileNotFoundError:
        raise NotFound(f"There is no folder {path.parent}.", folder=str(path.parent)) from None
    except OSError as error:
        raise _failed(path, error) from error
    try:
        with file:
            with compressed(file, zipped=zipped) as content:
                yield content
            file.flush()
            os.fsync(file.fileno())
        _check_free(path, overwrite=overwrite)
        part.replace(path)
        _sync_folder(path.parent)
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


def _check_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not (overwrite and path.is_file()):
        raise ConfigInvalid(
            f"{path} is there already: choose another name, or say that it may be replaced.", key="file"
        )


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
