"""The words of DuckDB."""

from datetime import datetime

from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.views.dialects import common

WORDS = common.WORDS | {
    "holds": "{0}",
    "day": "CAST(timezone('UTC', {0}) AS DATE)",
    "month": "CAST(date_trunc('month', {0}) AS DATE)",
    "month:timestamp": "CAST(date_trunc('month', timezone('UTC', {0})) AS DATE)",
    "year": "year({0})",
    "year:timestamp": "year(timezone('UTC', {0}))",
    "hour": "hour(timezone('UTC', {0}))",
    "seconds_since": "CAST((epoch_us({0}) - epoch_us({1})) * CAST('0.000001' AS DECIMAL(7,6)) AS {type})",
    "days_since": "({0} - {1})",
}
_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
}


def name(name: str) -> str:
    """In double quotes."""
    return '"' + name.replace('"', '""') + '"'


def sql_type(kind: ColumnType) -> str:
    """A decimal with its digits, the others by name."""
    return f"DECIMAL({kind.precision},{kind.scale})" if kind.kind == "decimal" else _TYPES.get(kind.kind, "")


def literal(value: object, kind: ColumnType) -> str:
    """A text, cast where it is none."""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    quoted = "'" + text.replace("'", "''") + "'"
    return quoted if kind.kind == "string" else f"CAST({quoted} AS {sql_type(kind)})"
