"""`FileTarget`: each effect is a line at the end of a file."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import msgspec

from eventfold.errors import ConfigInvalid, TargetUnavailable
from eventfold.foreign import said
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.effectline import line_of
from eventfold.handlers.targets.limits import checked_rate

try:
    import fcntl
except ImportError:  # a system without it: there one process writes to a file
    fcntl = None  # type: ignore[assignment]  # where it is missing, its name says so

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BACK = 64 * 1024


class FileTarget:
    """A target that appends each effect to a file, as one line of JSON, and returns when it is on the disk.

        targets={"shipments": ef.FileTarget("/srv/shop/shipments.jsonl")}

    A CloudEvent is its own line; any other payload stands in an object with `key`, which is the same at every repeat,
    `handler`, `stream`, `version`, `type`, `correlationId` and `payload`. Several threads and processes may write to
    one file. It may be renamed at any time, and the next effect begins a new one. A line that a crash has torn was
    never acknowledged: it is taken away by the next one.

    Args:
        path: of the file; made where it is missing, in a folder that is there.
        rate: effects a second, at most.

    Raises:
        ConfigInvalid: no such file can be there.
    """

    def __init__(self, path: str | Path, *, rate: float | None = None) -> None:
        self.path = Path(path).absolute()
        self.rate = checked_rate(rate)
        if not self.path.parent.is_dir():
            raise ConfigInvalid(
                f"There is no folder {self.path.parent} for a file of effects.", key="targets"
            )
        if self.path.exists():
            problem = _problem(self.path)
            if problem:
                raise ConfigInvalid(f"{self.path} {problem}: name another file for effects.", key="targets")

    def send(self, payload: object, message: Message) -> None:
        """Appends an effect; errors as `Target.send`."""
        line = line_of(payload, message)
        try:
            new = not self.path.exists()
            file = os.open(self.path, _FLAGS, 0o666)
            try:
                _append(file, line)
                os.fsync(file)
            finally:
                os.close(file)
            if new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise TargetUnavailable(
                f"The file {self.path} cannot be written: {error.strerror or said(error)}.",
                target=str(self.path),
                retry_after=None,
            ) from None

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        """Which file."""
        return f"<FileTarget {self.path}>"


def _problem(path: Path) -> str | None:
    """Why effects cannot be appended to what is there."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return "is no file, but a folder or a device"
    with path.open("rb") as file:
        if file.read(1) not in {b"", b"{"}:
            return "has other content than effects"
    return None


def _append(file: int, line: bytes) -> None:
    """The whole line, or nothing."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError("it is no file any more")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)  # given up when the file is closed
    size = os.fstat(file).st_size
    start = _mended(file, size)
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, start)
        raise


def _mended(file: int, size: int) -> int:
    """Where the next line begins, after what a crash left of the last one is away."""
    if size == 0 or os.pread(file, 1, size - 1) == b"\n":
        return size
    begin, tail = size, b""
    while begin > 0 and b"\n" not in tail:
        begin = max(0, begin - _BACK)
        tail = os.pread(file, size - begin, begin)
    torn = tail[tail.rfind(b"\n") + 1 :]
    if _is_whole(torn):
        return size + os.write(file, b"\n")
    if not torn.startswith(b"{"):
        raise OSError("its last line is none of effects")
    os.ftruncate(file, size - len(torn))
    return size - len(torn)


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """So that the name of a new file survives a power loss too."""
    with suppress(OSError, AttributeError):  # a system that does not open folders
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
