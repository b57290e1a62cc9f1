"""The functions of the query language that the stand-in knows, by name. Undefined in, undefined out, mostly."""

import math
from collections.abc import Callable
from typing import Any

from eventfold.testing.cosmos.sql.tree import NotUnderstood
from eventfold.testing.cosmos.sql.values import UNDEFINED, rank, same

_NUMBER, _TEXT, _LIST, _OBJECT = 3, 4, 5, 6


def call(name: str, arguments: list[Any]) -> Any:
    """The value of a function.

    Raises:
        NotUnderstood: there is none of that name, or not with so many arguments.
    """
    known = FUNCTIONS.get(name)
    if known is None:
        raise NotUnderstood(f"Function {name} is not known to the stand-in.")
    function, least, most = known
    if not least <= len(arguments) <= most:
        raise NotUnderstood(f"Function {name} does not take {len(arguments)} arguments.")
    return function(*arguments)


def _is(*ranks: int) -> Callable[[Any], bool]:
    return lambda value: rank(value) in ranks


def _texts(found: Callable[[str, str], Any]) -> Callable[..., Any]:
    def run(one: Any, other: Any, fold: Any = False) -> Any:  # noqa: FBT002 - as the language has it
        if not isinstance(one, str) or not isinstance(other, str):
            return UNDEFINED
        return found(one.lower(), other.lower()) if fold is True else found(one, other)

    return run


def _text(found: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: found(value) if isinstance(value, str) else UNDEFINED


def _number(found: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: found(value) if rank(value) == _NUMBER else UNDEFINED


def _contains(array: Any, wanted: Any, partial: Any = False) -> Any:  # noqa: FBT002 - as the language has it
    if not isinstance(array, list) or wanted is UNDEFINED:
        return UNDEFINED
    if partial is True and isinstance(wanted, dict):
        return any(
            isinstance(each, dict) and all(k in each and same(each[k], v) for k, v in wanted.items())
            for each in array
        )
    return any(same(each, wanted) for each in array)


def _concat(*parts: Any) -> Any:
    return "".join(parts) if all(isinstance(part, str) for part in parts) else UNDEFINED


def _substring(text: Any, start: Any, length: Any) -> Any:
    if not isinstance(text, str) or rank(start) != _NUMBER or rank(length) != _NUMBER:
        return UNDEFINED
    return text[max(0, int(start)) : max(0, int(start)) + max(0, int(length))]


def _array_length(array: Any) -> Any:
    return len(array) if isinstance(array, list) else UNDEFINED


def _rounded(value: Any) -> Any:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)  # halves go away from zero


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "IS_DEFINED": (lambda value: value is not UNDEFINED, 1, 1),
    "IS_NULL": (_is(1), 1, 1),
    "IS_BOOL": (_is(2), 1, 1),
    "IS_NUMBER": (_is(_NUMBER), 1, 1),
    "IS_STRING": (_is(_TEXT), 1, 1),
    "IS_ARRAY": (_is(_LIST), 1, 1),
    "IS_OBJECT": (_is(_OBJECT), 1, 1),
    "IS_PRIMITIVE": (_is(1, 2, _NUMBER, _TEXT), 1, 1),
    "STARTSWITH": (_texts(str.startswith), 2, 3),
    "ENDSWITH": (_texts(str.endswith), 2, 3),
    "CONTAINS": (_texts(str.__contains__), 2, 3),
    "STRINGEQUALS": (_texts(str.__eq__), 2, 3),
    "INDEX_OF": (_texts(str.find), 2, 2),
    "LENGTH": (_text(len), 1, 1),
    "LOWER": (_text(str.lower), 1, 1),
    "UPPER": (_text(str.upper), 1, 1),
    "TRIM": (_text(str.strip), 1, 1),
    "CONCAT": (_concat, 2, 100),
    "SUBSTRING": (_substring, 3, 3),
    "ARRAY_CONTAINS": (_contains, 2, 3),
    "ARRAY_LENGTH": (_array_length, 1, 1),
    "ABS": (_number(abs), 1, 1),
    "FLOOR": (_number(math.floor), 1, 1),
    "CEILING": (_number(math.ceil), 1, 1),
    "ROUND": (_number(_rounded), 1, 1),
}
