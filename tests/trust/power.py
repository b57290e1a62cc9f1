"""A disk that remembers every write and every sync, and the files that a power loss at any moment may leave of it.

What was written before the last sync of its file is there. What came later is there or not, sector by sector: a disk
keeps any subset of it, in any order. A sector itself is never half (SQLite's `psow`, which every disk since 2011
keeps). A new or deleted name is certain when its folder has been synced.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import apsw

SECTORS = (512, 4096)
KEPT = (0.0, 0.1, 0.5, 0.9, 1.0)
JOURNALS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL


@dataclass(frozen=True)
class Step:
    """One thing that happened to the disk: `number` is the offset of a write, the size of a truncation."""

    kind: Literal["create", "delete", "write", "truncate", "sync", "sync names", "told"]
    file: str = ""
    number: int = 0
    data: bytes = b""


class Disk:
    """While it is entered, every SQLite file that is opened by this process is written through it.

    Args:
        folder: only files in it are remembered.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.steps: list[Step] = []
        self._vfs: _Recorder | None = None

    def told(self) -> None:
        """Somebody was promised that everything so far is kept."""
        self.steps.append(Step("told"))

    def __enter__(self) -> Self:
        self._vfs = _Recorder(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._vfs is not None
        self._vfs.unregister()

    def name(self, path: str | None) -> str:
        """The name under which a path is remembered; empty where it is not."""
        place = Path(path) if path else None
        return place.name if place is not None and place.parent == self.folder else ""


class _Recorder(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.known = f"recorder-{id(disk)}"
        self.under = str(apsw.vfs_details()[0]["zName"])  # the default so far
        super().__init__(self.known, base=self.under, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _File(self, name, flags, self.disk.name(path))

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        if name := self.disk.name(filename):
            self.disk.steps.append(Step("delete", name))
            if syncdir:
                self.disk.steps.append(Step("sync names"))


class _File(apsw.VFSFile):
    def __init__(self, vfs: _Recorder, path: Any, flags: list[int], name: str) -> None:
        self._name, self._steps = name, vfs.disk.steps
        new = bool(name) and not (vfs.disk.folder / name).exists()
        # SQLite syncs the folder with the first sync of a new journal or WAL, and never for the file itself
        self._syncs_names = new and bool(flags[0] & JOURNALS)
        super().__init__(vfs.under, path, flags)
        if new:
            self._steps.append(Step("create", name))

    def xWrite(self, data: Any, offset: int) -> None:
        super().xWrite(data, offset)
        if self._name:
            self._steps.append(Step("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        if self._name:
            self._steps.append(Step("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self._name:
            self._steps.append(Step("sync", self._name))
            if self._syncs_names:
                self._steps.append(Step("sync names"))
                self._syncs_names = False


@dataclass
class _Contents:
    """A file: what is certainly on the disk, and what has been written since its last sync."""

    certain: bytearray = field(default_factory=bytearray)
    since: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Image:
    """What a power loss left: the files, how many promises had been given, and how many writes were on their way."""

    files: dict[str, bytes]
    told: int
    unsynced: int

    def write(self, folder: Path) -> None:
        """Makes it the contents of a folder."""
        for old in folder.iterdir():
            old.unlink()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


def images(steps: list[Step], count: int, seed: int) -> Iterator[Image]:
    """So many crashes, spread evenly over all steps; the disk keeps something else of what was unsynced each time."""
    dice = random.Random(seed)
    files: dict[str, _Contents] = {}
    certain: dict[str, _Contents] = {}
    names: list[Step] = []
    told = made = 0
    for number, step in enumerate(steps, 1):
        match step.kind:
            case "told":
                told += 1
            case "create":
                files[step.file] = _Contents()
                names.append(step)
            case "delete":
                names.append(step)
            case "sync":
                _sync(files[step.file])
            case "sync names":
                certain = _names(certain, files, names)
                names = []
            case _:
                files[step.file].since.append(step)
        while made < count * number // len(steps):
            made += 1
            yield _image(certain, files, names, told, dice)


def _sync(contents: _Contents) -> None:
    for step in contents.since:
        _apply(contents.certain, step)
    contents.since = []


def _names(
    certain: dict[str, _Contents], files: dict[str, _Contents], steps: list[Step]
) -> dict[str, _Contents]:
    found = dict(certain)
    for step in steps:
        if step.kind == "create":
            found[step.file] = files[step.file]
        else:
            found.pop(step.file, None)
    return found


def _image(
    certain: dict[str, _Contents],
    files: dict[str, _Contents],
    names: list[Step],
    told: int,
    dice: random.Random,
) -> Image:
    there = _names(certain, files, names[: dice.randint(0, len(names))])
    unsynced = sum(len(contents.since) for contents in there.values())
    return Image({name: _left(contents, dice) for name, contents in there.items()}, told, unsynced)


def _left(contents: _Contents, dice: random.Random) -> bytes:
    """What is left of a file: either the first of its unsynced writes, the last of them torn, or any sectors."""
    data, sector = bytearray(contents.certain), dice.choice(SECTORS)
    if dice.random() < 0.5:
        whole = dice.randint(0, len(contents.since))
        kept = [1.0] * whole + [0.5] + [0.0] * len(contents.since)
    else:
        kept = [dice.choice(KEPT)] * len(contents.since)
    for step, chance in zip(contents.since, kept, strict=False):
        if step.kind == "truncate":
            if dice.random() < chance:
                _apply(data, step)
            continue
        for piece in _pieces(step, sector):
            if dice.random() < chance:
                _apply(data, piece)
    return bytes(data)


def _pieces(step: Step, sector: int) -> Iterator[Step]:
    at, end = step.number, step.number + len(step.data)
    while at < end:
        border = min((at // sector + 1) * sector, end)
        yield Step("write", step.file, at, step.data[at - step.number : border - step.number])
        at = border


def _apply(data: bytearray, step: Step) -> None:
    if step.kind == "truncate":
        del data[step.number :]
        data.extend(bytes(step.number - len(data)))
        return
    data.extend(bytes(max(0, step.number - len(data))))
    data[step.number : step.number + len(step.data)] = step.data
