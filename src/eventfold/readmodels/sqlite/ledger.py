"""The ledger in the file of the state."""

from collections.abc import Sequence
from typing import Any

import apsw
from msgspec.json import encode

from eventfold.errors import StaleCursor
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.readmodels.counting.tally import Counted, Tally
from eventfold.readmodels.counting.typecounts import TypeCounts
from eventfold.readmodels.counting.unknown import Sought
from eventfold.readmodels.sqlite.statements import SQL
from eventfold.readmodels.sqlite.writing import WriteConnection
from eventfold.sqlite.connect import Pool, fetch

OWNER = ("", 0)
"""The name and generation that its tallies stand under; no table is called so."""


class SqliteLedger:
    """See `Ledger` for what each method promises."""

    def __init__(self, writing: WriteConnection, pool: Pool, start: Cursor) -> None:
        self._writing = writing
        self._pool = pool
        with pool.reading() as connection:
            if connection.execute(SQL["ledger"]).fetchone() is not None:
                return  # who only looks does not wait for who writes
        with writing.transaction("opening the ledger") as connection:
            if connection.execute(SQL["ledger"]).fetchone() is None:
                connection.execute(SQL["begin_ledger"], {"cursor": start.to_json()})

    def cursor(self) -> Cursor:
        """Read without the tallies, which grow with the log."""
        with self._pool.reading() as connection:
            row: Any = connection.execute(SQL["ledger"]).fetchone()
            return read_cursor(row[1])

    def counted(self) -> Counted:
        """Cursors and tallies of one instant."""
        with self._pool.snapshot() as connection:
            row: Any = connection.execute(SQL["ledger"]).fetchone()
            return counted(connection, OWNER, row)

    def record(
        self, tallies: Sequence[Tally], types: TypeCounts | None = None, *, read: Cursor, then: Cursor
    ) -> bool:
        """Adds in one transaction."""
        with self._writing.transaction("keeping the ledger") as connection:
            row: Any = connection.execute(SQL["ledger"]).fetchone()
            if read_cursor(row[1]) != read:
                raise StaleCursor("The ledger has moved on: another process keeps it too.")
            add(connection, OWNER, tallies)
            connection.execute(SQL["move_ledger"], (then.to_json(),))
            taken = types is not None and _counted_to(connection) == read
            if types is not None and taken:
                _count(connection, types, then)
            return taken

    def restart(self, at: Cursor) -> None:
        """Begins anew."""
        with self._writing.transaction("beginning the ledger anew") as connection:
            connection.execute(SQL["begin_ledger"], {"cursor": at.to_json()})

    def counted_to(self) -> Cursor | None:
        """Read without the counts."""
        with self._pool.reading() as connection:
            return _counted_to(connection)

    def count(self, types: TypeCounts, *, read: Cursor | None, then: Cursor, anew: bool = False) -> None:
        """Adds in one transaction."""
        with self._writing.transaction("counting events by type") as connection:
            if _counted_to(connection) != read:
                raise StaleCursor("The counts by type have moved on: another process keeps them too.")
            if anew:
                connection.execute(SQL["forget_types"])
            _count(connection, types, then)

    def unknown(self, sought: Sought) -> Sequence[tuple[str, int]]:
        """One look at the counts, which are as many as there are types."""
        named = {name: encode(sorted(getattr(sought, name))).decode() for name in Sought.__struct_fields__}
        with self._pool.reading() as connection:
            return [(row[0], row[1]) for row in fetch(connection, SQL["unknown"], named)]


def _counted_to(connection: apsw.Connection) -> Cursor | None:
    found: Any = connection.execute(SQL["types_at"]).get
    return None if found is None else read_cursor(found)


def _count(connection: apsw.Connection, types: TypeCounts, then: Cursor) -> None:
    connection.executemany(SQL["add_type"], [(*names, events) for names, events in types.items()])
    connection.execute(SQL["move_types"], {"cursor": then.to_json()})


def add(connection: apsw.Connection, owner: tuple[str, int], tallies: Sequence[Tally]) -> None:
    """Adds tallies to those of a table's generation."""
    connection.executemany(
        SQL["add_tally"], [(*owner, t.range, t.events, t.total, t.weighted) for t in tallies]
    )


def counted(connection: apsw.Connection, owner: tuple[str, int], cursors: tuple[str, str]) -> Counted:
    """The tallies of a table's generation."""
    since, cursor = cursors
    tallies = [Tally(*row) for row in fetch(connection, SQL["tallies"], owner)]
    return Counted(read_cursor(since), read_cursor(cursor), tallies)
