"""The tree of a filter. Data only."""

from dataclasses import dataclass
from typing import Any


class NotUnderstood(Exception):
    """A text that is no filter of the service."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; its kind is the type that it has in OData, "null" for null, "Edm.Int" for a whole number."""

    value: Any
    kind: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A field, or the range variable of `any` and `all`."""

    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """`field eq 1`; what stood with the constant first is turned round."""

    operator: str
    left: Variable
    right: Constant


@dataclass(frozen=True, slots=True)
class OneOf:
    """`search.in(field, 'a,b', ',')`."""

    value: Variable
    items: frozenset[str]


@dataclass(frozen=True, slots=True)
class Negated:
    """`not (...)`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Joined:
    """`a and b and c`, or the same with `or`."""

    operator: str
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Each:
    """`field/any(x: ...)`, `field/all(x: ...)`, or `field/any()` without a body."""

    quantifier: str
    field: Variable
    variable: str
    body: "Expression | None"


Expression = Constant | Variable | Compared | OneOf | Negated | Joined | Each
