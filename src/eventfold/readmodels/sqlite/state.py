"""The state of an app's tables in one SQLite file: which generation of each table is live."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from eventfold.errors import ForeignCursor, StaleCursor, StorageError, StorageFailed, TableInvalid
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring.definition import definition_of, read_definition
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.port import Generation, TableState, Taken
from eventfold.readmodels.sqlite.filling import fill
from eventfold.readmodels.sqlite.ledger import SqliteLedger
from eventfold.readmodels.sqlite.statements import APPLICATION_ID, FORMAT, SQL, UPGRADES
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
                made = self._make(connection, layout, start, above, live=True)
                connection.execute(made.statements.drop_view)
                connection.execute(made.statements.view)
                return made
        return SqliteTableState(layout, row[0], self._writing, self._pool)

    def generations(self) -> list[Generation]:
        """The live ones; definitions are read and checked."""
        with self._pool.reading() as connection:
            return [
                Generation(table=name, number=number, fingerprint=print_, definition=read_definition(text))
                for name, number, print_, text in fetch(connection, SQL["generations"])
            ]

    def size(self, generation: Generation) -> int:
        """The pages of its rows and of their index."""
        stored = f"{generation.table}__{generation.number}"
        with self._pool.reading() as connection:
            return sum(
                connection.execute(SQL["size"], (name,)).get or 0 for name in (stored, f"{stored}_changes")
            )

    def fresh(self, layout: Layout, start: Cursor, *, above: int = 0) -> SqliteTableState:
        """A new generation; those that an earlier rebuild left behind are dropped."""
        with self._writing.transaction("beginning a rebuild") as connection:
            for (generation,) in fetch(connection, SQL["unfinished"], (layout.spec.name,)):
                self._drop(connection, SqliteTableState(layout, generation, self._writing, self._pool))
            return self._make(connection, layout, start, above, live=False)

    def swap(self, fresh: TableState, *, live: int) -> None:
        """Promotes the fresh generation and drops the old one in one transaction."""
        assert isinstance(fresh, SqliteTableState)
        layout = fresh.layout
        name = layout.spec.name
        with self._writing.transaction("swapping generations") as connection:
            row: Any = connection.execute(SQL["live"], (name,)).fetchone()
            old = SqliteTableState(layout, row[0], self._writing, self._pool) if row else None
            if old is not None and old.generation == fresh.generation:  # taken over from elsewhere meanwhile
                raise StaleCursor(f"The live rows of {name} were replaced; rebuild anew.", table=name)
            if old is not None:
                head: Any = connection.execute(SQL["head"], (name, old.generation)).fetchone()
                if head[1] != live:
                    raise StaleCursor(
                        f"The live rows of {name} have moved on; fold on and compare again.", table=name
                    )
                connection.execute(SQL["retire"], (name, old.generation))
            connection.execute(fresh.statements.drop_view)
            connection.execute(SQL["promote"], (name, fresh.generation))
            connection.execute(fresh.statements.view)
            if old is not None:
                self._drop(connection, old)

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
            left_over = fetch(connection, SQL["unfinished"], (name,))
            for generation in (old.generation, *(number for (number,) in left_over)):
                self._drop(connection, SqliteTableState(layout, generation, self._writing, self._pool))
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
            connection.execute(made.statements.drop_view)
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

    def _drop(self, connection: apsw.Connection, old: SqliteTableState) -> None:
        connection.execute(old.statements.drop)
        named = {"name": old.layout.spec.name, "generation": old.generation}
        connection.execute(SQL["drop_generation"], named)

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
