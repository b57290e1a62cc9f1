"""The tree of a query. Data only; every expression keeps the text it was read from, for rewritten queries."""

from dataclasses import dataclass, field
from typing import Any


class NotUnderstood(Exception):
    """A query, or a part of it, that the stand-in does not know."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named value that comes with the query."""

    name: str


@dataclass(frozen=True, slots=True)
class Root:
    """The document."""


@dataclass(frozen=True, slots=True)
class Member:
    """A property of an object or an element of an array."""

    of: "Expression"
    name: "Expression"


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """`[a, b]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{"a": b}`."""

    items: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """NOT, - or +."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function; its name is in upper case."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """`value IN (a, b)`."""

    value: "Expression"
    items: tuple["Expression", ...]


Expression = Literal | Parameter | Root | Member | ArrayOf | ObjectOf | Unary | Binary | Call | OneOf

AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})


@dataclass(frozen=True, slots=True)
class Selected:
    """One expression of a SELECT: its name in the answer and its text."""

    expression: Expression
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """One expression of an ORDER BY."""

    expression: Expression
    text: str
    descending: bool


@dataclass(slots=True)
class Query:
    """A whole query.

    Attributes:
        items: what is selected; empty for `*`.
        value: whether it says VALUE.
        source: the text after FROM.
        alias: the name of the document in it.
        condition: the text after WHERE.
    """

    items: list[Selected] = field(default_factory=list)
    value: bool = False
    distinct: bool = False
    top: Expression | None = None
    source: str = "c"
    alias: str = "c"
    where: Expression | None = None
    condition: str = ""
    groups: list[Expression] = field(default_factory=list)
    order: list[Ordered] = field(default_factory=list)
    offset: Expression | None = None
    limit: Expression | None = None

    @property
    def aggregates(self) -> list[Call]:
        """The aggregates among what is selected."""
        return [call for item in self.items for call in aggregates_in(item.expression)]


def aggregates_in(expression: Expression) -> list[Call]:
    """The aggregates inside an expression."""
    match expression:
        case Call(name, arguments):
            inner = [call for argument in arguments for call in aggregates_in(argument)]
            return [expression, *inner] if name in AGGREGATES else inner
        case Member(of, name):
            return aggregates_in(of) + aggregates_in(name)
        case ArrayOf(items):
            return [call for item in items for call in aggregates_in(item)]
        case ObjectOf(pairs):
            return [call for _, item in pairs for call in aggregates_in(item)]
        case Unary(_, operand):
            return aggregates_in(operand)
        case Binary(_, left, right):
            return aggregates_in(left) + aggregates_in(right)
        case OneOf(value, items):
            return aggregates_in(value) + [call for item in items for call in aggregates_in(item)]
        case _:
            return []


def path_of(expression: Expression) -> tuple[str, ...] | None:
    """The names from the document down to a property; None for anything else."""
    if isinstance(expression, Root):
        return ()
    if isinstance(expression, Member) and isinstance(expression.name, Literal):
        above = path_of(expression.of)
        return None if above is None else (*above, str(expression.name.value))
    return None
