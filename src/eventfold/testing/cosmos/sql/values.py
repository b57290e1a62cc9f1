"""Values as the query language sees them: JSON and "undefined", how they compare and how they sort.

True is not 1 here, although Python says so.
"""

from typing import Any


class Undefined:
    """What is not there; false, and equal to nothing."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


def rank(value: Any) -> int:
    """The place of a value's type in the order of types."""
    match value:
        case Undefined():
            return 0
        case None:
            return 1
        case bool():
            return 2
        case int() | float():
            return 3
        case str():
            return 4
        case list():
            return 5
        case _:
            return 6


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, their types included."""
    kind = rank(one)
    if kind != rank(other):
        return False
    if kind == 5:
        return len(one) == len(other) and all(map(same, one, other))
    if kind == 6:
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


def compare(one: Any, other: Any) -> int:
    """Negative, zero or positive, for any two values: first by type, then by value."""
    kind = rank(one)
    if kind != rank(other):
        return kind - rank(other)
    if kind in (0, 1) or same(one, other):
        return 0
    if kind in (5, 6):
        return -1 if str(one) < str(other) else 1
    return -1 if one < other else 1


def sort_key(value: Any) -> tuple[int, Any]:
    """What sorts values as `compare` does."""
    kind = rank(value)
    if kind in (2, 3, 4):
        return (kind, value)
    return (kind, str(value)) if kind > 4 else (kind, 0)
