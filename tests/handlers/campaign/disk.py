"""A small disk of its own, which is full at times."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.trust.test_disk_full import mount, unmount

MEGABYTES = 48


class Disk:
    """A file system.

    Args:
        place: where it is mounted.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    @contextmanager
    def full(self) -> Iterator[None]:
        """No space is left on it while the block lasts."""
        filler = self.place / "filler"
        file = os.open(filler, os.O_WRONLY | os.O_CREAT)
        try:
            for size in (1 << 20, 1 << 12):
                _write_all(file, bytes(size))
            yield
        finally:
            os.close(file)
            filler.unlink()


@contextmanager
def small_disk(place: Path) -> Iterator[Disk]:
    """One that is there while the block lasts; skips a test where none can be."""
    place.mkdir()
    if os.geteuid() or not mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)):
        pytest.skip("needs to mount a tmpfs: sudo ./dev test tests/handlers/campaign")
    try:
        yield Disk(place)
    finally:
        unmount(place)


def _write_all(file: int, block: bytes) -> None:
    try:
        while os.write(file, block):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
