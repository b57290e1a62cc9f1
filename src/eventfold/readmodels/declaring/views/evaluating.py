"""What a view means, in plain Python: the reference that every printed SQL is held to."""

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from eventfold import limits
from eventfold.errors import ValueUnfit
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.views.spec import ViewSpec
from eventfold.readmodels.declaring.views.tree import AGGREGATES, Node

Row = Mapping[str, Any]
_EXACT = Context(prec=100)


def evaluate(view: ViewSpec, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of a view, in no order; null is None, decimals have the scale of their type.

    Args:
        view: what is asked.
        rows: of its table, as `LiveTable.rows` has them.

    Raises:
        ValueUnfit: a number does not fit the type of its column; an engine refuses the statement there.
    """
    kept = [row for row in rows if view.where is None or _value(view.where, row) is True]
    if not view.grouped:
        return [{name: _value(tree, row) for name, tree in view.columns.items()} for row in kept]
    keys = [tree for tree in view.columns.values() if tree.op not in AGGREGATES]
    groups: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
    for row in kept:
        groups.setdefault(tuple(_value(tree, row) for tree in keys), []).append(row)
    return [_group(view, key, members) for key, members in groups.items()]


def _group(view: ViewSpec, key: tuple[Any, ...], members: list[Row]) -> dict[str, Any]:
    of_group = iter(key)
    return {
        name: _aggregate(tree, members) if tree.op in AGGREGATES else next(of_group)
        for name, tree in view.columns.items()
    }


def _aggregate(tree: Node, members: list[Row]) -> Any:
    if tree.op == "count_rows":
        return len(members)
    (arg,) = tree.args
    values = [value for row in members if (value := _value(arg, row)) is not None]
    if tree.op == "count":
        return len(values)
    if tree.op == "distinct":
        return len(set(values))
    if not values:
        return None
    if tree.op == "sum":
        total = Decimal(0).quantize(values[0])
        for value in values:
            total = _EXACT.add(total, value)
        return _fit(tree.type, int(total) if tree.type.kind == "int64" else total)
    return min(values) if tree.op == "min" else max(values)


def _value(tree: Node, row: Row) -> Any:
    match tree.op:
        case "column":
            return row[str(tree.value)]
        case "literal":
            return tree.value
        case "null":
            return _value(tree.args[0], row) is None
        case "when":
            return _value(tree.args[1], row) if _value(tree.args[0], row) is True else None
        case "otherwise":
            first = _value(tree.args[0], row)
            return _value(tree.args[1], row) if first is None else first
    args = [_value(arg, row) for arg in tree.args]
    if tree.op in _LOGIC:
        return _LOGIC[tree.op](*args)
    if None in args:
        return None
    return _fit(tree.type, _PLAIN[tree.op](*args) if tree.op != "convert" else _convert(tree.type, *args))


def _and(*given: bool | None) -> bool | None:
    return False if False in given else None if None in given else True


def _or(*given: bool | None) -> bool | None:
    return True if True in given else None if None in given else False


def _not(*given: bool | None) -> bool | None:
    return None if None in given else not given[0]


def _convert(kind: ColumnType, value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale), context=_EXACT)


def _computed(
    whole: Callable[[Any, Any], Any], exact: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    return lambda a, b: whole(a, b) if isinstance(a, int) else exact(a, b)


def _day(time: datetime) -> date:
    return time.astimezone(UTC).date()


def _of_day(given: date) -> date:
    return _day(given) if isinstance(given, datetime) else given


def _seconds(later: datetime, earlier: datetime) -> Decimal:
    return Decimal((later - earlier) // timedelta(microseconds=1)).scaleb(-6, _EXACT)


def _fit(kind: ColumnType, value: Any) -> Any:
    whole = kind.kind == "int64" and not limits.INT_MIN <= value <= limits.INT_MAX
    if whole or (kind.kind == "decimal" and abs(value.scaleb(kind.scale, _EXACT)) > kind.limit):
        raise ValueUnfit(f"{value} does not fit {kind}")
    return value


_LOGIC: dict[str, Callable[..., bool | None]] = {"and": _and, "or": _or, "not": _not}
_PLAIN: dict[str, Callable[..., Any]] = {
    "holds": bool,
    "equal": operator.eq,
    "unequal": operator.ne,
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
    "add": _computed(operator.add, _EXACT.add),
    "subtract": _computed(operator.sub, _EXACT.subtract),
    "multiply": _computed(operator.mul, _EXACT.multiply),
    "day": _day,
    "month": lambda given: _of_day(given).replace(day=1),
    "year": lambda given: _of_day(given).year,
    "hour": lambda time: time.astimezone(UTC).hour,
    "seconds_since": _seconds,
    "days_since": lambda later, earlier: (later - earlier).days,
}
