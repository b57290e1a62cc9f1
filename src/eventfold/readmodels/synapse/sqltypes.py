"""The type that a column of a published table has in Synapse SQL."""

from collections.abc import Iterator
from typing import NamedTuple

from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.types import STRING, ColumnType
from eventfold.readmodels.declaring.views.dialects import tsql

_LONG = f"VARCHAR(MAX) COLLATE {tsql.COLLATION}"
_OTHERS = {"double": "FLOAT(53)", "binary": "VARBINARY(8000)"}


class SqlColumn(NamedTuple):
    """A column as it is declared to Synapse SQL."""

    name: str
    type: str


def sql_type(kind: ColumnType, *, is_list: bool = False) -> str:
    """A text with its collation, a list as the JSON that it is read as, the others as views take them."""
    if is_list:
        return _LONG
    if kind.kind == "string":
        return tsql.TEXT
    return _OTHERS.get(kind.kind) or tsql.sql_type(kind)


def columns_of(spec: TableSpec) -> Iterator[SqlColumn]:
    """The columns that users see, the key first."""
    yield SqlColumn(spec.key_name, sql_type(STRING))
    for name, column in spec.columns.items():
        yield SqlColumn(name, sql_type(column.type, is_list=column.reducer == "collect"))
