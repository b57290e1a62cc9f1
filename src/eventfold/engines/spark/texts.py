"""From the JSON of a value to a typed value in Spark's SQL, and when that is not certain.

A variant keeps every digit of a number and tells a string from a number; it does not keep how the number was written
(1.10 is 1.1, 100.0 is 100), and what has an exponent or more than 38 digits is a double. Casts trim, round and guess,
so each text is matched before it is cast.
"""

from eventfold.engines.compiling.dialect import Converted
from eventfold.limits import TIME_MAX_US, TIME_MIN_US
from eventfold.readmodels.declaring.types import ColumnType

_NUMBER = "-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,9})?"
_DAY = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
_BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
SQL_TYPES = {
    "string": "STRING",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "binary": "BINARY",
}


def sql_type(kind: ColumnType) -> str:
    """The type of a column's values inside the engine."""
    return f"DECIMAL({kind.precision},{kind.scale})" if kind.kind == "decimal" else SQL_TYPES[kind.kind]


def literal(value: object) -> str:
    """A constant of a table definition as SQL.

    All but plain characters are escaped: a quote, a backslash, and the `${...}` that Spark replaces in every statement.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return (
        "'"
        + "".join(c if c.isascii() and (c.isalnum() or c in " _.-") else _escaped(c) for c in str(value))
        + "'"
    )


def convert(kind: ColumnType, text: str, json: str | None, raw: str) -> Converted:
    """As `Dialect.convert`."""
    match kind.kind:
        case "string":
            return Converted(text, "" if json is None else _written_anew(text, json))
        case "int64":
            found = _checked(text, "-?[0-9]{1,18}", f"TRY_CAST({text} AS BIGINT)")
            if json is None:
                return found
            # 100.0 has the text 100
            return Converted(found.value, f"({found.doubt} OR {_is_none_of(json, 'STRING', 'BIGINT')})")
        case "double":
            value = f"TRY_CAST({text} AS DOUBLE)"
            unfit = f"{_not(text, _NUMBER)} OR {value} IS NULL OR abs({value}) = double('Infinity')"
            # a number that is -0.0 has the text 0
            signed = f"({text} = '0' AND contains({raw}, '-0'))"
            return Converted(value, f"({text} IS NOT NULL AND ({unfit} OR {signed}))")
        case "boolean":
            return Converted(f"({text} = 'true')", f"{text} NOT IN ('true', 'false')")
        case "timestamp":
            value = f"TRY_CAST({text} AS TIMESTAMP)"
            shown = f"CASE WHEN unix_micros({value}) BETWEEN {TIME_MIN_US} AND {TIME_MAX_US} THEN {value} END"
            return _checked(text, f"{_DAY}[T ]{_CLOCK}", shown)
        case "date":
            return _checked(text, _DAY, f"TRY_CAST({text} AS DATE)")
        case "binary":
            plain = f"CASE WHEN NOT {_not(text, _BASE64)} THEN unbase64({text}) END"
            return _checked(text, _BASE64, plain)
        case _:
            whole = f"-?[0-9]{{1,{max(1, kind.precision - kind.scale)}}}"
            pattern = f"{whole}([.][0-9]{{1,{kind.scale}}})?" if kind.scale else whole
            found = _checked(text, pattern, f"TRY_CAST({text} AS {sql_type(kind)})")
            if json is None:
                return found
            rounded = (
                f"(CASE WHEN contains({text}, '.') THEN schema_of_variant({json}) = 'DOUBLE' ELSE FALSE END)"
            )
            return Converted(found.value, f"({found.doubt} OR {rounded})")


def _written_anew(text: str, json: str) -> str:
    """Whether a text may be that of a number with a fraction, of a list or of a map; asked only where it looks so."""
    looks = f"{text} RLIKE '^[-0-9IN{{\\\\[]'"
    return f"(CASE WHEN {looks} THEN schema_of_variant({json}) NOT IN ('STRING', 'BIGINT') ELSE FALSE END)"


def _is_none_of(json: str, *kinds: str) -> str:
    listed = ", ".join(f"'{kind}'" for kind in ("VOID", *kinds))
    return f"schema_of_variant({json}) NOT IN ({listed})"


def _checked(text: str, pattern: str, value: str) -> Converted:
    return Converted(value, f"({text} IS NOT NULL AND ({_not(text, pattern)} OR {value} IS NULL))")


def _not(text: str, pattern: str) -> str:
    # $ matches before a newline at the end too
    return f"NOT {text} RLIKE '\\\\A(?:{pattern})\\\\z'"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
