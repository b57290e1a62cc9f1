"""The types of an expression, told where the table is declared, so that no engine judges anything in its own way.

Every conversion stands in the tree from here on: no engine is left to choose a common type.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches

from msgspec import structs

from eventfold import limits
from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.types import INT64, STRING, TIMESTAMP, ColumnType
from eventfold.readmodels.declaring.views.tree import AGGREGATES, CONDITION, Node

Columns = Mapping[str, ColumnType | None]
"""The columns of a table; None = a list."""
DATE = ColumnType("date")
BOOLEAN = ColumnType("boolean")
SECONDS = ColumnType("decimal", 18, 6)
KINDS = frozenset({"string", "int64", "decimal", "boolean", "timestamp", "date"})
_NUMBERS = frozenset({"int64", "decimal"})
_TIMES = frozenset({"timestamp", "date"})
_ORDERED = _NUMBERS | _TIMES
_TEXT_BYTES = 4000
_DIGITS = 38


def checked(found: Node, columns: Columns) -> Node:
    """The same tree with the type of every operation.

    Raises:
        TableInvalid: a column that is not there, or an operation on what it is not made for.
    """
    if found.op == "column":
        return _column(found, columns)
    if found.op == "literal":
        return _literal(found)
    args = [checked(arg, columns) for arg in found.args]
    if inner := next((arg.op for arg in args if arg.op in AGGREGATES), None):
        raise TableInvalid(
            f"{inner}() is what a view keeps of a group: nothing can be made of it in the view."
        )
    return _RULES[found.op](found.op, *args)


def condition(given: Node) -> Node:
    """What is asked of a row: a comparison, or a truth value of it."""
    if given.type == CONDITION:
        return given
    if given.type == BOOLEAN:
        return Node("holds", (given,), type=CONDITION)
    raise TableInvalid(f"A condition is a comparison or a truth value, not a {given.type}.")


def _column(found: Node, columns: Columns) -> Node:
    name = str(found.value)
    if name not in columns:
        near = get_close_matches(name, columns, 1)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise TableInvalid(f"there is no column {name!r}{meant} The columns are: {', '.join(columns)}.")
    kind = columns[name]
    if kind is None or kind.kind not in KINDS:
        raise TableInvalid(
            f"the column {name} is a {kind or 'list'}, which engines compare and print differently: a view reads text,"
            " int64, decimals, booleans, dates and timestamps."
        )
    return structs.replace(found, type=kind)


def _literal(found: Node) -> Node:
    match found.value:
        case bool():
            kind = BOOLEAN
        case int() as whole if limits.INT_MIN <= whole <= limits.INT_MAX:
            kind = INT64
        case str() as text if _is_plain(text):
            kind = STRING
        case Decimal() as number if (told := _decimal(number)) is not None:
            return structs.replace(found, value=number.quantize(Decimal(1).scaleb(-told.scale)), type=told)
        case datetime() as time if time.utcoffset() is not None:
            return structs.replace(found, value=time.astimezone(UTC), type=TIMESTAMP)
        case date() as day if not isinstance(day, datetime):
            kind = DATE
        case other:
            raise TableInvalid(
                f"{other!r:.60} is no constant of a view: whole numbers have 64 bits, decimals 38 digits, times a zone,"
                f" texts at most {_TEXT_BYTES} bytes, no control characters and no '$(', which sqlcmd would replace."
            )
    return structs.replace(found, type=kind)


def _is_plain(text: str) -> bool:
    return text.isprintable() and "$(" not in text and len(text.encode(errors="replace")) <= _TEXT_BYTES


def _decimal(number: Decimal) -> ColumnType | None:
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
        return None
    _, digits, exponent = number.as_tuple()
    scale = max(0, -int(exponent))
    whole = max(len(digits) + int(exponent), 0)
    return ColumnType("decimal", max(whole + scale, 1), scale) if whole + scale <= _DIGITS else None


def _wrong(op: str, *args: Node) -> TableInvalid:
    return TableInvalid(f"{op} is not there for {' and '.join(str(arg.type) for arg in args)}.")


def _as_decimal(given: Node) -> ColumnType:
    if given.type.kind == "decimal":
        return given.type
    return ColumnType("decimal", len(str(abs(int(str(given.value))))) if given.op == "literal" else 19, 0)


def _fitting(op: str, whole: int, scale: int) -> ColumnType:
    if whole + scale > _DIGITS:
        raise TableInvalid(
            f"{op} may give {whole + scale} digits, and a decimal has {_DIGITS}: declare fewer."
        )
    return ColumnType("decimal", whole + scale, scale)


def _converted(given: Node, kind: ColumnType) -> Node:
    if given.type == kind:
        return given
    if given.op == "literal":
        exact = Decimal(str(given.value)).quantize(Decimal(1).scaleb(-kind.scale))
        return structs.replace(given, value=exact, type=kind)
    return Node("convert", (given,), type=kind)


def _alike(op: str, left: Node, right: Node) -> tuple[Node, Node]:
    """Both of one type, to which both are converted without loss."""
    if left.type == right.type:
        return left, right
    if {left.type.kind, right.type.kind} <= _NUMBERS:
        a, b = _as_decimal(left), _as_decimal(right)
        kind = _fitting(op, max(a.precision - a.scale, b.precision - b.scale), max(a.scale, b.scale))
        return _converted(left, kind), _converted(right, kind)
    hint = " Ask for the day() of the time." if {left.type.kind, right.type.kind} == _TIMES else ""
    raise TableInvalid(f"{_wrong(op, left, right).message}{hint}")


def _compared(op: str, left: Node, right: Node) -> Node:
    left, right = _alike(op, left, right)
    if left.type == CONDITION:
        raise TableInvalid(f"{op} compares values; conditions are joined by &, | and ~, each in parentheses.")
    if op not in {"equal", "unequal"} and left.type.kind not in _ORDERED:
        raise _wrong(op, left, right)
    return Node(op, (left, right), type=CONDITION)


def _joined(op: str, *args: Node) -> Node:
    return Node(op, tuple(condition(arg) for arg in args), type=CONDITION)


def _null(op: str, arg: Node) -> Node:
    if arg.type == CONDITION:
        raise _wrong(op, arg)
    return Node(op, (arg,), type=CONDITION)


def _computed(op: str, left: Node, right: Node) -> Node:
    if not {left.type.kind, right.type.kind} <= _NUMBERS:
        raise _wrong(op, left, right)
    if left.type == right.type == INT64:
        return Node(op, (left, right), type=INT64)
    a, b = _as_decimal(left), _as_decimal(right)
    if op == "multiply":
        scale = a.scale + b.scale
        kind = _fitting(op, a.precision + b.precision + 1 - scale, scale)
    else:
        kind = _fitting(op, max(a.precision - a.scale, b.precision - b.scale) + 1, max(a.scale, b.scale))
    return Node(op, (_converted(left, a), _converted(right, b)), type=kind)


def _otherwise(op: str, left: Node, right: Node) -> Node:
    left, right = _alike(op, left, right)
    if left.type == CONDITION:
        raise _wrong(op, left, right)
    return Node(op, (left, right), type=left.type)


def _when(op: str, asked: Node, value: Node) -> Node:
    return Node(op, (condition(asked), value), type=value.type)


def _part(kind: ColumnType, *of: str) -> Callable[[str, Node], Node]:
    def rule(op: str, arg: Node) -> Node:
        if arg.type.kind not in of:
            raise _wrong(f"{op}()", arg)
        return Node(op, (arg,), type=kind)

    return rule


def _seconds(op: str, later: Node, earlier: Node) -> Node:
    if not later.type == earlier.type == TIMESTAMP:
        raise _wrong(f"{op}()", later, earlier)
    return Node(op, (later, earlier), type=SECONDS)


def _days(op: str, later: Node, earlier: Node) -> Node:
    if not {later.type.kind, earlier.type.kind} <= _TIMES:
        raise _wrong(f"{op}()", later, earlier)
    days = (arg if arg.type == DATE else Node("day", (arg,), type=DATE) for arg in (later, earlier))
    return Node(op, tuple(days), type=INT64)


def _counted(op: str, arg: Node) -> Node:
    if arg.type == CONDITION:
        one = Node("literal", value=1, type=INT64)
        arg = Node("when", (arg, one), type=INT64)
    return Node(op, (arg,), type=INT64)


def _distinct(op: str, arg: Node) -> Node:
    if arg.type == CONDITION:
        raise _wrong(f"{op}()", arg)
    return Node(op, (arg,), type=INT64)


def _summed(op: str, arg: Node) -> Node:
    if arg.type.kind not in _NUMBERS:
        raise _wrong(f"{op}()", arg)
    wide = ColumnType("decimal", _DIGITS, arg.type.scale)
    total = Node(op, (_converted(arg, wide),), type=wide)
    return structs.replace(total, type=INT64) if arg.type == INT64 else total


def _extreme(op: str, arg: Node) -> Node:
    if arg.type.kind not in _ORDERED:
        raise _wrong(f"{op}()", arg)
    return Node(op, (arg,), type=arg.type)


_RULES: dict[str, Callable[..., Node]] = {
    **dict.fromkeys(("equal", "unequal", "less", "at_most", "greater", "at_least"), _compared),
    **dict.fromkeys(("and", "or", "not"), _joined),
    **dict.fromkeys(("add", "subtract", "multiply"), _computed),
    "null": _null,
    "otherwise": _otherwise,
    "when": _when,
    "day": _part(DATE, "timestamp"),
    "month": _part(DATE, *_TIMES),
    "year": _part(INT64, *_TIMES),
    "hour": _part(INT64, "timestamp"),
    "seconds_since": _seconds,
    "days_since": _days,
    "count_rows": lambda op: Node(op, type=INT64),
    "count": _counted,
    "distinct": _distinct,
    "sum": _summed,
    "min": _extreme,
    "max": _extreme,
}
"""Every operation there is, and what says its type."""


def reads_a_column(found: Node) -> bool:
    """Whether anything of a row is in it."""
    return found.op == "column" or any(map(reads_a_column, found.args))
