"""OCEL 2.0 in SQLite: read only; a table is named by the schema of the file itself, never by a value in it."""

import heapq
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from eventfold.errors import EventfoldError, QueryInvalid, RowInvalid
from eventfold.imports import rows
from eventfold.imports.ocel import OcelEvent, ocel_row
from eventfold.imports.rows import Row, damaged

_TABLES = frozenset({"event", "object", "event_map_type", "event_object"})
_OWN = frozenset({"ocel_id", "ocel_time"})


def ocel_sqlite_rows(path: Path) -> Iterator[Row]:
    """The events of an OCEL file in SQLite by their times as they are written; numbered from 1 in this order.

    Raises:
        QueryInvalid: it is no OCEL 2.0.
        RowInvalid: also while reading: it is damaged.
    """
    count = 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, rows.LONGEST_LINE)
            connection.row_factory = sqlite3.Row
            tables = _tables(connection, path)
            objects = dict(map(tuple, connection.execute("SELECT ocel_id, ocel_type FROM object")))
            types = dict.fromkeys(objects.values())
            by_type = [_events(connection, kind, table) for kind, table in _types(connection, tables, path)]
            for kind, event, relations in heapq.merge(*by_type, key=lambda found: str(found[1]["ocel_time"])):
                count += 1
                yield _row(count, kind, event, relations, types, objects)
    except sqlite3.Error as error:
        raise damaged(path, count, error) from error


def _tables(connection: sqlite3.Connection, path: Path) -> set[str]:
    """The ordinary tables: what a view or a virtual table would run is nothing that a log needs."""
    found = {
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE %'"
        )
    }
    if missing := _TABLES - found:
        raise QueryInvalid(
            f"{path.name} is no OCEL 2.0: it has no table {', '.join(sorted(missing))}.", file=path.name
        )
    return found


def _types(connection: sqlite3.Connection, tables: set[str], path: Path) -> Iterator[tuple[str, str]]:
    """The types of events, each with the table of its events, quoted."""
    mapped = connection.execute("SELECT ocel_type, ocel_type_map FROM event_map_type ORDER BY 1").fetchall()
    for kind, name in mapped:
        table = f"event_{name}"
        if table not in tables:
            raise QueryInvalid(f"{path.name} is no OCEL 2.0: it has no table {table!r:.60}.", file=path.name)
        yield str(kind), '"' + table.replace('"', '""') + '"'


def _events(
    connection: sqlite3.Connection, kind: str, table: str
) -> Iterator[tuple[str, dict[str, Any], list[tuple[str, str]]]]:
    """The events of a type with their relations, by time."""
    found = connection.execute(
        "SELECT e.*, r.ocel_object_id AS ':object', coalesce(r.ocel_qualifier, '') AS ':qualifier'"  # noqa: S608 - a table of the file itself, quoted
        f" FROM {table} AS e LEFT JOIN event_object AS r ON r.ocel_event_id = e.ocel_id"
        " ORDER BY e.ocel_time, e.ocel_id, r.ocel_object_id, r.ocel_qualifier"
    )
    for _, group in groupby(found, key=lambda row: row["ocel_id"]):
        same = [dict(row) for row in group]
        relations = [(str(r[":object"]), str(r[":qualifier"])) for r in same if r[":object"] is not None]
        yield kind, same[0], relations


def _row(
    number: int,
    kind: str,
    event: dict[str, Any],
    relations: list[tuple[str, str]],
    types: dict[str, None],
    objects: dict[str, str],
) -> Row:
    try:
        attributes = [
            (name, _value(name, value))
            for name, value in event.items()
            if name not in _OWN and not name.startswith(":") and value is not None
        ]
    except EventfoldError as error:
        return Row(number, {}, error)
    found = OcelEvent(str(event["ocel_id"]), kind, str(event["ocel_time"] or ""), attributes, relations)
    return ocel_row(number, found, types, objects)


def _value(name: str, value: object) -> msgspec.Raw:
    if isinstance(value, bytes):
        raise RowInvalid(f"{name}: bytes are no value of OCEL.")
    return msgspec.Raw(msgspec.json.encode(value))
