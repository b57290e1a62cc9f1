"""One table published as a Delta table. Every commit carries its stamp and passes a fence.

The fence is the application transaction `<log id>/<table>/<generation>`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from pyarrow.fs import FileSystem

from eventfold.errors import (
    CursorLost,
    ForeignCursor,
    StorageError,
)
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.judging import Judge
from eventfold.readmodels.delta.making import make
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.retention import DEFAULT_RETENTION, INTERVAL, RETENTION
from eventfold.readmodels.delta.sealing import Sealing
from eventfold.readmodels.delta.source import merge_source
from eventfold.readmodels.delta.stamped import LOOK_BACK, StampedTable
from eventfold.readmodels.delta.statistics import PROPERTY, draft_of, property_of
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.publishing.publication import (
    NOTHING,
    LeftOut,
    Prepared,
    PublicationCapabilities,
    Stamp,
    Version,
    read_stamp,
)
from eventfold.readmodels.telling import rebuilding

_SNAPPY = WriterProperties(compression="SNAPPY")


class DeltaPublication:
    """See `LakePublication` for what each method promises.

    Args:
        place: of the Delta table.
        layout: the columns.
        log_id: of the log whose fold is published.
    """

    kind = "delta"
    capabilities = PublicationCapabilities(past=True, files=True)

    def __init__(self, place: Place, layout: Layout, log_id: str) -> None:
        self._place = place
        self._layout = layout
        self._log_id = log_id
        self._stamped = StampedTable(place, layout.spec.name, log_id, read_stamp)
        self._copies = self._stamped.copies
        self._application = f"{log_id}/{layout.spec.name}"
        self._judge = Judge(place, self._application, log_id, self._has_copy)
        self._sealing = Sealing(place, self._application, self._copies)

    def head(self) -> Version | None:
        """The newest stamp, past the commits of others; stamps that have no copy are copied."""
        table = self._stamped.open()
        if table is None:
            return None
        found = self._stamped.newest(table)
        if found is None:
            raise self._lost()
        number, stamp = found
        self._ours(stamp)
        self._look(table)
        return Version(number, stamp, self._judge.sound(table.version()), self._has_bounds_of_its_own(table))

    def _look(self, table: DeltaTable) -> None:
        with translated("reading", self._place):
            self._judge.look(table, lambda: self._begins(table.version()))

    def _begins(self, newest: int) -> int:
        """The first version of the newest generation."""
        found, generation = newest, None
        for number in reversed(self._copies.versions()):
            stamp = self._copies.read(number) if number <= newest else None
            if stamp is None or stamp.log != self._log_id:
                continue
            if generation not in {None, stamp.generation}:
                break
            found, generation = number, stamp.generation
        return found

    def _has_copy(self, number: int) -> bool:
        stamp = self._copies.read(number)
        return stamp is not None and stamp.log == self._log_id

    def _has_bounds_of_its_own(self, table: DeltaTable) -> bool:
        wanted = property_of(self._layout)
        return wanted is None or table.metadata().configuration.get(PROPERTY) == wanted

    def _lost(self) -> CursorLost:
        return CursorLost(
            f"No commit of the Delta table {self._layout.spec.name} says which events it contains: its stamps were"
            f" deleted, or it is not ours. Rebuild it, with {rebuilding(self._layout.spec.name)}; if it is not ours,"
            " move it away first.",
            table=self._layout.spec.name,
        )

    def merge(
        self,
        on: Version,
        rows: pa.RecordBatchReader,
        deleted: Sequence[str],
        stamp: Stamp,
        left_out: LeftOut = NOTHING,
    ) -> Version:
        """One MERGE on the key; without rows an empty append, which moves the stamp alone."""
        table = self._stamped.opened(on.number)
        self._look(table)
        if not self._judge.sound(table.version()):  # what others did since `on` was looked at
            raise self._stamped.late()
        with translated("publishing", self._place):
            sealed, properties = self._sealing.seal(table, stamp, left_out, on.stamp)
        return self._commit(table, sealed, properties, lambda: self._merged(table, rows, deleted, properties))

    def _merged(
        self,
        table: DeltaTable,
        rows: pa.RecordBatchReader,
        deleted: Sequence[str],
        properties: CommitProperties,
    ) -> DeltaTable:
        before = table.version()
        if (source := merge_source(rows, deleted)) is not None:
            self._merge(table, source, properties)
            table.update_incremental()
        # a MERGE that touches no row makes no commit, and so moves no stamp
        return table if table.version() != before else self._append_nothing(table, properties)

    def claim(self, on: Version, stamp: Stamp) -> Version:
        """An empty append, which names the parked file of `on`, in the same row of transactions."""
        table = self._stamped.opened(on.number)
        self._look(table)
        if on.intact and not self._judge.sound(table.version()):
            raise self._stamped.late()
        with translated("publishing", self._place):
            properties = self._sealing.properties(table, stamp)
        return self._commit(table, stamp, properties, lambda: self._append_nothing(table, properties))

    def prepare(self, on: Version, stamp: Stamp, left_out: LeftOut = NOTHING) -> Prepared:
        """The fence is read from the handle that was checked: whoever commits in between makes it too low."""
        table = self._stamped.opened(on.number)
        self._look(table)
        if not self._judge.sound(table.version()):
            raise self._stamped.late()
        with translated("publishing", self._place):
            return self._sealing.prepare(table, on, stamp, left_out)

    def landed(self, prepared: Prepared) -> Version:
        """Found by its stamp."""
        with translated("reading", self._place):
            table = self._place.table()
            return self._swept(table, self._stamped.made(table, prepared.stamp), prepared.stamp)

    def left_out(self, stamp: Stamp) -> LeftOut:
        """From its parked file."""
        with translated("reading", self._place):
            return self._sealing.left_out(stamp)

    def overwrite(
        self, on: Version | None, rows: pa.RecordBatchReader, stamp: Stamp, left_out: LeftOut = NOTHING
    ) -> Version:
        """A new version with these rows only."""
        table = self._stamped.opened(on.number) if on else self._reclaimed(stamp.generation)
        if table is None:
            return self._created(rows, stamp, left_out)
        with translated("publishing", self._place):
            bounds_anew = not self._has_bounds_of_its_own(table)
            if bounds_anew:
                self._set_bounds(table, draft_of(self._layout))
            sealed, properties = self._sealing.seal(table, stamp, left_out, on.stamp if on else None)

        def write() -> DeltaTable:
            write_deltalake(
                table,
                rows,
                mode="overwrite",
                schema_mode="overwrite",
                writer_properties=_SNAPPY,
                commit_properties=properties,
            )
            return table

        made = self._commit(table, sealed, properties, write)
        if bounds_anew:
            with translated("publishing", self._place):
                newest = self._stamped.opened(made.number)
                self._set_bounds(newest, property_of(self._layout))
                self._look(newest)
        return made

    def _set_bounds(self, table: DeltaTable, columns: str | None) -> None:
        quick = CommitProperties(max_commit_retries=0)
        table.alter.set_table_properties({PROPERTY: columns or ""}, commit_properties=quick)
        table.update_incremental()

    def _created(self, rows: pa.RecordBatchReader, stamp: Stamp, left_out: LeftOut) -> Version:
        with translated("creating", self._place):
            self._place.prepare()
            sealed, properties = self._sealing.seal(None, stamp, left_out, None)
        write = partial(self._write_first, rows=rows, properties=properties)

        def made() -> DeltaTable:
            if not make(self._place, write):
                raise self._stamped.late()
            return self._place.table()

        return self._commit(None, sealed, properties, made, "creating")

    def _write_first(self, place: Place, rows: pa.RecordBatchReader, properties: CommitProperties) -> None:
        bounds = property_of(self._layout)
        write_deltalake(
            place.uri,
            rows,
            mode="error",
            configuration=None if bounds is None else {PROPERTY: bounds},
            writer_properties=_SNAPPY,
            commit_properties=properties,
            storage_options=place.options,
        )

    def _commit(
        self,
        table: DeltaTable | None,
        stamp: Stamp,
        properties: CommitProperties,
        write: Callable[[], DeltaTable],
        doing: str = "publishing",
    ) -> Version:
        before = -1 if table is None else table.version()
        number = self._stamped.commit(doing, before, stamp, properties, write)
        return self._swept(table, number, stamp)

    def _reclaimed(self, generation: int) -> DeltaTable | None:
        """A table without stamps that is ours all the same: its log still has our application transactions."""
        table = self._stamped.open()
        if table is None:
            return None
        ours = (f"{self._application}/{n}" for n in range(generation, 0, -1))
        if not any(table.transaction_version(application) for application in ours):
            raise self._lost()
        return table

    def versions(self) -> Sequence[int]:
        """Those with a copy, and those whose commits are still in the log."""
        table = self._stamped.open()
        if table is None:
            return []
        with translated("reading", self._place):
            oldest_commits = self._stamped.history(table, LOOK_BACK)
            return sorted({*oldest_commits, *(v for v in self._copies.versions() if v <= table.version())})

    def stamp(self, number: int) -> Stamp | None:
        """From the copy, else from the commit."""
        with translated("reading", self._place):
            found = self._copies.read(number)
            if found is None and (table := self._stamped.open()) is not None:
                found = self._stamped.copied(number, self._stamped.history(table, None))
        return found if found is not None and found.log == self._log_id and self._is_sound(number) else None

    def _is_sound(self, number: int | None) -> bool:
        """Whether a version, by default the newest one, has the rows that its stamp says."""
        if number is None or number > self._judge.upto:
            try:
                self.head()  # which judges
            except (CursorLost, ForeignCursor):
                return False
        return self._judge.sound(self._judge.upto if number is None else number)

    def rows(self, number: int) -> pa.Table | None:
        """Read from the Parquet files of that version."""
        files = self._files(number)
        if files is None:
            return None
        wanted = schema(self._layout)
        if not files:
            return wanted.empty_table()
        try:
            found = ds.dataset(files, format="parquet", filesystem=self.filesystem).to_table()
        except (OSError, pa.ArrowInvalid):
            return None  # removed by VACUUM
        if set(wanted.names) - set(found.column_names):
            return None
        return found.select(wanted.names).cast(wanted)

    @property
    def filesystem(self) -> FileSystem | None:
        """That of its place."""
        return self._place.filesystem

    def files(self, number: int | None = None) -> Sequence[str] | None:
        """As the library has them."""
        files = self._files(number) if self._is_sound(number) else None
        if files is None or self._lack(files):
            return None  # removed by VACUUM
        return files

    def retention(self) -> str:
        """The property of the table; no other text is passed on, since it may come from anybody."""
        with translated("reading", self._place):
            told = self._place.table().metadata().configuration.get(RETENTION, DEFAULT_RETENTION)
        return told if told is not None and INTERVAL.fullmatch(told) else "an interval that is not known"

    def lacks_files(self) -> bool:
        """Not where somebody upgraded the table: of that the files alone tell nothing."""
        files = self._files(None)
        return files is not None and self._lack(files)

    def _lack(self, files: Sequence[str]) -> bool:
        """Whether one is not there."""
        with translated("reading", self._place):
            if self._place.filesystem is None:
                return not all(Path(file).is_file() for file in files)
            there = self._place.names("")  # in one request, where files are in no folder
            return any(file not in there and self._place.size(file) is None for file in files)

    def _files(self, number: int | None) -> Sequence[str] | None:
        try:
            with translated("reading", self._place):
                table = self._place.table(number)
                # a table that somebody upgraded may hide rows in ways that plain Parquet does not show
                if table.protocol().min_reader_version != 1:
                    return None
                if self._place.filesystem is None:
                    return [unquote(uri) for uri in table.file_uris()]
                paths = pa.table(table.get_add_actions()).column("path").to_pylist()
                return [self._place.path(unquote(path)) for path in paths]
        except StorageError:
            return None

    def _ours(self, stamp: Stamp) -> None:
        if stamp.log != self._log_id:
            raise ForeignCursor(
                f"The Delta table {self._layout.spec.name} was folded from the log {stamp.log}, this is {self._log_id}:"
                " use another lake, --lake FOLDER, or open the right log, --store URL.",
                table=self._layout.spec.name,
            )

    def _append_nothing(self, table: DeltaTable, properties: CommitProperties) -> DeltaTable:
        nothing = schema(self._layout).empty_table()
        write_deltalake(table, nothing, mode="append", commit_properties=properties)
        return table

    def _swept(self, table: DeltaTable | None, number: int, stamp: Stamp) -> Version:
        if table is not None:
            with suppress(OSError):  # another writer may sweep in the same moment
                self._sealing.sweep(table, stamp)
        return Version(number, stamp)

    def _merge(self, table: DeltaTable, source: pa.RecordBatchReader, properties: CommitProperties) -> None:
        key = self._layout.spec.key_name
        # identifiers of the definition only: no text of an event ever stands in a predicate
        values = {f'"{slot.name}"': f'source."{slot.name}"' for slot in self._layout.slots}
        merger = table.merge(
            source,
            f'target."{key}" = source."{key}"',
            source_alias="source",
            target_alias="target",
            writer_properties=_SNAPPY,
            commit_properties=properties,
        )
        here = 'NOT source."_deleted"'
        merger = merger.when_matched_delete('source."_deleted"').when_matched_update(values, here)
        merger.when_not_matched_insert(values, here).execute()
