"""The part of the service's SQL that the stand-in understands, as a tree. What it does not understand, it refuses."""

import re
from typing import Any, NamedTuple

from eventfold.testing.cosmos.answers import Refusal

_TOKENS = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>@?[A-Za-z_]\w*)"""
    r"""|(?P<op><=|>=|!=|<>|[=<>(),.*\[\]]))"""
)
_COMPARISONS = {"=", "!=", "<>", "<", "<=", ">", ">="}
_AGGREGATES = {"COUNT", "MAX", "MIN", "SUM"}
Node = tuple[Any, ...]


class Query(NamedTuple):
    """A parsed SELECT.

    Attributes:
        fields: (name, node) in order; empty for `*`.
        value: whether `SELECT VALUE`.
        top: how many, if limited.
        where: condition, or None.
        group: nodes of GROUP BY.
        order: (node, descending) of ORDER BY.
        offset: rows left out at the beginning.
    """

    fields: list[tuple[str, Node]]
    value: bool
    top: int | None
    where: Node | None
    group: list[Node]
    order: list[tuple[Node, bool]]
    offset: int = 0


def parse(text: str) -> Query:
    """The tree of a query; 400 where it is not understood."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        text = text.strip().rstrip(";")
        while at < len(text):
            match = _TOKENS.match(text, at)
            if match is None or match.end() == at:
                raise Refusal(400, f"The stand-in does not understand {text[at : at + 20]!r}.")
            self._tokens.append(match.group().strip())
            at = match.end()
        self._at = 0
        self._alias = "c"

    def query(self) -> Query:
        self._expect("SELECT")
        top = self._whole() if self._take("TOP") else None
        value = self._take("VALUE")
        fields = [] if self._take("*") else self._fields()
        self._expect("FROM")
        self._alias = self._next()
        if self._take("AS") or ((self._peek() or "").isidentifier() and self._peek_upper() not in _KEYWORDS):
            self._alias = self._next()
        where = self._or() if self._take("WHERE") else None
        group = self._list() if self._words("GROUP", "BY") else []
        order = self._order() if self._words("ORDER", "BY") else []
        offset = 0
        if self._take("OFFSET"):
            offset = self._whole()
            self._expect("LIMIT")
            top = self._whole()
        if self._peek() is not None:
            raise Refusal(400, f"The stand-in does not understand {self._peek()!r}.")
        return Query(fields, value, top, where, group, order, offset)

    def _fields(self) -> list[tuple[str, Node]]:
        found: list[tuple[str, Node]] = []
        while True:
            node = self._term()
            name = str(node[-1][-1]) if node[0] == "path" and node[1] else f"${len(found) + 1}"
            if self._take("AS"):
                name = self._next()
            found.append((name, node))
            if not self._take(","):
                return found

    def _list(self) -> list[Node]:
        found = [self._term()]
        while self._take(","):
            found.append(self._term())
        return found

    def _order(self) -> list[tuple[Node, bool]]:
        found = []
        while True:
            node = self._term()
            descending = self._take("DESC")
            if not descending:
                self._take("ASC")
            found.append((node, descending))
            if not self._take(","):
                return found

    def _or(self) -> Node:
        left = self._and()
        while self._take("OR"):
            left = ("or", left, self._and())
        return left

    def _and(self) -> Node:
        left = self._not()
        while self._take("AND"):
            left = ("and", left, self._not())
        return left

    def _not(self) -> Node:
        if self._take("NOT"):
            return ("not", self._not())
        left = self._term()
        if self._take("IN"):
            self._expect("(")
            return ("in", left, self._list_until_bracket())
        if self._take("BETWEEN"):
            low = self._term()
            self._expect("AND")
            return ("and", (">=", left, low), ("<=", left, self._term()))
        if self._peek() in _COMPARISONS:
            operator = self._next()
            return ("!=" if operator == "<>" else operator, left, self._term())
        return left

    def _term(self) -> Node:
        token = self._next()
        if token[0] == "(":
            inner = self._or()
            self._expect(")")
            return inner
        if token[0] in "\"'":
            return ("value", token[1:-1].replace("\\'", "'").replace('\\"', '"'))
        if token[0].isdigit():
            return ("value", float(token) if "." in token else int(token))
        if token[0] == "@":
            return ("parameter", token)
        upper = token.upper()
        if upper in {"TRUE", "FALSE", "NULL"}:
            return ("value", {"TRUE": True, "FALSE": False, "NULL": None}[upper])
        if self._peek() == "(":
            self._next()
            arguments = self._list_until_bracket()
            return ("aggregate" if upper in _AGGREGATES else "call", upper, arguments)
        return ("path", self._path())

    def _path(self) -> tuple[str, ...]:
        names: list[str] = []
        while True:
            if self._take("."):
                names.append(self._next())
            elif self._take("["):
                names.append(self._next().strip("\"'"))
                self._expect("]")
            else:
                return tuple(names)

    def _list_until_bracket(self) -> list[Node]:
        if self._take(")"):
            return []
        found = self._list()
        self._expect(")")
        return found

    def _whole(self) -> int:
        token = self._next()
        if not token.isdigit():
            raise Refusal(400, f"A number is expected, not {token!r}.")
        return int(token)

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _peek_upper(self) -> str:
        return (self._peek() or "").upper()

    def _next(self) -> str:
        token = self._peek()
        if token is None:
            raise Refusal(400, "The query ends too early.")
        self._at += 1
        return token

    def _take(self, word: str) -> bool:
        if self._peek_upper() == word:
            self._at += 1
            return True
        return False

    def _words(self, one: str, other: str) -> bool:
        if self._take(one):
            self._expect(other)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise Refusal(400, f"{word} is expected before {self._peek()!r}.")


_KEYWORDS = {"WHERE", "GROUP", "ORDER", "OFFSET"}
