"""The ledger in the file of the state."""

from collections.abc import Sequence
from typing import Any

import apsw

from eventfold.errors import StaleCursor
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.readmodels.sqlite.statements import SQL
from eventfold.readmodels.sqlite.writing import WriteConnection
from eventfold.readmodels.tally import Counted, Tally
from eventfold.sqlite.connect import Pool, fetch

OWNER = ("", 0)
"""The name and generation that its tallies stand under; no table is called so."""


class SqliteLedger:
    """See `Ledger` for what each method promises."""

    def __init__(self, writing: WriteConnection, pool: Pool, start: Cursor) -> None:
        self._writing = writing
        self._pool = pool
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

    def record(self, tallies: Sequence[Tally], *, read: Cursor, then: Cursor) -> None:
        """Adds in one transaction."""
        with self._writing.transaction("keeping the ledger") as connection:
            row: Any = connection.execute(SQL["ledger"]).fetchone()
            if read_cursor(row[1]) != read:
                raise StaleCursor("The ledger has moved on: another process keeps it too.")
            add(connection, OWNER, tallies)
            connection.execute(SQL["move_ledger"], (then.to_json(),))

    def restart(self, at: Cursor) -> None:
        """Begins anew."""
        with self._writing.transaction("beginning the ledger anew") as connection:
            connection.execute(SQL["begin_ledger"], {"cursor": at.to_json()})


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
