"""The lake copy as a Delta table, divided by the day of recording: each commit appends, and tells what is contained.

The fence is the application transaction `<log id>/events/copy`. Its version is that of the commit, plus 1, and so says,
beside the stamp, how many commits of ours there are: an append that is made twice cannot be taken back.
"""

from collections.abc import Sequence
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from pyarrow.fs import FileSystem

from eventfold.errors import CursorLost, ForeignCursor, LogNotFound, StorageFailed
from eventfold.readmodels.delta.commits import commit_name
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.making import make
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.stamped import StampedTable, fenced, next_transaction
from eventfold.readmodels.delta.statistics import PROPERTY
from eventfold.readmodels.lakecopy.columns import BOUNDED, DAY, SCHEMA
from eventfold.readmodels.lakecopy.port import TABLE, Border, CopyStamp, Size, read_copy_stamp

_SNAPPY = WriterProperties(compression="SNAPPY")
_PIECE = 8_192
"""Rows that the library is given at once: a table whole takes it half as much memory more."""
_AWAY = "Move the folder out of the lake: `eventfold run --once` copies the log anew."


def open_copy(lake: str, log_id: str | None) -> "DeltaCopy":
    """The copy in a lake, which need not exist yet where the log is named.

    Raises:
        UnsupportedUrl, ConfigInvalid, ExtraMissing: as `open_place`.
        LogNotFound, CursorLost: no log is named, and the copy does not say one.
    """
    place = open_place(lake, TABLE)
    return DeltaCopy(place, log_id or _copied_log(place))


def _copied_log(place: Place) -> str:
    stamped = StampedTable(place, TABLE, "", read_copy_stamp)
    table = stamped.open()
    if table is None:
        raise LogNotFound(
            f"There is no copy of a log in {place.shown}: `eventfold run --once --copy` makes it.",
            path=place.shown,
        )
    found = stamped.newest(table)
    if found is None:
        raise CursorLost(f"No commit of the copy {place.shown} says of which log it is. {_AWAY}", table=TABLE)
    return found[1].log


class DeltaCopy:
    """See `CopyTable` for what each method promises.

    Args:
        place: of the Delta table.
        log_id: of the log that is copied.
    """

    def __init__(self, place: Place, log_id: str) -> None:
        self.log_id = log_id
        self._place = place
        self._stamped = StampedTable(place, TABLE, log_id, read_copy_stamp)
        self._application = f"{log_id}/{TABLE}/copy"
        self._borders: list[CopyStamp] = []
        self._looked = -1
        self._seen: tuple[int, str] | None = None
        self._table_id = ""
        self._added: tuple[tuple[str, int], pa.Table] | None = None

    @property
    def filesystem(self) -> FileSystem | None:
        """That of its place."""
        return self._place.filesystem

    def head(self) -> Border | None:
        """The newest stamp, which must agree with the fence and with the rows that the table has."""
        table = self._stamped.open()
        return None if table is None else self._head(table)

    def create(self, stamp: CopyStamp) -> Border:
        """An empty table that may only grow."""
        properties = self._properties(None, stamp)

        def write(place: Place) -> None:
            write_deltalake(
                place.uri,
                SCHEMA.empty_table(),
                mode="error",
                partition_by=[DAY],
                description=f"the events of the log {stamp.log}",
                configuration={"delta.appendOnly": "true", PROPERTY: ",".join(BOUNDED)},
                writer_properties=_SNAPPY,
                commit_properties=properties,
                storage_options=place.options,
            )

        def made() -> DeltaTable:
            if not make(self._place, write):
                raise self._stamped.late()
            return self._place.table()

        return Border(self._stamped.commit("creating", -1, stamp, properties, made), stamp)

    def append(self, on: Border, rows: pa.Table, stamp: CopyStamp) -> Border:
        """Loaded, checked and written on one handle."""
        table = self._stamped.opened(on.number)
        if self._head(table).stamp != on.stamp:
            raise self._stamped.late()
        properties = self._properties(table, stamp)

        def write() -> DeltaTable:
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=_PIECE)),
                mode="append",
                partition_by=[DAY],
                writer_properties=_SNAPPY,
                commit_properties=properties,
            )
            return table

        return Border(
            self._stamped.commit("copying events to", table.version(), stamp, properties, write), stamp
        )

    def borders(self) -> Sequence[CopyStamp]:
        """Of each version of ours, from its commit or from the copy of its stamp; those that are known stay so."""
        with translated("reading", self._place):
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
            with translated("reading", self._place):
                numbers = [n for n in copies.versions() if self._looked < n <= head.number]
                fresh = [stamp for stamp in map(copies.read, numbers) if stamp is not None]
            known = [*self._borders, *(stamp for stamp in fresh if stamp.log == self.log_id)]
            if [stamp.commit for stamp in known] != list(range(head.stamp.commit + 1)):
                raise self._lost("the stamps of some of its commits are missing or damaged")
            self._borders, self._looked = known, head.number
        with translated("reading", self._place):
            self._seen = self._sight(table.version())
        return self._borders

    def _sight(self, version: int) -> tuple[int, str] | None:
        """What tells, without opening the table, that a version is still its newest one; None where it is not."""
        if self._place.size(commit_name(version + 1)) is not None:
            return None
        stands = self._place.mark(commit_name(version))
        return None if stands is None else (version, stands)

    def files(self, first: int, last: int) -> Sequence[str]:
        """By the bounds of `_commit`, which the log of the table has of each file; files without them may have any."""
        table = self._opened()
        added = self._actions(table)
        names = added.column_names
        paths = [unquote(path) for path in added.column("path").to_pylist()]
        lows = added.column("min._commit").to_pylist() if "min._commit" in names else [None] * len(paths)
        highs = added.column("max._commit").to_pylist() if "max._commit" in names else [None] * len(paths)
        found = [
            path
            for path, low, high in zip(paths, lows, highs, strict=True)
            if low is None or high is None or (low <= last and high >= first)
        ]
        with translated("reading", self._place):
            gone = next((path for path in found if self._place.size(path) is None), None)
        if gone is not None:
            gone = f"{self._place.shown}/{gone}"
            raise StorageFailed(f"The file {gone} of the copy is gone. {_AWAY}", path=gone)
        return [self._place.path(path) for path in found]

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
            raise StorageFailed(f"The copy {self._place.shown} has vanished.", path=self._place.shown)
        if table.protocol().min_reader_version != 1:
            raise StorageFailed(
                f"The copy {self._place.shown} was upgraded by another tool, and its files alone no longer tell which"
                f" events it has. {_AWAY}",
                path=self._place.shown,
            )
        return table

    def _actions(self, table: DeltaTable) -> pa.Table:
        of = (str(table.metadata().id), table.version())
        if self._added is None or self._added[0] != of:
            with translated("reading", self._place):
                self._added = of, pa.table(table.get_add_actions(flatten=True))
        return self._added[1]

    def _head(self, table: DeltaTable) -> Border:
        found = self._stamped.newest(table)
        if found is None:
            raise self._lost("no commit of it says which events it contains")
        border = Border(*found)
        if border.stamp.log != self.log_id:
            raise ForeignCursor(
                f"The copy {self._place.shown} is of the log {border.stamp.log}, this is {self.log_id}: use another"
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
        return CursorLost(f"The copy {self._place.shown} cannot be gone on with: {why}. {_AWAY}", table=TABLE)
