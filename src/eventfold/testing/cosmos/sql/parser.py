"""From words to the tree of a query: a parser by recursive descent, one method for one rule of the language."""

from collections.abc import Callable
from typing import TypeVar

from eventfold.testing.cosmos.sql.tokens import Token, number_of, text_of, tokens_of
from eventfold.testing.cosmos.sql.tree import (
    ArrayOf,
    Binary,
    Call,
    Expression,
    Literal,
    Member,
    NotUnderstood,
    ObjectOf,
    OneOf,
    Ordered,
    Parameter,
    Query,
    Root,
    Selected,
    Unary,
    path_of,
)

_T = TypeVar("_T")
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_CLAUSES = frozenset(
    "SELECT FROM WHERE GROUP ORDER OFFSET LIMIT JOIN IN BETWEEN AND OR NOT AS ASC DESC LIKE VALUE".split()  # noqa: SIM905 - one word after the other
)
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def parse(text: str) -> Query:
    """The tree of a query.

    Raises:
        NotUnderstood: it is no query, or says more than is known here.
    """
    return _Parser(text).query()


def parse_condition(text: str) -> Expression:
    """The condition of a patch: `from c where ...`.

    Raises:
        NotUnderstood: it is none.
    """
    found = parse(f"SELECT * {text}").where
    if found is None:
        raise NotUnderstood("A condition needs WHERE.")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._aliases = {"c", "root"}

    # words

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _word(self, *words: str) -> bool:
        if [each.word for each in self._tokens[self._at : self._at + len(words)]] != list(words):
            return False
        self._at += len(words)
        return True

    def _sign(self, text: str) -> bool:
        if self._next.kind != "sign" or self._next.text != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._sign(text):
            raise self._error()

    def _error(self) -> NotUnderstood:
        near = self._next.text or "the end"
        return NotUnderstood(f"Syntax error, incorrect syntax near '{near}' (or not known to the stand-in).")

    def _since(self, start: int) -> str:
        return self._text[self._tokens[start].start : self._tokens[self._at - 1].end]

    # clauses

    def query(self) -> Query:
        query = Query()
        if not self._word("SELECT"):
            raise self._error()
        query.distinct = self._word("DISTINCT")
        if self._word("TOP"):
            query.top = self._atom()  # no primary: a list may follow
        query.value = self._word("VALUE")
        self._skip_to_from(query)
        if query.value or not self._sign("*"):
            self._selected(query)
        if self._word("FROM"):
            self._source(query, parse=False)
        if self._word("WHERE"):
            start = self._at
            query.where = self._or()
            query.condition = self._since(start)
        if self._word("GROUP", "BY"):
            query.groups = self._list(self._or)
        if self._word("ORDER", "BY"):
            query.order = self._list(self._ordered)
        if self._word("OFFSET"):
            query.offset = self._primary()
            if not self._word("LIMIT"):
                raise self._error()
            query.limit = self._primary()
        if self._next.kind != "end":
            raise self._error()
        return query

    def _skip_to_from(self, query: Query) -> None:
        # the alias must be known before what is selected can be read
        kept, depth = self._at, 0
        while self._next.kind != "end" and not (depth == 0 and self._next.word == "FROM"):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(self._next.text, 0)
            self._at += 1
        if self._word("FROM"):
            self._source(query, parse=True)
        self._at = kept

    def _source(self, query: Query, *, parse: bool) -> None:
        start = self._at
        if self._take().kind != "name" or self._tokens[start].word in _CLAUSES:
            self._at -= 1
            raise self._error()
        query.alias = self._tokens[start].text
        named = self._word("AS")
        if self._next.kind == "name" and self._next.word not in _CLAUSES:
            query.alias = self._take().text
        elif named:
            raise self._error()
        if parse:
            self._aliases = {query.alias}
        query.source = self._since(start)

    def _selected(self, query: Query) -> None:
        for number, item in enumerate(self._list(self._item), start=1):
            path = path_of(item.expression)
            name = item.name or (path[-1] if path else "") or (query.alias if path == () else f"${number}")
            query.items.append(Selected(item.expression, name, item.text))
        if query.value and len(query.items) != 1:
            raise NotUnderstood("SELECT VALUE takes one expression.")

    def _item(self) -> Selected:
        start = self._at
        expression = self._or()
        text = self._since(start)
        if self._word("AS") or (self._next.kind == "name" and self._next.word not in _CLAUSES):
            return Selected(expression, self._take().text, text)
        return Selected(expression, "", text)

    def _ordered(self) -> Ordered:
        start = self._at
        expression = self._or()
        text = self._since(start)
        descending = self._word("DESC")
        if not descending:
            self._word("ASC")
        return Ordered(expression, text, descending)

    def _list(self, one: Callable[[], _T]) -> list[_T]:
        found = [one()]
        while self._sign(","):
            found.append(one())
        return found

    # expressions, loosest first

    def _or(self) -> Expression:
        left = self._and()
        while self._word("OR"):
            left = Binary("OR", left, self._and())
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self._word("AND"):
            left = Binary("AND", left, self._not())
        return left

    def _not(self) -> Expression:
        if self._word("NOT"):
            return Unary("NOT", self._not())
        return self._compared()

    def _compared(self) -> Expression:
        left = self._sum()
        if self._next.kind == "sign" and self._next.text in _COMPARISONS:
            operator = _COMPARISONS[self._take().text]
            return Binary(operator, left, self._sum())
        negated = self._next.word == "NOT" and self._tokens[self._at + 1].word in ("IN", "BETWEEN", "LIKE")
        if negated:
            self._at += 1
        found = self._ranged(left)
        return Unary("NOT", found) if negated else found

    def _ranged(self, left: Expression) -> Expression:
        if self._word("IN"):
            self._expect("(")
            items = tuple(self._list(self._or))
            self._expect(")")
            return OneOf(left, items)
        if self._word("BETWEEN"):
            low = self._sum()
            if not self._word("AND"):
                raise self._error()
            return Binary("AND", Binary(">=", left, low), Binary("<=", left, self._sum()))
        if self._word("LIKE"):
            return Binary("LIKE", left, self._sum())
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while self._next.text in ("+", "-", "||") and self._next.kind == "sign":
            left = Binary(self._take().text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._next.text in ("*", "/", "%") and self._next.kind == "sign":
            left = Binary(self._take().text, left, self._signed())
        return left

    def _signed(self) -> Expression:
        if self._next.kind == "sign" and self._next.text in ("-", "+"):
            return Unary(self._take().text, self._signed())
        return self._primary()

    def _primary(self) -> Expression:
        found = self._atom()
        while True:
            if self._sign("."):
                if self._next.kind != "name":
                    raise self._error()
                found = Member(found, Literal(self._take().text))
            elif self._sign("["):
                found = Member(found, self._or())
                self._expect("]")
            else:
                return found

    def _atom(self) -> Expression:
        token = self._take()
        match token.kind:
            case "number":
                return Literal(number_of(token))
            case "string":
                return Literal(text_of(token))
            case "parameter":
                return Parameter(token.text)
            case "name":
                return self._named(token)
        if token.text == "(":
            inner = self._or()
            self._expect(")")
            return inner
        if token.text == "[":
            return ArrayOf(tuple(self._until("]", self._or)))
        if token.text == "{":
            return ObjectOf(tuple(self._until("}", self._pair)))
        self._at -= 1
        raise self._error()

    def _until(self, end: str, one: Callable[[], _T]) -> list[_T]:
        if self._sign(end):
            return []
        found = self._list(one)
        self._expect(end)
        return found

    def _pair(self) -> tuple[str, Expression]:
        token = self._take()
        if token.kind not in ("name", "string"):
            self._at -= 1
            raise self._error()
        self._expect(":")
        return (text_of(token) if token.kind == "string" else token.text), self._or()

    def _named(self, token: Token) -> Expression:
        if token.word in _CONSTANTS:
            return Literal(_CONSTANTS[token.word])
        if self._next.kind == "sign" and self._next.text == "(":
            self._at += 1
            return Call(token.word, tuple(self._until(")", self._or)))
        if token.text in self._aliases:
            return Root()
        self._at -= 1
        raise NotUnderstood(f"Identifier '{token.text}' could not be resolved.")
