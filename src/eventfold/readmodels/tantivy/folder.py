"""The folder of a table's index: each one that is made anew stands in a folder of its own; a file names the live one.

    <search>/<table>/live.json      {"log": ..., "index": 3}
    <search>/<table>/lock           held while something becomes visible
    <search>/<table>/3/             an index of tantivy

A reader sees the old index or the new one. An old one is removed once nothing names it; a process that has it open
reads on. Of one that was begun and never became live nothing is left after the next one.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

try:
    import fcntl
except ImportError:  # a system without it: there one process publishes a table
    fcntl = None  # type: ignore[assignment]  # where it is missing, its name says so

_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_LIBRARY_LOCK = ".tantivy-writer.lock"
_LIBRARY_META = "meta.json"


class Live(msgspec.Struct, frozen=True):
    """Which index is live.

    Attributes:
        log: the id of the log that it was published from.
        index: its number.
    """

    log: str
    index: int


_decode = msgspec.json.Decoder(Live).decode


class Folder:
    """The folder of one table.

    Args:
        path: which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._live = path / "live.json"

    def live(self) -> Live | None:
        """The live index; None where there is none.

        Raises:
            ValueError: the file that names it is damaged.
        """
        try:
            return _decode(self._live.read_bytes())
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._live.name} names no index") from error

    def is_taken(self) -> bool:
        """Whether the folder itself is an index, which is none of ours."""
        return (self.path / _LIBRARY_META).exists()

    def place(self, number: int) -> Path:
        """The folder of an index."""
        return self.path / str(number)

    def fresh(self) -> int:
        """Makes the folder of a new index; to be called under the lock. What dead writers began is removed."""
        live = self.live_or_none()
        numbers = [live.index] if live else []
        for number in self._numbers():
            if (live is None or number != live.index) and not self._is_written(number):
                shutil.rmtree(self.place(number), ignore_errors=True)
            else:
                numbers.append(number)
        number = max(numbers, default=0) + 1
        self.place(number).mkdir()
        return number

    def show(self, live: Live) -> None:
        """Makes an index the live one, durably, and removes the earlier ones; to be called under the lock."""
        draft = self._live.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(live))
            file.flush()
            os.fsync(file.fileno())
        _sync(self.path)  # the folder of the index before what names it
        draft.replace(self._live)
        _sync(self.path)
        for number in self._numbers():
            if number < live.index:
                shutil.rmtree(self.place(number), ignore_errors=True)

    def live_or_none(self) -> Live | None:
        """As `live`; None also where the file is damaged."""
        with suppress(ValueError):
            return self.live()
        return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all processes; waits for the one that is at it, which is given the lock back if that one dies."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("ab") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)  # given up when the file is closed
            yield

    def _numbers(self) -> list[int]:
        names = [path.name for path in self.path.iterdir() if path.is_dir()]
        return [int(name) for name in names if _NUMBER.fullmatch(name)]

    def _is_written(self, number: int) -> bool:
        """Whether a writer that lives has an index open."""
        written = True
        if fcntl is not None:
            try:
                with (self.place(number) / _LIBRARY_LOCK).open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                written = False
            except FileNotFoundError:
                written = False
            except OSError:
                pass  # somebody has it
        return written


def _sync(folder: Path) -> None:
    with suppress(OSError):  # not every system can sync a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
