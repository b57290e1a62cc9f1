"""The lake copy as a Delta table, divided by the day of recording: each commit appends, and tells what is contained.

The fence is the application transaction `<log id>/events/copy`. Its version is that of the commit, plus 1, and so says,
beside the stamp, how many commits of ours there are: an append that is made twice cannot be taken back.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from eventfold.errors import CursorLost, ForeignCursor, LogNotFound, StorageFailed
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.stamped import StampedTable, check_folder, fenced, next_transaction
from eventfold.readmodels.delta.statistics import PROPERTY
from eventfold.readmodels.lakecopy.columns import BOUNDED, DAY, SCHEMA
from eventfold.readmodels.lakecopy.port import TABLE, Border, CopyStamp, Size, read_copy_stamp

_SNAPPY = WriterProperties(compression="SNAPPY")
_PIECE = 8_192
"""Rows that the library is given at once: a table whole takes it half as much memory more."""
_AWAY = "Move the folder out of the lake: `eventfold run --once` copies the log anew."


def open_copy(folder: Path, log_id: str | None) -> "DeltaCopy":
    """The copy in a folder, which need not exist yet where the log is named.

    Raises:
        ConfigInvalid: the Delta library would take its path for another one.
        LogNotFound, CursorLost: no log is named, and the folder does not say one.
    """
    check_folder(folder)
    return DeltaCopy(folder, log_id or _copied_log(folder))


def _copied_log(folder: Path) -> str:
    stamped = StampedTable(folder, TABLE, "", read_copy_stamp)
    table = stamped.open()
    if table is None:
        raise LogNotFound(
            f"There is no copy of a log in {folder}: `eventfold run --once --copy` makes it.",
            path=str(folder),
        )
    found = stamped.newest(table)
    if found is None:
        raise CursorLost(f"No commit of the copy {folder} says of which log it is. {_AWAY}", table=TABLE)
    return found[1].log


class DeltaCopy:
    """See `CopyTable` for what each method promises.

    Args:
        folder: of the Delta table.
        log_id: of the log that is copied.
    """

    def __init__(self, folder: Path, log_id: str) -> None:
        self.log_id = log_id
        self._folder = folder
        self._stamped = StampedTable(folder, TABLE, log_id, read_copy_stamp)
        self._application = f"{log_id}/{TABLE}/copy"
        self._borders: list[CopyStamp] = []
        self._looked = -1
        self._seen: tuple[int, int, int] | None = None
        self._table_id = ""
        self._added: tuple[tuple[str, int], pa.Table] | None = None

    def head(self) -> Border | None:
        """The newest stamp, which must agree with the fence and with the rows that the table has."""
        table = self._stamped.open()
        return None if table is None else self._head(table)

    def create(self, stamp: CopyStamp) -> Border:
        """An empty table that may only grow."""
        with translated("creating", self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                write_deltalake(
                    str(self._folder),
                    SCHEMA.empty_table(),
                    mode="error",
                    partition_by=[DAY],
                    description=f"the events of the log {stamp.log}",
                    configuration={"delta.appendOnly": "true", PROPERTY: ",".join(BOUNDED)},
                    writer_properties=_SNAPPY,
                    commit_properties=self._properties(None, stamp),
                )
            except DeltaError:
                if self._stamped.open() is None:
                    raise
                raise self._stamped.late() from None  # somebody else made it in the same moment
            return Border(self._stamped.made(DeltaTable(str(self._folder)), stamp), stamp)

    def append(self, on: Border, rows: pa.Table, stamp: CopyStamp) -> Border:
        """Loaded, checked and written on one handle."""
        table = self._stamped.opened(on.number)
        if self._head(table).stamp != on.stamp:
            raise self._stamped.late()
        with translated("copying events to", self._folder):
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=_PIECE)),
                mode="append",
                partition_by=[DAY],
                writer_properties=_SNAPPY,
                commit_properties=self._properties(table, stamp),
            )
            return Border(self._stamped.made(table, stamp), stamp)

    def borders(self) -> Sequence[CopyStamp]:
        """Of each version of ours, from its commit or from the copy of its stamp; those that are known stay so."""
        if self._seen is not None and self._seen == self._sight(self._seen[0]):
            return self._borders
        table = self._stamped.open()
        if table is None:
            return []
        head = self._head(table)
        of = str(table.metadata().id)
        if of != self._table_id or head.number < self._looked:
            self._borders, self._looked, self._table_id = [], -1, of  # moved away and made anew, or restored
        if head.number > self._looked:
            copies = self._stamped.copies
            numbers = [n for n in copies.versions() if self._looked < n <= head.number]
            fresh = [stamp for stamp in map(copies.read, numbers) if stamp is not None]
            known = [*self._borders, *(stamp for stamp in fresh if stamp.log == self.log_id)]
            if [stamp.commit for stamp in known] != list(range(head.stamp.commit + 1)):
                raise self._lost("the stamps of some of its commits are missing or damaged")
            self._borders, self._looked = known, head.number
        self._seen = self._sight(table.version())
        return self._borders

    def _sight(self, version: int) -> tuple[int, int, int] | None:
        """What tells, without opening the table, that a version is still its newest one; None where it is not."""
        log = self._folder / "_delta_log"
        try:
            stands = (log / f"{version:020d}.json").stat()
        except OSError:
            return None
        return (
            None
            if (log / f"{version + 1:020d}.json").exists()
            else (version, stands.st_ino, stands.st_mtime_ns)
        )

    def files(self, first: int, last: int) -> Sequence[str]:
        """By the bounds of `_commit`, which the log of the table has of each file; files without them may have any."""
        table = self._opened()
        added = self._actions(table)
        names = added.column_names
        paths = [unquote(path) for path in added.column("path").to_pylist()]
        lows = added.column("min._commit").to_pylist() if "min._commit" in names else [None] * len(paths)
        highs = added.column("max._commit").to_pylist() if "max._commit" in names else [None] * len(paths)
        found = [
            self._folder / path
            for path, low, high in zip(paths, lows, highs, strict=True)
            if low is None or high is None or (low <= last and high >= first)
        ]
        if gone := next((path for path in found if not path.is_file()), None):
            raise StorageFailed(f"The file {gone} of the copy is gone. {_AWAY}", path=str(gone))
        return [str(path) for path in found]

    def size(self) -> Size:
        """By the log of the table."""
        added = self._actions(self._opened())
        return Size(added.num_rows, sum(added.column("size_bytes").to_pylist()))

    def grown(self, commit: int) -> bool:
        """By the names of its log: what has not grown is not opened."""
        found = self.borders()
        return bool(found) and found[-1].commit > commit

    def _properties(self, table: DeltaTable | None, stamp: CopyStamp) -> CommitProperties:
        return fenced(self._application, next_transaction(table, self._application), stamp)

    def _opened(self) -> DeltaTable:
        table = self._stamped.open()
        if table is None:
            raise StorageFailed(f"The copy {self._folder} has vanished.", path=str(self._folder))
        if table.protocol().min_reader_version != 1:
            raise StorageFailed(
                f"The copy {self._folder} was upgraded by another tool, and its files alone no longer tell which"
                f" events it has. {_AWAY}",
                path=str(self._folder),
            )
        return table

    def _actions(self, table: DeltaTable) -> pa.Table:
        of = (str(table.metadata().id), table.version())
        if self._added is None or self._added[0] != of:
            with translated("reading", self._folder):
                self._added = of, pa.table(table.get_add_actions(flatten=True))
        return self._added[1]

    def _head(self, table: DeltaTable) -> Border:
        found = self._stamped.newest(table)
        if found is None:
            raise self._lost("no commit of it says which events it contains")
        border = Border(*found)
        if border.stamp.log != self.log_id:
            raise ForeignCursor(
                f"The copy {self._folder} is of the log {border.stamp.log}, this is {self.log_id}: use another"
                " lake, --lake FOLDER, or open the right log, --store URL.",
                table=TABLE,
            )
        # an event that is copied twice cannot be told from two: what is not certain is not gone on from
        if table.transaction_version(self._application) != border.stamp.commit + 1:
            raise self._lost("its newest commit has no stamp that can be read")
        rows = self._actions(table)
        count = sum(rows.column("num_records").to_pylist()) if "num_records" in rows.column_names else None
        if (count or 0) != border.stamp.total:
            raise self._lost(
                f"it has {'an unknown number of' if count is None else f'{count:,}'} rows, and its newest stamp says"
                f" {border.stamp.total:,}: somebody else wrote to it"
            )
        return border

    def _lost(self, why: str) -> CursorLost:
        return CursorLost(f"The copy {self._folder} cannot be gone on with: {why}. {_AWAY}", table=TABLE)
