"""From the tree of a filter to a function over documents, with its fields and types checked.

Null is equal to null only, and never less or greater; `ne` is the opposite of `eq`. There is no third truth value.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eventfold.testing.aisearch.odata.lambdas import check_body
from eventfold.testing.aisearch.odata.parser import parse
from eventfold.testing.aisearch.odata.tree import (
    Compared,
    Constant,
    Each,
    Expression,
    Joined,
    Negated,
    NotUnderstood,
    OneOf,
    Variable,
)
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.schema.types import BOOLEAN, DOUBLE, NUMBERS, STRING, TIME
from eventfold.testing.aisearch.wire import expression as bad_expression

Test = Callable[[Any], bool]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "lt": operator.lt,
    "ge": operator.ge,
    "le": operator.le,
}
_SPOKEN = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "lt": "LessThan",
    "ge": "GreaterThanOrEqual",
    "le": "LessThanOrEqual",
}
_THOUSAND = 1000


def compiled(text: str, fields: Mapping[str, Field]) -> Test:
    """What tells whether a document fits a filter.

    Raises:
        Refused: 400, the service does not take it.
    """
    try:
        return _Fields(fields).test(parse(text))
    except NotUnderstood as error:
        raise bad_expression("$filter", str(error)) from None


@dataclass(frozen=True, slots=True)
class _Fields:
    """The names that a filter may say: fields, or inside a lambda only its variable."""

    fields: Mapping[str, Field]
    variable: str = ""
    element: Field | None = None

    def _found(self, variable: Variable) -> tuple[Callable[[Any], Any], Field]:
        if self.element is not None:
            if variable.name != self.variable:
                raise NotUnderstood(
                    f"'{variable.name}' is not bound to the range variable '{self.variable}'. Only bound field "
                    "references are supported inside lambda expressions ('any' or 'all')."
                )
            return lambda value: value, self.element
        field = _filterable(self.fields, variable.name)
        if field.is_collection:
            raise NotUnderstood(f"'{field.name}' is a collection: it is filtered by 'any' or 'all'.")
        name = field.name
        return lambda document: document.get(name), field

    def test(self, node: Expression) -> Test:
        match node:
            case Constant(value, "Edm.Boolean"):
                return lambda _: bool(value)
            case Variable():
                get, field = self._found(node)
                if field.kind != BOOLEAN:
                    raise NotUnderstood(f"'{node.name}' of type '{field.kind}' is no condition.")
                return lambda document: get(document) is True
            case Compared():
                return self._compared(node)
            case OneOf(value, items):
                get, field = self._found(value)
                if field.kind != STRING:
                    raise NotUnderstood(
                        f"'search.in' takes a string; '{field.name}' is of type '{field.kind}'."
                    )
                return lambda document: get(document) in items
            case Negated(operand):
                return self._negated(operand)
            case Joined(word, parts):
                tests = [self.test(part) for part in parts]
                if word == "and":
                    return lambda document: all(test(document) for test in tests)
                return lambda document: any(test(document) for test in tests)
            case Each():
                return self._each(node)
        raise NotUnderstood("A filter is a condition; a constant alone is none.")

    def _negated(self, operand: Expression) -> Test:
        if isinstance(operand, Variable):
            _, field = self._found(operand)
            if field.kind != BOOLEAN:
                raise NotUnderstood(
                    "A unary operator with an incompatible type was detected. Found operand type "
                    f"'{field.kind}' for operator kind 'Not'."
                )
        inner = self.test(operand)
        return lambda document: not inner(document)

    def _compared(self, node: Compared) -> Test:
        get, field = self._found(node.left)
        wanted = _constant(node, field)
        if field.kind == TIME and wanted is not None:
            bare = get
            get = lambda document: None if (value := bare(document)) is None else value * _THOUSAND  # noqa: E731 - as get
        match node.operator:
            case "eq":
                return lambda document: bool(get(document) == wanted)
            case "ne":
                return lambda document: bool(get(document) != wanted)
        order = _ORDER[node.operator]
        return lambda document: (value := get(document)) is not None and order(value, wanted)

    def _each(self, node: Each) -> Test:
        if self.element is not None:
            raise NotUnderstood("A lambda expression over elements that are no collections.")
        field = _filterable(self.fields, node.field.name)
        if not field.is_collection:
            raise NotUnderstood(f"'{node.quantifier}' is for collections; '{field.name}' is none.")
        name = field.name
        if node.body is None:
            return lambda document: bool(document.get(name))
        inside = _Fields({}, node.variable, field)
        test = inside.test(node.body)
        check_body(node.quantifier, node.body, field.kind)
        among = any if node.quantifier == "any" else all
        return lambda document: among(test(value) for value in document.get(name) or ())


def _filterable(fields: Mapping[str, Field], name: str) -> Field:
    field = fields.get(name)
    if field is None:
        raise NotUnderstood(f"Could not find a property named '{name}' on type 'search.document'.")
    if not field.filterable:
        raise NotUnderstood(
            f"'{name}' is not a filterable field. Only filterable fields can be used in filter expressions."
        )
    return field


def _constant(node: Compared, field: Field) -> Any:
    value, kind, word = node.right.value, node.right.kind, node.operator
    is_range = word in _ORDER
    if kind == "null":
        if is_range:
            raise NotUnderstood(f"'{word}' does not compare with null.")
        return None
    if field.kind in NUMBERS and kind in ("Edm.Int", DOUBLE):
        if field.kind != DOUBLE and kind == DOUBLE and not math.isfinite(value):
            raise NotUnderstood(f"'{field.name}' of type '{field.kind}' does not compare with NaN or INF.")
        return float(value) if field.kind == DOUBLE else value
    if kind != field.kind:
        raise NotUnderstood(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{field.kind}' and '{kind}' for operator kind '{_SPOKEN[word]}'."
        )
    if is_range and field.kind in (STRING, BOOLEAN):
        raise NotUnderstood(f"The operator '{word}' is not supported for the type '{field.kind}'.")
    return value
