"""From a text to the tree of a filter, by the published grammar: recursive descent, one method for one rule."""

import re
from collections.abc import Callable
from typing import NamedTuple

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
from eventfold.testing.aisearch.schema.types import DOUBLE, STRING, TIME, WORDS, Mistyped, microseconds

_TOKEN = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<float>[+-]?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|-INF\b)"
    r"|(?P<int>[+-]?\d+)(?![\w.])"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z]+)?)"
    r"|(?P<sign>[(),:/])"
    r"|(?P<blank>\s+)",
    re.ASCII,
)
_TURNED = {"eq": "eq", "ne": "ne", "gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
_OPERATORS = frozenset(_TURNED)
_RESERVED = _OPERATORS | {"and", "or", "not", "true", "false", "null", "any", "all", "NaN", "INF"}
_INT64 = 1 << 63
_DEEPEST = 50
_MOST_CLAUSES = 1000


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def parse(text: str) -> Expression:
    """The tree of a filter.

    Raises:
        NotUnderstood: it is none, or too large.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._clauses = 0

    def whole(self) -> Expression:
        found = self._or()
        if self._next.kind != "end":
            raise self._error()
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _has(self, *texts: str) -> bool:
        ahead = self._tokens[self._at : self._at + len(texts)]
        if [token.text for token in ahead if token.kind in ("name", "sign")] != list(texts):
            return False
        self._at += len(texts)
        return True

    def _expect(self, text: str) -> None:
        if not self._has(text):
            raise self._error()

    def _error(self) -> NotUnderstood:
        token = self._next
        near = f"'{token.text}' at position {token.start}" if token.text else "the end"
        return NotUnderstood(f"Syntax error near {near}.")

    def _or(self) -> Expression:
        return self._joined("or", lambda: self._joined("and", self._compared))

    def _joined(self, word: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._has(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _compared(self) -> Expression:
        self._clauses += 1
        if self._clauses > _MOST_CLAUSES:
            raise NotUnderstood(f"The filter has more than {_MOST_CLAUSES} clauses.")
        left = self._unary()
        if self._next.kind != "name" or self._next.text not in _OPERATORS:
            return left
        operator = self._take().text
        right = self._unary()
        match left, right:
            case Variable(), Constant():
                return Compared(operator, left, right)
            case Constant(), Variable():
                return Compared(_TURNED[operator], right, left)
            case OneOf(), Constant(kind="Edm.Boolean") if operator in ("eq", "ne"):
                return left if right.value == (operator == "eq") else Negated(left)
        raise NotUnderstood("Comparisons are between a field, or a range variable, and a constant.")

    def _unary(self) -> Expression:
        if self._has("not"):
            return Negated(self._deeper(self._unary))
        if self._has("("):
            inner = self._deeper(self._or)
            self._expect(")")
            return inner
        return self._atom()

    def _deeper(self, part: Callable[[], Expression]) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotUnderstood(f"The filter is nested deeper than {_DEEPEST} levels.")
        found = part()
        self._depth -= 1
        return found

    def _atom(self) -> Expression:
        token = self._take()
        match token.kind, token.text:
            case "int", text:
                if not -_INT64 <= int(text) < _INT64:
                    raise NotUnderstood(f"The number {text[:40]} is not within 64 bits.")
                return Constant(int(text), "Edm.Int")
            case "float", text:
                return Constant(WORDS.get(text) or float(text), DOUBLE)
            case "string", _:
                return Constant(_text_of(token), STRING)
            case "time", text:
                return Constant(_moment(text), TIME)
            case "name", ("true" | "false") as text:
                return Constant(text == "true", "Edm.Boolean")
            case "name", "null":
                return Constant(None, "null")
            case "name", ("NaN" | "INF") as text:
                return Constant(WORDS[text], DOUBLE)
            case "name", "search.in":
                return self._one_of()
            case "name", name if name not in _RESERVED and "." not in name:
                return self._field(name)
        self._at -= 1
        raise self._error()

    def _field(self, name: str) -> Expression:
        if not self._has("/"):
            return Variable(name)
        token = self._take()
        if token.text not in ("any", "all"):
            raise NotUnderstood(f"'{name}/{token.text}' is no field: the stand-in knows no complex types.")
        self._expect("(")
        if token.text == "any" and self._has(")"):
            return Each("any", Variable(name), "", None)
        variable = self._take()
        if variable.kind != "name" or variable.text in _RESERVED:
            raise self._error()
        self._expect(":")
        body = self._deeper(self._or)
        self._expect(")")
        return Each(token.text, Variable(name), variable.text, body)

    def _one_of(self) -> Expression:
        self._expect("(")
        variable = self._take()
        if variable.kind != "name" or variable.text in _RESERVED:
            raise self._error()
        self._expect(",")
        items, delimiters = self._string(), " ,"
        if self._has(","):
            delimiters = self._string()
        self._expect(")")
        found = re.split("[" + re.escape(delimiters) + "]", items) if delimiters else [items]
        return OneOf(Variable(variable.text), frozenset(item for item in found if item))

    def _string(self) -> str:
        token = self._take()
        if token.kind != "string":
            self._at -= 1
            raise self._error()
        return _text_of(token)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood(f"Syntax error near '{text[at : at + 20]}' at position {at}.")
        if match.lastgroup != "blank":
            found.append(_Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*found, _Token("end", "", at)]


def _text_of(token: _Token) -> str:
    return token.text[1:-1].replace("''", "'")


def _moment(text: str) -> int:
    try:
        return microseconds(text)
    except Mistyped as error:
        raise NotUnderstood(str(error)) from None
