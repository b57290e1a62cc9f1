"""From an expression and a document to a value, with the three-valued logic of the query language."""

import re
from collections.abc import Mapping
from typing import Any

from eventfold.testing.cosmos.sql.functions import call
from eventfold.testing.cosmos.sql.tree import (
    AGGREGATES,
    ArrayOf,
    Binary,
    Call,
    Expression,
    Literal,
    Member,
    NotUnderstood,
    ObjectOf,
    OneOf,
    Parameter,
    Root,
    Unary,
)
from eventfold.testing.cosmos.sql.values import UNDEFINED, compare, rank, same

_NUMBER, _TEXT = 3, 4


class Evaluator:
    """Evaluates expressions.

    Args:
        parameters: the named values of the query, names with @.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def value(self, expression: Expression, document: Any) -> Any:
        """The value of an expression for a document.

        Raises:
            NotUnderstood: a function, an operator or a parameter is not known.
        """
        match expression:
            case Literal(value):
                return value
            case Root():
                return document
            case Member(of, name):
                return _member(self.value(of, document), self.value(name, document))
            case Parameter(name):
                return self.parameter(name)
            case Binary(operator, left, right):
                return self._binary(operator, left, right, document)
            case Unary(operator, operand):
                return _unary(operator, self.value(operand, document))
            case OneOf(value, items):
                return self._one_of(self.value(value, document), items, document)
            case Call(name, arguments):
                if name in AGGREGATES:
                    raise NotUnderstood(f"{name} is not understood in this place.")
                return call(name, [self.value(argument, document) for argument in arguments])
            case ArrayOf(items):
                values = [self.value(item, document) for item in items]
                return [value for value in values if value is not UNDEFINED]
            case ObjectOf(pairs):
                values_of = {name: self.value(item, document) for name, item in pairs}
                return {name: value for name, value in values_of.items() if value is not UNDEFINED}

    def parameter(self, name: str) -> Any:
        """A named value.

        Raises:
            NotUnderstood: the query came without it.
        """
        if name not in self._parameters:
            raise NotUnderstood(f"The parameter {name} was not given a value.")
        return self._parameters[name]

    def count(self, expression: Expression | None, what: str) -> int | None:
        """A constant number of rows.

        Raises:
            NotUnderstood: it is none.
        """
        if expression is None:
            return None
        value = self.value(expression, UNDEFINED)
        if rank(value) != _NUMBER or value != int(value) or value < 0:
            raise NotUnderstood(f"{what} needs a whole number.")
        return int(value)

    def _one_of(self, value: Any, items: tuple[Expression, ...], document: Any) -> Any:
        if value is UNDEFINED:
            return UNDEFINED
        return any(same(value, self.value(item, document)) for item in items)

    def _binary(self, operator: str, left: Expression, right: Expression, document: Any) -> Any:
        one = self.value(left, document)
        if operator in ("AND", "OR"):
            decisive = operator == "OR"
            if one is decisive:
                return decisive
            other = self.value(right, document)
            if other is decisive:
                return decisive
            return not decisive if one is other is (not decisive) else UNDEFINED
        return _operated(operator, one, self.value(right, document))


def _member(of: Any, name: Any) -> Any:
    if isinstance(of, dict) and isinstance(name, str):
        return of.get(name, UNDEFINED)
    if isinstance(of, list) and isinstance(name, int) and not isinstance(name, bool) and 0 <= name < len(of):
        return of[name]
    return UNDEFINED


def _unary(operator: str, value: Any) -> Any:
    if operator == "NOT":
        return (not value) if isinstance(value, bool) else UNDEFINED
    if rank(value) != _NUMBER:
        return UNDEFINED
    return -value if operator == "-" else value


def _operated(operator: str, one: Any, other: Any) -> Any:
    if one is UNDEFINED or other is UNDEFINED:
        return UNDEFINED
    match operator:
        case "=":
            return same(one, other)
        case "!=":
            return not same(one, other)
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, one, other)
        case "LIKE":
            return _like(one, other)
        case "||":
            return one + other if rank(one) == rank(other) == _TEXT else UNDEFINED
    return _calculated(operator, one, other)


def _ordered(operator: str, one: Any, other: Any) -> Any:
    if rank(one) != rank(other) or rank(one) > _TEXT:
        return UNDEFINED
    order = compare(one, other)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _calculated(operator: str, one: Any, other: Any) -> Any:
    if rank(one) != _NUMBER or rank(other) != _NUMBER or (operator in "/%" and other == 0):
        return UNDEFINED
    match operator:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            return one / other
        case "%":
            return abs(one) % abs(other) * (1 if one >= 0 else -1)
    raise NotUnderstood(f"The operator {operator} is not known to the stand-in.")


def _like(text: Any, pattern: Any) -> Any:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return UNDEFINED
    if "[" in pattern:
        raise NotUnderstood("LIKE with [] is not known to the stand-in.")
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
