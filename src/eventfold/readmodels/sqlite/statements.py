"""The statements of this adapter: fixed ones by the name of their file, and those made from a table's layout.

Identifiers come from table definitions only, whose names are checked when the class is built; never from data.
"""

import msgspec

from eventfold.errors import StorageFailed
from eventfold.readmodels.declaring.layout import Layout, Slot
from eventfold.readmodels.declaring.table import is_name
from eventfold.sqlfiles import load

SQL = load("eventfold.readmodels.sqlite")
APPLICATION_ID = 0x65766674
FORMAT = 7
UPGRADES = {number: SQL[f"upgrade_{number}"] for number in range(1, FORMAT)}
"""Format -> what makes the next one of it, without touching a row."""

_COLUMN_TYPES = {
    "string": "TEXT",
    "int64": "INTEGER",
    "double": "REAL",
    "boolean": "INTEGER",
    "timestamp": "INTEGER",
    "date": "INTEGER",
    "binary": "BLOB",
}
_DELETED = """
SELECT key FROM deleted WHERE table_name = ? AND generation = ? AND change > ? AND key NOT IN (SELECT {key} FROM {name})
"""
_MICROSECONDS = "(({0} % 1000000 + 1000000) % 1000000)"


class RowStatements(msgspec.Struct, frozen=True):
    """What is done with the rows of one generation."""

    create: str
    index: str
    upsert: str
    delete: str
    count: str
    select_keys: str
    select_changed: str
    select_deleted: str
    view: str


def row_statements(layout: Layout, generation: int) -> RowStatements:
    """The statements for a layout's rows."""
    name = f'"{layout.spec.name}__{int(generation)}"'
    view = f'"{layout.spec.name}"'
    columns = [f'"{slot.name}"' for slot in layout.slots]
    key = columns[0]
    declared = ", ".join(
        f"{column} {_declare(slot, at)}"
        for at, (column, slot) in enumerate(zip(columns, layout.slots, strict=True))
    )
    shown = ", ".join(f'{_show(slot)} AS "{slot.name}"' for _, slot in layout.shown)
    listed = ", ".join(columns)
    marks = ", ".join("?" * (len(columns) + 1))
    # every name below is an identifier of a table definition; values are bound
    return RowStatements(
        create=f"CREATE TABLE {name} ({declared}, _change INTEGER NOT NULL, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID",
        index=f'CREATE INDEX "{layout.spec.name}__{int(generation)}_changes" ON {name} (_change)',
        upsert=f"INSERT OR REPLACE INTO {name} VALUES ({marks})",  # noqa: S608 - names of the definition
        delete=f"DELETE FROM {name} WHERE {key} = ?",  # noqa: S608
        count=f"SELECT count(*) FROM {name}",  # noqa: S608
        select_keys=f"SELECT {listed} FROM {name} WHERE {key} IN (SELECT value FROM json_each(?))",  # noqa: S608
        select_changed=f"SELECT {listed} FROM {name} WHERE _change > ?",  # noqa: S608
        select_deleted=_DELETED.format(key=key, name=name),
        view=f"CREATE VIEW {view} AS SELECT {shown} FROM {name}",  # noqa: S608
    )


def drop_rows(table: str, generation: int) -> str:
    """What drops the rows of a generation; its columns need not be known."""
    return f'DROP TABLE IF EXISTS "{_named(table)}__{int(generation)}"'


def drop_view(table: str) -> str:
    """What drops the view under which others see the rows of a table."""
    return f'DROP VIEW IF EXISTS "{_named(table)}"'


def move_rows(table: str, generation: int, to: int) -> str:
    """What gives the rows of a generation another number."""
    name = _named(table)
    return f'ALTER TABLE "{name}__{int(generation)}" RENAME TO "{name}__{int(to)}"'


def _named(table: str) -> str:
    """A name that came out of the file, where it can be one of a table."""
    if not is_name(table):
        raise StorageFailed("The state names a table as no table can be called: it is damaged.")
    return table


def _declare(slot: Slot, at: int) -> str:
    null = " NOT NULL" if at < 2 else ""
    if slot.is_list:
        return f"TEXT{null}"
    if slot.type.kind == "decimal":
        return ("INTEGER" if slot.type.precision <= 18 else "TEXT") + null
    return _COLUMN_TYPES[slot.type.kind] + null


def _show(slot: Slot) -> str:
    column = f'"{slot.name}"'
    if slot.is_list:
        return column
    match slot.type.kind:
        case "timestamp":
            rest = _MICROSECONDS.format(column)
            seconds = f"({column} - {rest}) / 1000000"
            return f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch') || printf('.%06dZ', {rest})"
        case "date":
            return f"date({column} * 86400, 'unixepoch')"
        case "decimal" if slot.type.precision <= 18 and slot.type.scale:
            unit = 10**slot.type.scale
            sign = f"CASE WHEN {column} < 0 THEN '-' ELSE '' END"
            digits = f"printf('%d.%0{slot.type.scale}d', abs({column}) / {unit}, abs({column}) % {unit})"
            return f"CASE WHEN {column} IS NULL THEN NULL ELSE {sign} || {digits} END"
        case _:
            return column
