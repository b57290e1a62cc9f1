"""What the commits of a Delta table did to its files, as its log tells: whose they are, what they added and removed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote
from zlib import crc32

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.publishing.publication import Stamp, read_stamp

WRITE = "eventfoldWrite"
"""What of a commit tells it from one of a rival that carries the same stamp: no other write has it."""
Files = Mapping[str, int | None]
"""The path of a file -> how many rows it has; None where nothing says so."""
_DAMAGED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Commit(msgspec.Struct, frozen=True):
    """One commit.

    Attributes:
        operation: as its writer calls it.
        appends: whether it is a write that leaves what was there.
        stamp: ours.
        transactions: the applications whose transactions it records.
        added: files that are live from here on.
        removed: files that are not.
        mark: tells the text of this commit from that of another one.
    """

    operation: str
    appends: bool
    stamp: Stamp | None
    transactions: tuple[str, ...]
    added: Files
    removed: frozenset[str]
    mark: int


class _Info(msgspec.Struct):
    operation: str = ""
    operation_parameters: Mapping[str, object] = msgspec.field(default={}, name="operationParameters")
    metadata: str | None = msgspec.field(default=None, name="userMetadata")
    write: str = msgspec.field(default="", name=WRITE)


class _Transaction(msgspec.Struct):
    application: str = msgspec.field(name="appId")


class _Add(msgspec.Struct):
    path: str
    stats: str | None = None
    deletion_vector: object = msgspec.field(default=None, name="deletionVector")


class _Remove(msgspec.Struct):
    path: str


class _Action(msgspec.Struct):
    info: _Info | None = msgspec.field(default=None, name="commitInfo")
    transaction: _Transaction | None = msgspec.field(default=None, name="txn")
    add: _Add | None = None
    remove: _Remove | None = None


class _Statistics(msgspec.Struct):
    rows: int | None = msgspec.field(default=None, name="numRecords")


class _Carrier(msgspec.Struct):
    info: _Info | None = msgspec.field(default=None, name="commitInfo")


_action = msgspec.json.Decoder(_Action).decode
_carrier = msgspec.json.Decoder(_Carrier).decode
_statistics = msgspec.json.Decoder(_Statistics).decode


def read_commit(place: Place, version: int) -> Commit | None:
    """The commit that made a version; None where the log no longer has it, or it is damaged."""
    text = place.read(commit_name(version))
    if text is None:
        return None
    try:
        actions = [_action(line) for line in text.splitlines() if line.strip()]
    except _DAMAGED:
        return None
    info = next((a.info for a in actions if a.info), _Info())
    return Commit(
        operation=info.operation,
        appends=info.operation_parameters.get("mode") == "Append",
        stamp=read_stamp(info.metadata),
        transactions=tuple(a.transaction.application for a in actions if a.transaction),
        added=dict(_added(actions)),
        removed=frozenset(unquote(a.remove.path) for a in actions if a.remove),
        mark=crc32(text),
    )


class Mark(NamedTuple):
    """What a commit carries.

    Attributes:
        metadata: of its writer.
        write: see `WRITE`; empty in the commits of others.
    """

    metadata: str | None
    write: str


class Carried(Mapping[int, Mark]):
    """Version -> what its commit carries, of those commits that the log still has.

    The newest first, each read when it is asked for: in an object store each costs a request. They are read by their
    names: `DeltaTable.history` of a handle that is not the newest one gives the commits of later versions the numbers
    of earlier ones, and lets no other thread go on while it waits.

    Args:
        place: of the table.
        newest: the version to begin with.
        limit: versions, at most; None = all.
    """

    def __init__(self, place: Place, newest: int, limit: int | None) -> None:
        self._place = place
        self._numbers = range(newest, -1 if limit is None else max(-1, newest - limit), -1)
        self._found: dict[int, Mark] = {}

    def __iter__(self) -> Iterator[int]:
        """The versions, descending."""
        for number in self._numbers:
            if number not in self:
                return  # the clean-up takes the oldest ones
            yield number

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def __contains__(self, number: object) -> bool:
        """Whether the log has it."""
        try:
            return isinstance(number, int) and self[number] is not None
        except KeyError:
            return False

    def __getitem__(self, number: int) -> Mark:
        """What one carries."""
        if number not in self._found:
            text = self._place.read(commit_name(number)) if number in self._numbers else None
            if text is None:
                raise KeyError(number)
            self._found[number] = _mark(text)
        return self._found[number]


def commit_name(version: int) -> str:
    """The name of the file of a commit."""
    return f"_delta_log/{version:020d}.json"


def _mark(text: bytes) -> Mark:
    with suppress(*_DAMAGED):
        infos = (_carrier(line).info for line in text.splitlines() if line.strip())
        return next((Mark(info.metadata, info.write) for info in infos if info), Mark(None, ""))
    return Mark(None, "")


def kept_commits(place: Place) -> Sequence[int]:
    """The versions whose commits the log still has, ascending."""
    names = [name.removesuffix(".json") for name in place.names("_delta_log") if name.endswith(".json")]
    return sorted(int(name) for name in names if name.isdecimal())


def files_of(table: DeltaTable) -> Files:
    """The live files of a version."""
    actions = pa.table(table.get_add_actions())
    paths = [unquote(path) for path in actions.column("path").to_pylist()]
    if table.protocol().min_reader_version != 1 or "num_records" not in actions.column_names:
        return dict.fromkeys(paths)  # rows of a file may be deleted all the same
    return dict(zip(paths, actions.column("num_records").to_pylist(), strict=True))


def files_at(place: Place, version: int) -> Files | None:
    """The live files of an earlier version; None where the log no longer tells."""
    try:
        return files_of(place.table(version))
    except (DeltaError, OSError, ValueError):
        return None


def _added(actions: list[_Action]) -> Iterator[tuple[str, int | None]]:
    for action in actions:
        if action.add:
            yield unquote(action.add.path), None if action.add.deletion_vector else _rows(action.add.stats)


def _rows(stats: str | None) -> int | None:
    try:
        return _statistics(stats).rows if stats else None
    except _DAMAGED:
        return None
