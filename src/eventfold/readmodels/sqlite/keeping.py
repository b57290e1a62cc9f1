"""The generations of a table in SQLite, whatever columns they have: which are there, kept, made live again, dropped."""

import time
from typing import Any

import apsw

from eventfold.errors import RollbackRefused
from eventfold.readmodels.declaring.definition import read_definition
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.table import is_name
from eventfold.readmodels.generations import Generation
from eventfold.readmodels.sqlite.statements import SQL, drop_rows, drop_view, move_rows, row_statements
from eventfold.sqlite.connect import fetch


def generations(connection: apsw.Connection) -> list[Generation]:
    """Those that are live or kept; definitions are read and checked."""
    return [
        Generation(
            table=name, number=number, fingerprint=print_, definition=read_definition(text), kept_us=kept
        )
        for name, number, print_, text, kept in fetch(connection, SQL["generations"])
        if is_name(name)
    ]


def size(connection: apsw.Connection, generation: Generation) -> int:
    """The pages of its rows and of their index; one that was made live again has the index under its old name."""
    stored = f"{generation.table}__{generation.number}"
    found: Any = connection.execute(SQL["size"], (stored,)).get
    return int(found or 0)


def drop(connection: apsw.Connection, table: str, generation: int) -> None:
    """Takes a generation away, with all that is noted of it."""
    connection.execute(drop_rows(table, generation))
    connection.execute(SQL["drop_generation"], {"name": table, "generation": generation})


def drop_kept(connection: apsw.Connection, table: str) -> int:
    """Takes away what is kept of a table; how many generations."""
    found = fetch(connection, SQL["kept"], (table,))
    for (generation,) in found:
        drop(connection, table, generation)
    return len(found)


def put_away(connection: apsw.Connection, table: str, generation: int, *, keep: bool) -> None:
    """Makes a live generation no longer live: it is kept, or dropped."""
    connection.execute(drop_view(table))
    if keep:
        now = time.time_ns() // 1000
        connection.execute(SQL["keep"], {"name": table, "generation": generation, "now": now})
    else:
        drop(connection, table, generation)


def restore(connection: apsw.Connection, layout: Layout, above: int) -> int:
    """Makes the kept generation of a definition live, under a new number; see `Generations.restore`."""
    name = layout.spec.name
    live: Any = connection.execute(SQL["live"], (name,)).fetchone()
    kept: Any = connection.execute(SQL["kept_for"], (name, layout.fingerprint)).fetchone()
    if live is not None and live[1] == layout.fingerprint:
        raise RollbackRefused(
            f"The live rows of {name} are those of the definition that runs here. A rollback is for who has rolled the"
            f" code back too: deploy the earlier code first, then `eventfold rollback {name}` with it.",
            table=name,
        )
    if kept is None:
        raise RollbackRefused(
            f"No rows of {name} are kept that were folded by the definition that runs here: fold them anew, with"
            f" `eventfold apply {name}`.",
            table=name,
        )
    if not kept[1]:
        raise RollbackRefused(
            f"Events were skipped since the kept rows of {name} were replaced, and may be in them: fold them anew, with"
            f" `eventfold apply {name}`.",
            table=name,
        )
    number = int(max(above + 1, connection.execute(SQL["next_generation"], (name,)).get))
    if live is not None:
        put_away(connection, name, live[0], keep=True)
    connection.execute(move_rows(name, kept[0], number))
    connection.execute(SQL["restore"], {"name": name, "from": kept[0], "to": number})
    connection.execute(row_statements(layout, number).view)
    return number
