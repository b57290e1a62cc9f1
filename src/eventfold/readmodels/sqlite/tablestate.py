"""One generation of one table in SQLite: rows, cursor, parked streams and lease, changed in one transaction."""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from eventfold.errors import OwnerFenced, StaleCursor
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.leases.owner import shown
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.counting.tally import Counted
from eventfold.readmodels.declaring.layout import Layout, Row
from eventfold.readmodels.port import Batches, Changed, Changes, Head
from eventfold.readmodels.sqlite.cells import CellCodec
from eventfold.readmodels.sqlite.filling import as_text, fill
from eventfold.readmodels.sqlite.ledger import add, counted
from eventfold.readmodels.sqlite.paging import Paging
from eventfold.readmodels.sqlite.statements import SQL, row_statements
from eventfold.readmodels.sqlite.writing import WriteConnection
from eventfold.sqlite.connect import Pool, fetch

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = 2000
LONGEST_LEASE_US = 86_400_000_000
_decode_parked = msgspec.json.Decoder(ParkedStream).decode
_decode_skip = msgspec.json.Decoder(Skip).decode


class SqliteTableState:
    """See `TableState` for what each method promises."""

    def __init__(self, layout: Layout, generation: int, writing: WriteConnection, pool: Pool) -> None:
        self.layout = layout
        self.generation = generation
        self.statements = row_statements(layout, generation)
        self._id = (layout.spec.name, generation)
        self._cells = CellCodec(layout)
        self._writing = writing
        self._pool = pool

    def head(self) -> Head:
        """Where it stands."""
        with self._pool.reading() as connection:
            return self._head(connection)

    def rows(self, keys: Collection[str]) -> dict[str, Row]:
        """Rows by key, some thousand keys a query."""
        found: dict[str, Row] = {}
        wanted = list(keys)
        with self._pool.reading() as connection:
            for at in range(0, len(wanted), KEYS):
                page = json.dumps(wanted[at : at + KEYS])
                for stored in fetch(connection, self.statements.select_keys, (page,)):
                    found[stored[0]] = self._cells.from_sql(stored)
        return found

    def count(self) -> int:
        """The number of rows."""
        with self._pool.reading() as connection:
            found: int = connection.execute(self.statements.count).get
            return found

    def parked(self) -> dict[str, ParkedStream]:
        """The parked streams."""
        with self._pool.reading() as connection:
            return {p.stream: p for p in self._parked(connection)}

    def skips(self) -> Sequence[Skip]:
        """The events left out."""
        with self._pool.reading() as connection:
            return self._skips(connection)

    def commit(
        self, changes: Changes, *, read: Cursor, then: Cursor, epoch: int = 0, change: int | None = None
    ) -> int:
        """Changes everything in one transaction."""
        with self._transaction(read, epoch, change) as (connection, number):
            self._write_rows(connection, changes, number)
            for stream, parked in changes.parked.items():
                if parked is None:
                    connection.execute(SQL["unpark"], (*self._id, stream))
                else:
                    connection.execute(SQL["park"], (*self._id, stream, as_text(parked)))
            add(connection, self._id, changes.passed)
            for skip in changes.skips:
                connection.execute(SQL["skip"], (self._id[0], skip.stream, skip.version, as_text(skip)))
            self._move(connection, then, number)
        return number

    def load(
        self,
        rows: "pa.Table",
        parked: Iterable[ParkedStream],
        skips: Iterable[Skip] = (),
        *,
        read: Cursor,
        then: Cursor,
    ) -> int:
        """Inserts folded rows, sorted by key, which is how the file keeps them."""
        with self._transaction(read, 0) as (connection, change):
            fill(connection, self.layout, self.generation, rows, parked, skips, change)
            connection.execute(SQL["count_from"], (then.to_json(), *self._id))
            self._move(connection, then, change)
        return change

    def passed(self) -> Counted:
        """Cursors and tallies of one instant."""
        with self._pool.snapshot() as connection:
            row: Any = connection.execute(SQL["since"], self._id).fetchone()
            if row is None:
                raise self._gone()
            return counted(connection, self._id, row)

    def changed(self, since: int) -> Changed:
        """Rows, deletions and parked streams of one instant."""
        paging = Paging(self.layout, self._cells)
        with self._pool.snapshot() as connection, paging.told():
            found = self._batches(connection, since, paging)
            rows = found.rows.read_all()
        return Changed(found.head, rows, found.deleted, found.parked, found.skips)

    @contextmanager
    def batches(self, since: int) -> Iterator[Batches]:
        """Rows, deletions and parked streams of one instant, for as long as the context is open."""
        if self._pool.blocks_writers:  # and whoever publishes writes a note before the rows are read
            found = self.changed(since)
            yield Batches(found.head, found.rows.to_reader(), found.deleted, found.parked, found.skips)
            return
        paging = Paging(self.layout, self._cells)
        with self._pool.snapshot() as connection, paging.told():
            yield self._batches(connection, since, paging)

    def _batches(self, connection: apsw.Connection, since: int, paging: Paging) -> Batches:
        head = self._head(connection)
        if 0 < since < head.forgotten:
            raise StaleCursor(f"What was removed from {self._id[0]} since change {since} is forgotten.")
        rows = paging.reader(connection.execute(self.statements.select_changed, (since,)))
        gone = fetch(connection, self.statements.select_deleted, (*self._id, since))
        parked, skips = list(self._parked(connection)), self._skips(connection)
        return Batches(head, rows, [key for (key,) in gone], parked, skips)

    def acquire(self, owner: str, seconds: float, *, over: str = "") -> int:
        """Takes or renews the lease; a new owner gets a new epoch."""
        now = time.time_ns() // 1000
        with self._writing.transaction("taking the lease") as connection:
            row: Any = connection.execute(SQL["lease"], self._id).fetchone()
            if row is None:
                raise self._gone()
            epoch, holder, until = row
            # one that ends later than any lease may was taken by a clock that was far ahead, and would hold for long;
            # if its owner lives, the new epoch keeps it from the rows
            lease = f"{epoch} {until} {holder}"
            if holder not in {"", owner} and now < until <= now + LONGEST_LEASE_US and lease != over:
                left = -((now - until) // 1_000_000)
                raise OwnerFenced(
                    f"The table {self._id[0]} is held by {shown(holder)} for up to {left} s more; two workers cannot"
                    " own one table.",
                    table=self._id[0],
                    owner=holder,
                    lease=lease,
                    seconds=left,
                )
            if holder != owner:
                epoch += 1
            connection.execute(
                SQL["take_lease"], (epoch, owner, now + min(int(seconds * 1e6), LONGEST_LEASE_US), *self._id)
            )
        return int(epoch)

    def holder(self) -> str:
        """The owner of a lease that has not run out."""
        with self._pool.reading() as connection:
            row: Any = connection.execute(SQL["lease"], self._id).fetchone()
        if row is None:
            raise self._gone()
        _, holder, until = row
        return str(holder) if until > time.time_ns() // 1000 else ""

    def release(self, owner: str) -> None:
        """Gives the lease back."""
        with self._writing.transaction("giving the lease back") as connection:
            connection.execute(SQL["release_lease"], (*self._id, owner))

    def publishing(self, publication: str, change: int) -> None:
        """Notes what a publication is about to contain."""
        with self._writing.transaction("noting a publication") as connection:
            now = time.time_ns() // 1000
            connection.execute(SQL["note_publishing"], (*self._id, publication, change, now))

    def published(self, publication: str, change: int, *, keep: float) -> None:
        """Forgets deletion marks that every publication has passed."""
        now = time.time_ns() // 1000
        named = {"name": self._id[0], "generation": self._id[1], "after": now - int(keep * 1e6)}
        with self._writing.transaction("noting a publication") as connection:
            connection.execute(SQL["note_published"], (*self._id, publication, change, change, now))
            connection.execute(SQL["forget_deleted"], named)
            connection.execute(SQL["note_forgotten"], named)

    def noted(self, publication: str) -> frozenset[int]:
        """The last two notes."""
        with self._pool.reading() as connection:
            row: Any = connection.execute(SQL["noted"], (*self._id, publication)).fetchone()
        return frozenset(row or ())

    def owned(self, publication: str) -> int:
        """The epoch, of this table in any generation."""
        with self._pool.reading() as connection:
            return int(connection.execute(SQL["owned"], (self._id[0], publication)).get or 0)

    def own(self, publication: str, epoch: int, skips: Sequence[Skip] = ()) -> None:
        """Notes the epoch, and decisions that came with the table."""
        with self._writing.transaction("taking a table over") as connection:
            connection.execute(SQL["own"], (self._id[0], publication, epoch))
            connection.executemany(
                SQL["skip"], [(self._id[0], s.stream, s.version, as_text(s)) for s in skips]
            )

    @contextmanager
    def _transaction(
        self, read: Cursor, epoch: int, change: int | None = None
    ) -> Iterator[tuple[apsw.Connection, int]]:
        with self._writing.transaction("committing the state") as connection:
            head = self._head(connection)
            if head.cursor != read or change not in {None, head.change}:
                raise StaleCursor(
                    f"The state of {self._id[0]} has moved on since it was read: another worker committed first.",
                    table=self._id[0],
                )
            if epoch and head.epoch != epoch:
                raise OwnerFenced(
                    f"The lease of {self._id[0]} has passed to another worker.",
                    table=self._id[0],
                    epoch=epoch,
                )
            yield connection, head.change + 1

    def _write_rows(self, connection: apsw.Connection, changes: Changes, change: int) -> None:
        upserts = [self._cells.to_sql(row, change) for row in changes.rows.values() if row is not None]
        deletes = [key for key, row in changes.rows.items() if row is None]
        if upserts:
            connection.executemany(self.statements.upsert, upserts)
        if deletes:
            connection.executemany(self.statements.delete, [(key,) for key in deletes])
            connection.executemany(SQL["mark_deleted"], [(*self._id, key, change) for key in deletes])

    def _move(self, connection: apsw.Connection, then: Cursor, change: int) -> None:
        connection.execute(SQL["move"], (then.to_json(), change, *self._id))

    def _head(self, connection: apsw.Connection) -> Head:
        row: Any = connection.execute(SQL["head"], self._id).fetchone()
        if row is None:
            raise self._gone()
        cursor, change, fingerprint, epoch, parked, forgotten = row
        return Head(
            generation=self.generation,
            cursor=read_cursor(cursor),
            change=change,
            fingerprint=fingerprint,
            epoch=epoch,
            parked=parked,
            forgotten=forgotten,
        )

    def _parked(self, connection: apsw.Connection) -> Iterator[ParkedStream]:
        return (_decode_parked(text) for (text,) in fetch(connection, SQL["parked"], self._id))

    def _skips(self, connection: apsw.Connection) -> list[Skip]:
        return [_decode_skip(text) for (text,) in fetch(connection, SQL["skips"], (self._id[0],))]

    def _gone(self) -> StaleCursor:
        return StaleCursor(
            f"Generation {self.generation} of {self._id[0]} is no longer there: the table was rebuilt.",
            table=self._id[0],
        )
