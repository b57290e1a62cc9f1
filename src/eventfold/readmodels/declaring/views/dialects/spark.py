"""The words of Spark SQL, in a session that is in UTC."""

from datetime import datetime

from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.views.dialects import common

WORDS = common.WORDS | {
    "holds": "{0}",
    "day": "CAST({0} AS DATE)",
    "month": "trunc({0}, 'MM')",
    "year": "CAST(year({0}) AS BIGINT)",
    "hour": "CAST(hour({0}) AS BIGINT)",
    "seconds_since": (
        "CAST(CAST(unix_micros({0}) - unix_micros({1}) AS DECIMAL(18,0)) * CAST('0.000001' AS DECIMAL(7,6)) AS {type})"
    ),
    "days_since": "CAST(datediff({0}, {1}) AS BIGINT)",
}
_TYPES = {
    "string": "STRING",
    "int64": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


def name(name: str) -> str:
    """In back ticks."""
    return f"`{name.replace('`', '``')}`"


def sql_type(kind: ColumnType) -> str:
    """A decimal with its digits, the others by name."""
    return f"DECIMAL({kind.precision},{kind.scale})" if kind.kind == "decimal" else _TYPES.get(kind.kind, "")


def literal(value: object, kind: ColumnType) -> str:
    """A text, cast where it is none; a backslash in it is one only where it is doubled."""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return quoted if kind.kind == "string" else f"CAST({quoted} AS {sql_type(kind)})"
