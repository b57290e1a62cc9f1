"""OCEL 2.0 in SQLite: read only; a table is named by the schema of the file itself, never by a value in it.

SQLite itself joins and sorts, in temporary tables on disk: of objects, relations and events only one is held at a time.
"""

import heapq
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from eventfold.errors import EventfoldError, EventTooLarge, NumberNotFinite, QueryInvalid, RowInvalid
from eventfold.imports.files import rows
from eventfold.imports.files.ocel.ocel import OcelEvent, no_ocel, ocel_row
from eventfold.imports.files.ocel.ocelplaces import Kind, noted, unknown, unplaced
from eventfold.imports.files.rows import Row, damaged

_TABLES = frozenset({"event", "object", "event_map_type", "event_object"})
_RELATIONS = """
    SELECT p.place, r.ocel_object_id, coalesce(r.ocel_qualifier, ''), o.kind
    FROM main.event_object AS r
    JOIN temp.":places" AS p ON p.id = CAST(r.ocel_event_id AS TEXT)
    LEFT JOIN temp.":objects" AS o ON o.id = CAST(r.ocel_object_id AS TEXT)
    WHERE r.ocel_object_id IS NOT NULL
    ORDER BY p.place, r.ocel_object_id, r.ocel_qualifier
"""
_TOO_LARGE = """SELECT place, id FROM temp.":places" WHERE large ORDER BY place"""


class _Found(NamedTuple):
    """A row of a table of events; `values` by the names of its kind, None where they are too large."""

    place: int
    kind: Kind | None
    id: str | None
    said: str | None
    values: tuple[Any, ...]


def ocel_sqlite_rows(path: Path) -> Iterator[Row]:
    """The events of an OCEL file in SQLite by their times, those of one time as in the table `event`; numbered from 1.

    Raises:
        QueryInvalid: it is no OCEL 2.0.
        EventTooLarge: also while reading: a value is too large to be read.
        RowInvalid: also while reading: it is damaged.
    """
    count = 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, rows.LONGEST_LINE)
            kinds = list(_kinds(connection, _tables(connection, path), path))
            types = dict.fromkeys(
                kind for _, kind in connection.execute("SELECT ocel_id, ocel_type FROM object")
            )
            noted(connection, kinds)
            relations = _Relations(connection)
            for error, objects in unplaced(connection):
                count += 1  # before the others, since it may belong before any of them
                event = OcelEvent("", "", "", [], [(name, "") for name in objects])
                yield ocel_row(count, event, types, objects, error)
            streams = [_events(connection, kind) for kind in kinds]
            large = (_Found(place, None, name, None, ()) for place, name in connection.execute(_TOO_LARGE))
            for found in heapq.merge(*streams, large, key=lambda found: found.place):
                count += 1
                yield _row(count, found, relations.of(found.place), types)
            for error in unknown(connection):
                count += 1
                yield Row(count, {}, error)
    except (sqlite3.DataError, sqlite3.Error) as error:
        if "too big" in str(error):
            raise EventTooLarge(
                f"{path.name}: after event {count} a value has more than {rows.LONGEST_LINE} bytes.",
                file=path.name,
            ) from error
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
        is_first = {"EVENTS", "OBJECTS", "RELATIONS"} <= found  # as pm4py keeps the first version
        raise no_ocel(path, f"it has no table {', '.join(sorted(missing))}", is_first=is_first)
    return found


def _kinds(connection: sqlite3.Connection, tables: set[str], path: Path) -> Iterator[Kind]:
    """The types of events, each with the table of its events."""
    mapped = connection.execute("SELECT ocel_type, ocel_type_map FROM event_map_type ORDER BY 1").fetchall()
    for number, (name, ending) in enumerate(mapped):
        table = f"event_{ending}"
        if table not in tables:
            raise QueryInvalid(f"{path.name} is no OCEL 2.0: it has no table {table!r:.60}.", file=path.name)
        yield Kind.of(connection, number, str(name), table, path)


def _events(connection: sqlite3.Connection, kind: Kind) -> Iterator[_Found]:
    """The events of a type that are not too large, in their places."""
    statement = (
        f'SELECT p.place, p.id, p.said, {kind.columns("e")} FROM temp.":places" AS p'  # noqa: S608 - of the file's schema, quoted
        f" CROSS JOIN {kind.source} AS e ON e.{kind.number} = p.number"
        " WHERE p.kind = ? AND NOT p.large ORDER BY p.place"
    )
    for place, name, said, *values in connection.execute(statement, (kind.place,)):
        yield _Found(place, kind, name, said, tuple(values))


class _Relations:
    """The relations of all events, in the places of these."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._all = iter(connection.execute(_RELATIONS))
        self._next = next(self._all, None)

    def of(self, place: int) -> list[tuple[str, str, str | None]] | None:
        """Object, qualifier and type of each relation of an event; None where they are more than fit a row."""
        found: list[tuple[str, str, str | None]] = []
        size = 0
        while self._next is not None and self._next[0] <= place:
            _, name, qualifier, kind = self._next
            size += len(str(name)) + len(str(qualifier)) + 1
            if size <= rows.LONGEST_LINE:
                found.append((str(name), str(qualifier), kind))
            self._next = next(self._all, None)
        return found if size <= rows.LONGEST_LINE else None


def _row(
    number: int,
    found: _Found,
    relations: list[tuple[str, str, str | None]] | None,
    types: dict[str, None],
) -> Row:
    try:
        if found.kind is None or relations is None:
            raise EventTooLarge(
                f"The event {found.id!r:.60} has more than {rows.LONGEST_LINE} bytes.", line=number
            )
        if found.id is None:
            raise RowInvalid(f"An event of the type {found.kind.name!r:.60} has no id.", line=number)
        if found.said not in {None, found.kind.name}:
            raise RowInvalid(
                f"The event {found.id!r:.60} is a {found.said!r:.60} in the table event, and stands in"
                f" {found.kind.table!r:.60}.",
                line=number,
            )
        values = dict(zip(found.kind.names, found.values, strict=True))
        time = str(values.pop("ocel_time") or "")
        own = values.pop("ocel_id")
        attributes = [(name, _value(name, value)) for name, value in values.items() if value is not None]
    except EventfoldError as error:
        return _refused(number, found, relations or [], types, error)
    pairs, objects = _related(relations)
    return ocel_row(number, OcelEvent(str(own), found.kind.name, time, attributes, pairs), types, objects)


def _refused(
    number: int,
    found: _Found,
    relations: list[tuple[str, str, str | None]],
    types: dict[str, None],
    error: EventfoldError,
) -> Row:
    """The row of an event that cannot be kept, with the objects that it relates to.

    Earlier releases took a number that is not finite for null.
    """
    pairs, objects = _related(relations)
    values = {} if found.kind is None else dict(zip(found.kind.names, found.values, strict=False))
    time, own = str(values.pop("ocel_time", None) or ""), str(values.pop("ocel_id", found.id))
    kind = "" if found.kind is None else found.kind.name
    row = ocel_row(number, OcelEvent(own, kind, time, [], pairs), types, objects, error)
    if not isinstance(error, NumberNotFinite):
        return row
    plain = [(n, v if not isinstance(v, float) or math.isfinite(v) else None) for n, v in values.items()]
    nulls = [(n, msgspec.Raw(msgspec.json.encode(v))) for n, v in plain if values[n] is not None]
    taken = ocel_row(number, OcelEvent(own, kind, time, nulls, pairs), types, objects)
    return row._replace(former=taken.former or taken.cells)


def _related(
    relations: list[tuple[str, str, str | None]],
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The pairs of object and qualifier, and the type of each object."""
    pairs = [(name, qualifier) for name, qualifier, _ in relations]
    return pairs, {name: kind for name, _, kind in relations if kind is not None}


def _value(name: str, value: object) -> msgspec.Raw:
    if isinstance(value, bytes):
        raise RowInvalid(f"{name}: bytes are no value of OCEL.")
    if isinstance(value, float) and not math.isfinite(value):
        raise NumberNotFinite(f"{name}: {value} is no JSON number.")
    return msgspec.Raw(msgspec.json.encode(value))
