"""The state of an app's tables in one SQLite file: which generation of each table is live."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from eventfold.errors import ForeignCursor, StaleCursor, StorageError, StorageFailed, TableInvalid
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring.definition import definition_of
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.generations import Generation
from eventfold.readmodels.port import TableState, Taken
from eventfold.readmodels.sqlite import keeping
from eventfold.readmodels.sqlite.filling import fill
from eventfold.readmodels.sqlite.ledger import SqliteLedger
from eventfold.readmodels.sqlite.statements import APPLICATION_ID, FORMAT, SQL, UPGRADES, drop_view
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.readmodels.sqlite.writing import WriteConnection
from eventfold.sqlite.connect import Place, Pool, claim, connect, fetch, place_of_url


def open_url(url: str, log_id: str) -> "SqliteState":
    """Opens the state of a log: `sqlite:///file.db`, or `sqlite://` for memory."""
    place, _ = place_of_url(url)
    return SqliteState(place, log_id)


class SqliteState:
    """See `State` for what each method promises.

    Args:
        place: a file or memory.
        log_id: of the log that is folded; a state belongs to one log.
    """

    def __init__(self, place: Place, log_id: str) -> None:
        with _or_elsewhere():
            connection = connect(place)
            try:
                claim(connection, APPLICATION_ID, FORMAT, SQL["schema"], UPGRADES)
            except BaseException:
                connection.close()
                raise
        self._writing = WriteConnection(connection)
        self._pool = Pool(place, "state")
        self._defined: dict[str, set[int]] = {}
        try:
            self._belong_to(log_id)
        except BaseException:
            self.close()
            raise

    def live(self, layout: Layout, start: Cursor, *, above: int = 0) -> SqliteTableState:
        """The live generation, made where there is none."""
        with self._pool.reading() as connection:
            found: Any = connection.execute(SQL["live"], (layout.spec.name,)).fetchone()
        if found is not None:
            if not found[2] and found[1] == layout.fingerprint:
                self._define(layout, found[0])
            return SqliteTableState(layout, found[0], self._writing, self._pool)
        with _or_elsewhere(), self._writing.transaction("opening a table") as connection:
            row: Any = connection.execute(SQL["live"], (layout.spec.name,)).fetchone()
            if row is None:
                _expect_none_kept(connection, layout)
                made = self._make(connection, layout, start, above, live=True)
                connection.execute(drop_view(layout.spec.name))
                connection.execute(made.statements.view)
                return made
        return SqliteTableState(layout, row[0], self._writing, self._pool)

    def found(self, layout: Layout) -> SqliteTableState | None:
        """The live generation, if there is one."""
        with self._pool.reading() as connection:
            row: Any = connection.execute(SQL["live"], (layout.spec.name,)).fetchone()
        return None if row is None else SqliteTableState(layout, row[0], self._writing, self._pool)

    def generations(self) -> list[Generation]:
        """Those that are live or kept."""
        with self._pool.reading() as connection:
            return keeping.generations(connection)

    def size(self, generation: Generation) -> int:
        """The pages of its rows."""
        with self._pool.reading() as connection:
            return keeping.size(connection, generation)

    def retire(self, table: str, *, keep: bool) -> bool:
        """Keeps or drops it, with what was kept before."""
        with self._writing.transaction("removing a table") as connection:
            row: Any = connection.execute(SQL["live"], (table,)).fetchone()
            keeping.drop_kept(connection, table)
            if row is not None:
                keeping.put_away(connection, table, row[0], keep=keep)
        return row is not None

    def restore(self, layout: Layout, *, above: int = 0) -> int:
        """Renames its rows and notes."""
        with self._writing.transaction("rolling a table back") as connection:
            return keeping.restore(connection, layout, above)

    def drop(self, table: str) -> int:
        """Drops them in one transaction."""
        with self._writing.transaction("dropping what is kept of a table") as connection:
            return keeping.drop_kept(connection, table)

    def fresh(self, layout: Layout, start: Cursor, *, above: int = 0) -> SqliteTableState:
        """A new generation; those that an earlier rebuild left behind are dropped."""
        with self._writing.transaction("beginning a rebuild") as connection:
            for (generation,) in fetch(connection, SQL["unfinished"], (layout.spec.name,)):
                keeping.drop(connection, layout.spec.name, generation)
            return self._make(connection, layout, start, above, live=False)

    def swap(
        self, fresh: TableState, *, live: int | None, over: TableState | None = None, keep: bool = False
    ) -> None:
        """Promotes the fresh generation and puts the old one away, in one transaction."""
        assert isinstance(fresh, SqliteTableState)
        name = fresh.layout.spec.name
        place = name if over is None else over.layout.spec.name
        with self._writing.transaction("swapping generations") as connection:
            old: Any = connection.execute(SQL["live"], (place,)).fetchone()
            if place != name and connection.execute(SQL["live"], (name,)).fetchone() is not None:
                raise StaleCursor(f"Rows of {name} were begun meanwhile; look at them again.", table=name)
            if place == name and old is not None and old[0] == fresh.generation:  # taken over from elsewhere
                raise StaleCursor(f"The live rows of {name} were replaced; rebuild anew.", table=name)
            head: Any = connection.execute(SQL["head"], (place, old[0])).fetchone() if old else None
            if (None if head is None else head[1]) != live:
                raise StaleCursor(
                    f"The live rows of {place} have moved on; fold on and compare again.", table=place
                )
            if old is not None:
                if keep:
                    keeping.drop_kept(connection, place)
                differs = old[1] != fresh.layout.fingerprint
                keeping.put_away(connection, place, old[0], keep=keep and differs)
            connection.execute(drop_view(name))
            connection.execute(SQL["promote"], (name, fresh.generation))
            connection.execute(fresh.statements.view)

    def replace(self, live: TableState, taken: Taken, *, at: int) -> SqliteTableState:
        """Drops the live generation and makes that of the published table, in one transaction."""
        layout, name = live.layout, live.layout.spec.name
        made = SqliteTableState(layout, taken.generation, self._writing, self._pool)
        assert isinstance(live, SqliteTableState)
        with self._writing.transaction("taking a table over") as connection:
            row: Any = connection.execute(SQL["live"], (name,)).fetchone()
            old = SqliteTableState(layout, row[0], self._writing, self._pool) if row else None
            head: Any = connection.execute(SQL["head"], (name, old.generation)).fetchone() if old else None
            if old is None or old.generation != live.generation or head[1] != at:
                raise StaleCursor(f"The live rows of {name} have moved on; look at them again.", table=name)
            keeping.drop_kept(connection, name)  # their numbers may be that of the published one
            left_over = fetch(connection, SQL["unfinished"], (name,))
            for generation in (old.generation, *(number for (number,) in left_over)):
                keeping.drop(connection, name, generation)
            connection.execute(made.statements.create)
            connection.execute(made.statements.index)
            connection.execute(
                SQL["replace_table"],
                {
                    "name": name,
                    "generation": taken.generation,
                    "fingerprint": layout.fingerprint,
                    "definition": definition_of(layout.spec).to_json(),
                    "cursor": taken.cursor.to_json(),
                    "change": at + 1,
                    "epoch": head[3] + 1,  # a worker that has a lease of what was there takes a new one
                },
            )
            connection.execute(SQL["forget_skips"], (name,))
            fill(connection, layout, taken.generation, taken.rows, taken.parked, taken.skips, at + 1)
            connection.execute(
                SQL["note_published"],
                (name, taken.generation, taken.publication, at + 1, at + 1, time.time_ns() // 1000),
            )
            connection.execute(SQL["own"], (name, taken.publication, taken.epoch))
            connection.execute(drop_view(name))
            connection.execute(made.statements.view)
        return made

    def ledger(self, start: Cursor) -> SqliteLedger:
        """The ledger, in the same file."""
        return SqliteLedger(self._writing, self._pool, start)

    def close(self) -> None:
        """Closes the file."""
        self._writing.close()
        self._pool.close()

    def _make(
        self, connection: apsw.Connection, layout: Layout, start: Cursor, above: int, *, live: bool
    ) -> SqliteTableState:
        name = layout.spec.name
        if name.startswith("sqlite_") or connection.execute(SQL["is_taken"], (name,)).get:
            raise TableInvalid(
                f"A table cannot be called {name!r} here, where its rows are kept: give it another name=.",
                table=name,
            )
        generation: int = max(above + 1, connection.execute(SQL["next_generation"], (name,)).get)
        made = SqliteTableState(layout, generation, self._writing, self._pool)
        definition = definition_of(layout.spec).to_json()
        row = (name, generation, int(live), layout.fingerprint, definition, start.to_json(), start.to_json())
        connection.execute(SQL["insert_table"], row)
        connection.execute(made.statements.create)
        connection.execute(made.statements.index)
        return made

    def _define(self, layout: Layout, generation: int) -> None:
        """Adds what an earlier release did not store; who may not write, or would wait for it, does without."""
        if generation not in self._defined.setdefault(layout.spec.name, set()):
            self._defined[layout.spec.name].add(generation)
            with suppress(StorageError), self._writing.transaction("storing a definition") as connection:
                text = definition_of(layout.spec).to_json()
                connection.execute(SQL["define"], (text, layout.spec.name, generation))

    def _belong_to(self, log_id: str) -> None:
        with self._pool.reading() as connection:  # who may only read opens it too
            found: Any = connection.execute("SELECT id FROM log").get
        if found is None:
            with self._writing.transaction("opening") as connection:
                found = connection.execute("SELECT id FROM log").get
                if found is None:
                    connection.execute("INSERT INTO log VALUES (?)", (log_id,))
                    return
        if found != log_id:
            raise ForeignCursor(
                f"This state was folded from the log {found}, not from {log_id}: give another state, --state"
                " sqlite:///FILE (in Python state=...), or delete it, and `eventfold run --once` folds it anew.",
                state_log=found,
                log=log_id,
            )


def _expect_none_kept(connection: apsw.Connection, layout: Layout) -> None:
    """Rows of the same definition are not folded from nothing where they are kept: somebody took them out of sight."""
    name = layout.spec.name
    if connection.execute(SQL["kept_for"], (name, layout.fingerprint)).fetchone() is not None:
        raise TableInvalid(
            f"The rows of {name} were taken out of sight by `eventfold apply` and are kept: `eventfold rollback {name}`"
            f" makes them live, `eventfold apply {name}` folds new ones.",
            table=name,
        )


@contextmanager
def _or_elsewhere() -> Iterator[None]:
    """Says the way out to who may not write here, but has another place: the log makes every state again."""
    try:
        yield
    except StorageFailed as error:
        if not isinstance(error.__cause__, apsw.CantOpenError | apsw.ReadOnlyError):
            raise
        raise StorageFailed(
            f"{error.message} Or keep the state elsewhere: --state sqlite:///FILE, or --state sqlite:// for memory"
            " (in Python state=...).",
            **error.facts,
        ) from error.__cause__
