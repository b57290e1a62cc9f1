"""The place of each event of an OCEL file in SQLite: by time, then as the table `event` has them.

The file is not written to; what is noted stands in temporary tables, whose names no file has.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

from eventfold.errors import EventfoldError, QueryInvalid, RowInvalid
from eventfold.events.times import utc_us
from eventfold.imports.files import rows

_PREPARE = """
    PRAGMA temp_store = FILE;
    CREATE TEMP TABLE ":objects" (id TEXT PRIMARY KEY, kind TEXT) WITHOUT ROWID;
    CREATE TEMP TABLE ":events" (number INTEGER PRIMARY KEY, id TEXT, kind TEXT);
    CREATE TEMP TABLE ":missing" (id TEXT PRIMARY KEY, kind TEXT, number INTEGER);
    CREATE TEMP TABLE ":found" (kind INTEGER, number INTEGER, id TEXT, us INTEGER, large INTEGER);
    CREATE TEMP TABLE ":places" (
        place INTEGER PRIMARY KEY, kind INTEGER, number INTEGER, id TEXT, said TEXT, large INTEGER
    );
"""
_OBJECTS = """
    INSERT OR REPLACE INTO temp.":objects"
    SELECT CAST(ocel_id AS TEXT), ocel_type FROM main.object WHERE ocel_id IS NOT NULL
"""
_EVENTS = """
    INSERT INTO temp.":events" (id, kind) SELECT CAST(ocel_id AS TEXT), ocel_type FROM main.event
"""
_PLACES = """
    INSERT INTO temp.":places" (kind, number, id, said, large)
    SELECT f.kind, f.number, f.id, e.kind, f.large
    FROM temp.":found" AS f
    LEFT JOIN temp.":events" AS e
        ON e.number = (SELECT min(first.number) FROM temp.":events" AS first WHERE first.id = f.id)
    ORDER BY f.us, e.number IS NULL, e.number, f.kind, f.number
"""
_MISSING = """
    INSERT INTO temp.":missing"
    SELECT id, kind, min(number) FROM temp.":events" AS e
    WHERE NOT EXISTS (SELECT 1 FROM temp.":places" AS p WHERE p.id = e.id)
    GROUP BY id
"""
_UNPLACED = """
    SELECT m.number, m.id, m.kind, CAST(r.ocel_object_id AS TEXT), o.kind
    FROM main.event_object AS r
    JOIN temp.":missing" AS m ON m.id = CAST(r.ocel_event_id AS TEXT)
    JOIN temp.":objects" AS o ON o.id = CAST(r.ocel_object_id AS TEXT)
    UNION ALL SELECT number, id, kind, NULL, NULL FROM temp.":missing"
    ORDER BY 1
"""
_RELATED = """
    SELECT DISTINCT CAST(ocel_event_id AS TEXT) FROM main.event_object AS r
    WHERE NOT EXISTS (SELECT 1 FROM temp.":places" AS p WHERE p.id = CAST(r.ocel_event_id AS TEXT))
    AND NOT EXISTS (SELECT 1 FROM temp.":events" AS e WHERE e.id = CAST(r.ocel_event_id AS TEXT))
"""


_GROUP = 50


class Kind(NamedTuple):
    """A type of events and the table of its events; everything but the name is quoted.

    Attributes:
        place: its number, from 0.
        name: of the type.
        table: its name.
        source: the table, or what numbers its rows.
        number: the column that numbers them.
        names: of its columns.
    """

    place: int
    name: str
    table: str
    source: str
    number: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, connection: sqlite3.Connection, place: int, name: str, table: str, path: Path) -> Self:
        """The kind of a table that the file has.

        Raises:
            QueryInvalid: the table has no id or no time, or columns that are computed, however large.
        """
        listed = connection.execute(
            "SELECT name, hidden FROM pragma_table_xinfo(?, 'main')", (table,)
        ).fetchall()
        names = tuple(column for column, _ in listed)
        if any(hidden for _, hidden in listed) or not {"ocel_id", "ocel_time"}.issubset(names):
            raise QueryInvalid(
                f"{path.name} is no OCEL 2.0: the table {table!r:.60} has no ocel_id, no ocel_time, or columns that are"
                " computed.",
                file=path.name,
            )
        whole = f"main.{_quoted(table)}"
        taken = {column.lower() for column in names}
        for number in ("rowid", "_rowid_", "oid"):
            if number not in taken and _has(connection, whole, number):
                return cls(place, name, table, whole, number, names)
        numbered = f'(SELECT row_number() OVER () AS ":number", * FROM {whole})'  # noqa: S608 - of the file's schema, quoted
        return cls(place, name, table, numbered, '":number"', names)

    def columns(self, of: str) -> str:
        """Its columns in a statement."""
        return ", ".join(f"{of}.{_quoted(name)}" for name in self.names)


def noted(connection: sqlite3.Connection, kinds: Iterable[Kind]) -> None:
    """Gives each event its place."""
    connection.create_function("eventfold_us", 1, utc_us, deterministic=True)
    connection.executescript(_PREPARE)
    connection.execute(_OBJECTS)
    connection.execute(_EVENTS)
    connection.execute('CREATE INDEX temp.":events_by_id" ON ":events" (id)')
    for kind in kinds:
        statement = (
            f'INSERT INTO temp.":found" SELECT ?, e.{kind.number}, CAST(e.ocel_id AS TEXT),'  # noqa: S608 - as above
            f" eventfold_us(e.ocel_time), {_size(kind.names)} > ? FROM {kind.source} AS e"
        )
        connection.execute(statement, (kind.place, rows.LONGEST_LINE))
    connection.execute(_PLACES)
    connection.execute('DROP TABLE temp.":found"')
    connection.execute('CREATE INDEX temp.":places_by_kind" ON ":places" (kind)')
    connection.execute('CREATE INDEX temp.":places_by_id" ON ":places" (id)')


class Missing(NamedTuple):
    """An event that the file speaks of, and whose time and attributes stand nowhere.

    Attributes:
        error: what is wrong with it.
        relations: the objects that it relates to, as many as fit a row, and the type of each.
    """

    error: EventfoldError
    relations: dict[str, str]


def unplaced(connection: sqlite3.Connection) -> Iterator[Missing]:
    """The events of the table `event` without a row in the table of their type."""
    connection.execute(_MISSING)
    for (_, name, kind), group in groupby(connection.execute(_UNPLACED), key=lambda row: row[:3]):
        relations: dict[str, str] = {}
        size = 0
        for *_, related, of in group:
            size += len(str(related)) + len(str(of))
            if related is not None and size <= rows.LONGEST_LINE:
                relations[related] = of
        yield Missing(
            RowInvalid(
                f"The event {name!r:.60} of the table event has no row in the table of its type, {kind!r:.60}: nobody"
                " knows when it happened."
            ),
            relations,
        )


def unknown(connection: sqlite3.Connection) -> Iterator[EventfoldError]:
    """An error for each event that the relations speak of, and no other table."""
    for (name,) in connection.execute(_RELATED):
        yield RowInvalid(f"The table event_object speaks of {name!r:.60}, which is no event.")


def _size(names: Sequence[str]) -> str:
    """The bytes of a row; in groups, since an expression may not be nested as deep as a table is wide."""
    sizes = [f"coalesce(length(CAST(e.{_quoted(name)} AS BLOB)), 0)" for name in names]
    return " + ".join(f"({' + '.join(sizes[at : at + _GROUP])})" for at in range(0, len(sizes), _GROUP))


def _has(connection: sqlite3.Connection, table: str, number: str) -> bool:
    try:
        connection.execute(f"SELECT {number} FROM {table} LIMIT 0")  # noqa: S608 - of the file's schema, quoted
    except sqlite3.OperationalError:
        return False
    return True


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
