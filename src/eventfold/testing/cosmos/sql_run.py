"""Answers a parsed query over documents. Undefined is no value: a comparison with it is no match."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from eventfold.testing.cosmos.answers import Refusal
from eventfold.testing.cosmos.sql_parse import Node, Query

_UNDEFINED = object()
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def run(query: Query, documents: Iterable[dict[str, Any]], parameters: Mapping[str, Any]) -> list[Any]:
    """The rows of a query."""
    found = [d for d in documents if query.where is None or _value(query.where, d, parameters) is True]
    if query.group or any(node[0] == "aggregate" for _, node in query.fields):
        rows = _grouped(query, found, parameters)
    else:
        for node, descending in reversed(query.order):
            found.sort(key=lambda d: _rank(_value(node, d, parameters)), reverse=descending)
        rows = [_row(query, d, parameters) for d in found]
    rows = [row for row in rows if row is not _UNDEFINED]
    return rows[query.offset :] if query.top is None else rows[query.offset : query.offset + query.top]


def _row(query: Query, document: dict[str, Any], parameters: Mapping[str, Any]) -> Any:
    if not query.fields:
        return document
    if query.value:
        return _value(query.fields[0][1], document, parameters)
    row = {name: _value(node, document, parameters) for name, node in query.fields}
    return {name: value for name, value in row.items() if value is not _UNDEFINED}


def _grouped(query: Query, found: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[Any]:
    groups: dict[str, list[dict[str, Any]]] = {} if query.group else {"": []}
    for document in found:
        key = repr([_value(node, document, parameters) for node in query.group]) if query.group else ""
        groups.setdefault(key, []).append(document)
    rows = []
    for members in groups.values():
        row = {name: _of_group(node, members, parameters) for name, node in query.fields}
        if query.value:
            rows.append(next(iter(row.values())))
        else:
            rows.append({name: value for name, value in row.items() if value is not _UNDEFINED})
    return rows


def _of_group(node: Node, members: list[dict[str, Any]], parameters: Mapping[str, Any]) -> Any:
    if node[0] != "aggregate":
        return _value(node, members[0], parameters)
    values = [_value(node[2][0], member, parameters) for member in members]
    values = [value for value in values if value is not _UNDEFINED]
    match node[1]:
        case "COUNT":
            return len(values)
        case "SUM":
            return sum(values)
        case "MAX":
            return max(values) if values else _UNDEFINED
        case _:
            return min(values) if values else _UNDEFINED


def _value(node: Node, document: dict[str, Any], parameters: Mapping[str, Any]) -> Any:
    match node:
        case ("value", value):
            return value
        case ("parameter", name):
            if name not in parameters:
                raise Refusal(400, f"The parameter {name} is not given.")
            return parameters[name]
        case ("path", names):
            return _at(document, names)
        case ("and", left, right):
            return _value(left, document, parameters) is True and _value(right, document, parameters) is True
        case ("or", left, right):
            return _value(left, document, parameters) is True or _value(right, document, parameters) is True
        case ("not", inner):
            found = _value(inner, document, parameters)
            return found if found is _UNDEFINED else not found
        case ("in", left, members):
            wanted = _value(left, document, parameters)
            return any(_same(wanted, _value(member, document, parameters)) for member in members)
        case ("call", name, arguments):
            return _call(name, [_value(argument, document, parameters) for argument in arguments])
        case (sign, left, right):
            return _compared(sign, _value(left, document, parameters), _value(right, document, parameters))
    raise Refusal(400, f"The stand-in does not understand {node[0]!r} here.")


def _compared(sign: str, left: Any, right: Any) -> Any:
    if left is _UNDEFINED or right is _UNDEFINED:
        return _UNDEFINED
    if sign == "=":
        return _same(left, right)
    if sign == "!=":
        return not _same(left, right)
    if _kind(left) != _kind(right):
        return _UNDEFINED
    return _COMPARE[sign](left, right)


def _call(name: str, arguments: list[Any]) -> Any:
    match name, arguments:
        case "IS_DEFINED", [value]:
            return value is not _UNDEFINED
        case "IS_NULL", [value]:
            return value is None
        case "STARTSWITH", [str(text), str(prefix)]:
            return text.startswith(prefix)
        case "ARRAY_CONTAINS", [list(members), wanted]:
            return any(_same(wanted, member) for member in members)
        case (("STARTSWITH" | "ARRAY_CONTAINS"), _):
            return _UNDEFINED
    raise Refusal(400, f"The stand-in knows no function {name} of {len(arguments)} arguments.")


def _at(document: Any, names: Iterable[str]) -> Any:
    for name in names:
        if not isinstance(document, dict) or name not in document:
            return _UNDEFINED
        document = document[name]
    return document


def _same(left: Any, right: Any) -> bool:
    return _kind(left) == _kind(right) and left == right


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(type(value))
    return "number" if isinstance(value, int | float) else type(value).__name__


def _rank(value: Any) -> tuple[int, Any]:
    """Values of one kind sort by themselves, kinds in the service's order."""
    order = {"object": 0, str(type(None)): 1, str(bool): 2, "number": 3, "str": 4}
    kind = _kind(value)
    return order.get(kind, 5), value if kind in {"number", "str", str(bool)} else 0
