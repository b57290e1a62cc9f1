"""The job of another engine on the same published table, as far as that sees of it: its commits, made by deltalake.

It folds by the reference fold, into rows of its own in memory, and writes as the real job does: parked file, then one
MERGE that carries stamp and transaction, after engine and epoch were looked at on the snapshot that it writes to.
"""

from pathlib import Path

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from msgspec import structs

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.errors import LogMismatch
from eventfold.feed.parking import Skip
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.readmodels.delta.places.port import parked_files
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import TableState
from eventfold.readmodels.publishing.ownership import check_owner
from eventfold.readmodels.publishing.parkedfile import left_out_by, seal
from eventfold.readmodels.publishing.publication import SPARK, LeftOut, Stamp, Version, read_stamp, stamp_of
from eventfold.readmodels.sqlite import open_url
from eventfold.store.port import ANY
from eventfold.testing.making import make


class Noted(ef.Event):
    n: int


class Closed(ef.Event):
    pass


class Boxes(ef.Table, category="box", name="boxes"):
    box_id = ef.key()
    n = ef.last(Noted.n)
    total = ef.sum(Noted.n, "decimal(18,2)")
    gone = ef.delete_on(Closed)


APP = ef.App("shop", tables=[Boxes], events=[Noted, Closed])


def opened(folder: Path, state: str = "here") -> Live:
    """The app over one log and one lake, with a state of that name."""
    return APP.open(
        f"sqlite:///{folder}/log.db", state=f"sqlite:///{folder}/{state}.state", lake=str(folder / "lake")
    )


def note(live: Live, *numbers: int, box: str = "box-1") -> None:
    live.store.append(box, [make(n) for n in numbers], expected=ANY)


def poison(live: Live, box: str = "box-1") -> None:
    """An event that is no number, and one behind it."""
    live.store.append(box, [make(data={"n": "many"}), make(5)], expected=ANY)


def head(live: Live) -> Version:
    publication = live.table(Boxes).publication
    assert publication is not None
    found = publication.head()
    assert found is not None
    return found


def totals(live: Live) -> dict[str, int]:
    """Of the published rows, by box; each key once."""
    publication = live.table(Boxes).publication
    assert publication is not None
    rows = publication.rows(max(publication.versions()))
    assert rows is not None
    found = {row["box_id"]: int(row["total"]) for row in rows.to_pylist()}
    assert len(found) == rows.num_rows
    return found


def assert_right(live: Live) -> None:
    """State and published rows equal a fold from zero, but for what waits and was skipped."""
    audit = live.verify()
    assert (audit.problems, audit.findings) == (0, [])
    assert audit.tables[0].published is not None


class Job:
    """A job over the table of an app.

    Args:
        live: the app, of whose table only layout and log are looked at.
        folder: of the lake.
    """

    def __init__(self, live: Live, folder: Path) -> None:
        self._table: LiveTable = live.table(Boxes)
        self._feed = live.store.feed()
        self._store = live.store
        self._path = folder / "lake" / "boxes"
        self._parked = parked_files(Folder(self._path))
        self._rows: TableState | None = None
        self._written = 0
        self._looked: Stamp | None = None
        self.epoch = -1
        self.change = 0

    def newest(self, table: DeltaTable | None = None) -> Stamp:
        for commit in (table or DeltaTable(str(self._path))).history():
            stamp = read_stamp(commit.get("userMetadata"))
            if stamp is not None:
                return stamp
        raise LogMismatch("no stamp")

    def make(self) -> None:
        """The first version, where nothing was ever published."""
        self._begin(None)
        assert self._rows is not None
        self._fold()
        changed = self._rows.changed(0)
        stamp = structs.replace(stamp_of("boxes", changed.head), engine=SPARK, epoch=0)
        left_out = LeftOut(tuple(changed.parked), tuple(changed.skips))
        sealed = seal(self._parked, stamp, 1, left_out, None)
        properties = self._properties(sealed, 1)
        write_deltalake(str(self._path), changed.rows, mode="error", commit_properties=properties)
        self.epoch, self._written = 0, changed.head.change

    def take_over(self, *, change: int | None = None) -> None:
        """The empty commit with the next epoch, then rows, parked streams, skips and cursor of the version."""
        table = DeltaTable(str(self._path))
        there = self.newest(table)
        left_out = left_out_by(self._parked, there)
        self.epoch, self.change = there.epoch + 1, there.change if change is None else change
        stamp = structs.replace(there, engine=SPARK, epoch=self.epoch, change=self.change)
        nothing = schema(self._table.layout).empty_table()
        recorded = table.transaction_version(self._application(stamp)) or 0
        write_deltalake(
            table, nothing, mode="append", commit_properties=self._properties(stamp, recorded + 1)
        )
        self._begin(there, left_out)

    def go_on(self) -> None:
        """With a table that was given to it."""
        there = self.newest()
        self.epoch, self.change = there.epoch, there.change
        check_owner(there, self.epoch, SPARK)
        self._begin(there, left_out_by(self._parked, there))

    def batch(self, *, late: DeltaTable | None = None) -> None:
        """Folds what is new and writes it in one MERGE.

        Args:
            late: a snapshot that was looked at before.
        """
        assert self._rows is not None
        self._fold()
        self._write(late)

    def snapshot(self) -> DeltaTable:
        """What a batch has looked at that writes later."""
        table = DeltaTable(str(self._path))
        self._looked = self._look(table)
        return table

    def retry(self, stream: str = "box-1") -> bool:
        """Folds the parked events of a stream again."""
        assert self._rows is not None
        return Projector(self._rows, self._feed, APP.registry).retry(self._store, stream)

    def skip(self, stream: str = "box-1") -> None:
        """Leaves the event out that failed."""
        assert self._rows is not None
        version = self._rows.parked()[stream].version
        skip = Skip(stream=stream, version=version, reason="a test", actor="ann", skipped_us=1)
        Projector(self._rows, self._feed, APP.registry).skip(self._store, stream, skip)
        self._write(None)

    def parked(self) -> dict[str, int]:
        """The streams that wait, each with the version that failed."""
        assert self._rows is not None
        return {stream: waiting.version for stream, waiting in self._rows.parked().items()}

    def _fold(self) -> None:
        assert self._rows is not None
        projector = Projector(self._rows, self._feed, APP.registry)
        while not projector.step().caught_up:
            pass

    def _begin(self, there: Stamp | None, left_out: LeftOut | None = None) -> None:
        states = open_url("sqlite://", self._feed.log_id)
        above = there.generation - 1 if there else 0
        self._rows = states.live(self._table.layout, self._feed.start(), above=above)
        self._written = 0
        if there is not None and left_out is not None:
            assert self._table.publication is not None
            version = max(self._table.publication.versions())
            rows = self._table.publication.rows(version)
            assert rows is not None
            start = self._feed.start()
            self._rows.load(rows, left_out.parked, left_out.skips, read=start, then=there.cursor)
            self._written = self._rows.head().change

    def _look(self, table: DeltaTable) -> Stamp:
        newest = self.newest(table)
        check_owner(newest, self.epoch, SPARK)
        return newest

    def _write(self, late: DeltaTable | None) -> None:
        assert self._rows is not None
        table = late or DeltaTable(str(self._path))
        before = self._looked if late else self._look(table)
        changed = self._rows.changed(self._written)
        self.change += 1
        stamp = structs.replace(
            stamp_of("boxes", changed.head), engine=SPARK, epoch=self.epoch, change=self.change
        )
        transaction = (table.transaction_version(self._application(stamp)) or 0) + 1
        left_out = LeftOut(tuple(changed.parked), tuple(changed.skips))
        sealed = seal(self._parked, stamp, transaction, left_out, before)
        properties = self._properties(sealed, transaction)
        if changed.rows.num_rows:
            merger = table.merge(
                changed.rows,
                "target.box_id = source.box_id",
                source_alias="source",
                target_alias="target",
                commit_properties=properties,
            )
            merger.when_matched_update_all().when_not_matched_insert_all().execute()
        else:
            write_deltalake(table, changed.rows, mode="append", commit_properties=properties)
        self._written = changed.head.change

    def _application(self, stamp: Stamp) -> str:
        return f"{stamp.log}/boxes/{stamp.generation}"

    def _properties(self, stamp: Stamp, transaction: int) -> CommitProperties:
        return CommitProperties(
            custom_metadata={"userMetadata": stamp.to_json()},
            app_transactions=[Transaction(self._application(stamp), transaction)],
        )
