"""The words of T-SQL, as Synapse SQL has it.

It takes 'a' and 'a ' for the same text wherever texts are compared, grouped or told apart, counts borders of units in
DATEDIFF, and cuts where it divides or casts: what stands here keeps out of the way of each.
"""

from datetime import datetime

from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.views.dialects import common

COLLATION = "Latin1_General_100_BIN2_UTF8"
TEXT = f"VARCHAR(4000) COLLATE {COLLATION}"
"""Bytes, with room for the mark that `distinct` puts behind a text."""
WORDS = common.WORDS | {
    "holds": "({0} = CAST(1 AS BIT))",
    "equal:string": "({0} = {1} AND DATALENGTH({0}) = DATALENGTH({1}))",
    "unequal:string": "({0} <> {1} OR DATALENGTH({0}) <> DATALENGTH({1}))",
    "group:string": "{0}, DATALENGTH({0})",
    "distinct": "COUNT_BIG(DISTINCT {0})",
    "distinct:string": "COUNT_BIG(DISTINCT {0} + '|')",
    "count": "COUNT_BIG({0})",
    "count_rows": "COUNT_BIG(*)",
    "day": "CAST({0} AS DATE)",
    "month": "DATEFROMPARTS(YEAR({0}), MONTH({0}), 1)",
    "year": "CAST(YEAR({0}) AS BIGINT)",
    "hour": "CAST(DATEPART(HOUR, {0}) AS BIGINT)",
    "seconds_since": (
        "CAST(CAST(DATEDIFF_BIG(MICROSECOND, {1}, {0}) AS DECIMAL(18,0)) * CAST('0.000001' AS DECIMAL(7,6)) AS {type})"
    ),
    "days_since": "CAST(DATEDIFF(DAY, {1}, {0}) AS BIGINT)",
}
_TYPES = {
    "string": "VARCHAR(4000)",
    "int64": "BIGINT",
    "boolean": "BIT",
    "timestamp": "DATETIME2(6)",
    "date": "DATE",
}


def name(name: str) -> str:
    """In brackets."""
    return f"[{name.replace(']', ']]')}]"


def sql_type(kind: ColumnType) -> str:
    """A decimal with its digits, the others by name."""
    return f"DECIMAL({kind.precision},{kind.scale})" if kind.kind == "decimal" else _TYPES.get(kind.kind, "")


def literal(value: object, kind: ColumnType) -> str:
    """A text, cast to exactly its type: of one byte a character as the columns are, not two as N'...' has it."""
    if isinstance(value, bool):
        return f"CAST({value:d} AS BIT)"
    if isinstance(value, datetime):
        return f"CAST('{value.replace(tzinfo=None).isoformat(timespec='microseconds')}' AS DATETIME2(6))"
    if kind.kind == "string":
        text = str(value).replace("'", "''")
        return f"CAST(N'{text}' COLLATE {COLLATION} AS VARCHAR({max(1, len(str(value).encode()))}))"
    return f"CAST('{value}' AS {sql_type(kind)})"
