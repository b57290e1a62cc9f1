"""From the JSON of a value to a typed value, in SQL, with a second expression that is true when SQL is not certain.

DuckDB rounds where the reference fold refuses ('1.1' to bigint, '1.005' to decimal) and writes fractions anew (1e2 as
100.0). So each conversion accepts only texts whose meaning is beyond doubt; all others are left to the reference fold.
Times are kept as microseconds here, dates as days: Arrow gives them their type at the end.
"""

from eventfold.engines.compiling.dialect import Converted
from eventfold.limits import TIME_MAX_US, TIME_MIN_US
from eventfold.readmodels.declaring.types import ColumnType

_NUMBER = "-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,9})?"
_DAY = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
_BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_LONG = "[0-9.]{17}"
"""A number that may have more than the 15 digits that a double always keeps."""
SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "BIGINT",
    "date": "BIGINT",
    "binary": "BLOB",
}


def sql_type(kind: ColumnType) -> str:
    """The type of a column's values inside the engine."""
    return f"DECIMAL({kind.precision},{kind.scale})" if kind.kind == "decimal" else SQL_TYPES[kind.kind]


def text_of(json: str) -> str:
    """The text of a JSON scalar given as JSON: strings without their quotes, all else as it stands."""
    plain = f"substring({json}, 2, length({json}) - 2)"
    escaped = f"json_extract_string({json}, '$')"
    return (
        f"CASE WHEN {json} = 'null' THEN NULL WHEN NOT {quoted(json)} THEN {json}"
        f" WHEN contains({json}, '\\') THEN {escaped} ELSE {plain} END"
    )


def quoted(json: str) -> str:
    """Whether the JSON is a string."""
    return f"starts_with({json}, '\"')"


def convert(kind: ColumnType, text: str, json: str | None, raw: str) -> Converted:
    """As `Dialect.convert`; the characters of a JSON string are exact, a number is written anew."""
    is_text = "TRUE" if json is None else quoted(json)
    match kind.kind:
        case "string":
            # numbers are written anew by DuckDB, maps and lists have no place in a column
            return Converted(
                text, f"NOT {is_text} AND {text} NOT IN ('true', 'false') AND {_not(text, '-?[0-9]+')}"
            )
        case "int64":
            return _checked(text, "-?[0-9]{1,18}", f"TRY_CAST({text} AS BIGINT)")
        case "double":
            value = f"TRY_CAST({text} AS DOUBLE)"
            return Converted(
                value,
                f"({text} IS NOT NULL AND ({_not(text, _NUMBER)} OR {value} IS NULL OR isinf({value})))",
            )
        case "boolean":
            return Converted(f"({text} = 'true')", f"{text} NOT IN ('true', 'false')")
        case "timestamp":
            us = f"epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))"
            shown = f"CASE WHEN {us} BETWEEN {TIME_MIN_US} AND {TIME_MAX_US} THEN {us} END"
            return _checked(text, f"{_DAY}[T ]{_CLOCK}", shown)
        case "date":
            days = f"CAST(date_diff('day', DATE '1970-01-01', TRY_CAST({text} AS DATE)) AS BIGINT)"
            return _checked(text, _DAY, days)
        case "binary":
            return _checked(text, _BASE64, f"TRY(from_base64({text}))")
        case _:
            whole = f"-?[0-9]{{1,{max(1, kind.precision - kind.scale)}}}"
            pattern = f"{whole}([.][0-9]{{1,{kind.scale}}})?" if kind.scale else whole
            found = _checked(text, pattern, f"TRY_CAST({text} AS {sql_type(kind)})")
            # a number goes through a double: what does not fit into one is rounded before it is seen here
            rounded = f"(NOT {is_text} AND contains({text}, '.') AND {_matches_anywhere(raw, _LONG)})"
            return Converted(found.value, f"({found.doubt} OR {rounded})")


def _checked(text: str, pattern: str, value: str) -> Converted:
    return Converted(value, f"({text} IS NOT NULL AND ({_not(text, pattern)} OR {value} IS NULL))")


def _matches_anywhere(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, '{pattern}')"


def _not(text: str, pattern: str) -> str:
    return f"NOT regexp_full_match({text}, '{pattern}')"


def literal(value: object) -> str:
    """A constant of a table definition as SQL."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
