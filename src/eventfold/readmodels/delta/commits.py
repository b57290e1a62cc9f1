"""What the commits of a Delta table did to its files, as its log tells: whose they are, what they added and removed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote
from zlib import crc32

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from eventfold.readmodels.publishing.publication import Stamp, read_stamp

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


def read_commit(table: Path, version: int) -> Commit | None:
    """The commit that made a version; None where the log no longer has it, or it is damaged."""
    try:
        text = (table / "_delta_log" / f"{version:020d}.json").read_bytes()
        actions = [_action(line) for line in text.splitlines() if line.strip()]
    except (OSError, *_DAMAGED):
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


def carried(table: Path, newest: int, limit: int | None) -> Mapping[int, str | None]:
    """Version -> what its commit carries as metadata of its writer, of those commits that the log still has.

    They are read by their names: `DeltaTable.history` of a handle that is not the newest one gives the commits of later
    versions the numbers of earlier ones.

    Args:
        table: the folder of the table.
        newest: the version to begin with.
        limit: versions, at most; None = all.
    """
    found: dict[int, str | None] = {}
    for number in range(newest, -1 if limit is None else max(-1, newest - limit), -1):
        try:
            text = (table / "_delta_log" / f"{number:020d}.json").read_bytes()
        except OSError:
            break  # the clean-up takes the oldest ones
        found[number] = None
        with suppress(*_DAMAGED):
            infos = (_carrier(line).info for line in text.splitlines() if line.strip())
            found[number] = next((info.metadata for info in infos if info), None)
    return found


def kept_commits(table: Path) -> Sequence[int]:
    """The versions whose commits the log still has, ascending."""
    try:
        names = [path.stem for path in (table / "_delta_log").iterdir() if path.suffix == ".json"]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdecimal())


def files_of(table: DeltaTable) -> Files:
    """The live files of a version."""
    actions = pa.table(table.get_add_actions())
    paths = [unquote(path) for path in actions.column("path").to_pylist()]
    if table.protocol().min_reader_version != 1 or "num_records" not in actions.column_names:
        return dict.fromkeys(paths)  # rows of a file may be deleted all the same
    return dict(zip(paths, actions.column("num_records").to_pylist(), strict=True))


def files_at(table: Path, version: int) -> Files | None:
    """The live files of an earlier version; None where the log no longer tells."""
    try:
        return files_of(DeltaTable(str(table), version=version))
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
