"""The `where` of a search: comparisons of columns with values, joined by `and`, `or`, `not` and parentheses.

    status = 'Shipped' and total >= 10.50 and not (city in ('Oslo', 'Bergen')) and note is null

`<>` and `!=` are `not (... = ...)`. A quote in a text is written twice; a column named like a word of this grammar
stands in double quotes. A column never stands on the right, a value never on the left.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from eventfold.errors import FilterFieldUnknown, FilterInvalid
from eventfold.readmodels.declaring.types import Cell, ColumnType
from eventfold.readmodels.search.literals import cell_of
from eventfold.readmodels.search.tree import AllOf, AnyOf, Compare, Condition, IsNull, Not, OneOf, Operator

WHERE_CHARACTERS = 16_384
WHERE_VALUES = 200
WHERE_DEPTH = 20
_TOKEN = re.compile(
    r"""\s*(?:'(?P<text>(?:[^']|'')*)'|"(?P<quoted>[^"]*)"|(?P<number>-?\d[\d.]*(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|<>|!=|[=<>(),]))""",
    re.ASCII,
)
_ORDERED: Mapping[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_UNORDERED = ("string", "boolean")
_KEYWORDS = ("and", "or", "not", "in", "is", "null")


class _Token(NamedTuple):
    kind: str
    text: str
    at: int

    def says(self, *words: str) -> bool:
        return self.kind in {"word", "sign"} and self.text.lower() in words


def parse_where(text: str, columns: Mapping[str, ColumnType]) -> Condition:
    """The condition that is written.

    Args:
        text: what is written.
        columns: that may be compared, with their types.

    Raises:
        FilterFieldUnknown: it names another column.
        FilterInvalid: it is not of this grammar, too long, or compares a column with what is no value of it.
    """
    if len(text) > WHERE_CHARACTERS:
        raise FilterInvalid(
            f"A where takes at most {WHERE_CHARACTERS:,} characters; this one has {len(text):,}: leave some out.",
            position=WHERE_CHARACTERS,
        )
    return _Parser(_tokens(text), columns).whole()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            quote = text[at] if text[at] in "'\"" else ""
            what = f"The {quote} is not closed" if quote else f"{text[at]!r} has no meaning in a where"
            raise FilterInvalid(
                f"{what} at character {at + 1}: write comparisons as in status = 'Shipped' and total >= 10.50.",
                position=at + 1,
            )
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind) + (kind not in {"text", "quoted"})))
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    def __init__(self, tokens: list[_Token], columns: Mapping[str, ColumnType]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._at = 0
        self._values = 0

    def whole(self) -> Condition:
        found = self._any_of(0)
        if self._token.kind != "end":
            self._refuse("the end, or `and` or `or` before another comparison")
        return found

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, *words: str) -> bool:
        found = self._token.says(*words)
        self._at += found
        return found

    def _refuse(self, wanted: str) -> NoReturn:
        token = self._token
        what = "The where ends" if token.kind == "end" else f"{token.text[:40]!r} stands"
        raise FilterInvalid(f"{what} at character {token.at}, where {wanted} belongs.", position=token.at)

    def _any_of(self, depth: int) -> Condition:
        found = [self._all_of(depth)]
        while self._taken("or"):
            found.append(self._all_of(depth))
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _all_of(self, depth: int) -> Condition:
        found = [self._one(depth)]
        while self._taken("and"):
            found.append(self._one(depth))
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _one(self, depth: int) -> Condition:
        if depth > WHERE_DEPTH:
            raise FilterInvalid(
                f"A where goes at most {WHERE_DEPTH} deep; at character {self._token.at} this one goes deeper: write it"
                " with fewer `not` and parentheses.",
                position=self._token.at,
            )
        if self._taken("not"):
            return Not(self._one(depth + 1))
        if self._taken("("):
            found = self._any_of(depth + 1)
            if not self._taken(")"):
                self._refuse("a closing parenthesis")
            return found
        return self._comparison()

    def _comparison(self) -> Condition:
        name, kind = self._column()
        operator = self._token.text.lower()
        if self._taken("is"):
            turned = self._taken("not")
            if not self._taken("null"):
                self._refuse("`null`")
            return Not(IsNull(name)) if turned else IsNull(name)
        turned = self._taken("not")
        if self._taken("in"):
            found: Condition = OneOf(name, self._list(name, kind))
            return Not(found) if turned else found
        if turned:
            self._refuse("`in`")
        if self._taken("="):
            return Compare(name, "=", self._value(name, kind))
        if self._taken("<>", "!="):
            return Not(Compare(name, "=", self._value(name, kind)))
        if not self._token.says(*_ORDERED):
            self._refuse("=, <>, <, <=, >, >=, `in` or `is null`")
        if kind.kind in _UNORDERED:
            self._refuse(f"=, <>, `in` or `is null` ({name} is {kind}, which is not compared by size)")
        self._at += 1
        return Compare(name, _ORDERED[operator], self._value(name, kind))

    def _column(self) -> tuple[str, ColumnType]:
        token = self._token
        if token.kind not in {"word", "quoted"} or (token.kind == "word" and token.text.lower() in _KEYWORDS):
            self._refuse("a column")
        kind = self._columns.get(token.text)
        if kind is None:
            raise FilterFieldUnknown(
                f"{token.text[:60]!r} at character {token.at} of the where is no column that can be compared here;"
                f" those are {', '.join(self._columns)}. Others are named in filter=[...] of the table's ef.search().",
                column=token.text[:60],
                position=token.at,
            )
        self._at += 1
        return token.text, kind

    def _list(self, name: str, kind: ColumnType) -> tuple[Cell, ...]:
        if not self._taken("("):
            self._refuse("an opening parenthesis")
        found = [self._value(name, kind)]
        while self._taken(","):
            found.append(self._value(name, kind))
        if not self._taken(")"):
            self._refuse("a comma or a closing parenthesis")
        return tuple(dict.fromkeys(found))

    def _value(self, name: str, kind: ColumnType) -> Cell:
        token = self._token
        if token.says("null"):
            raise FilterInvalid(
                f"Nothing equals null, which stands at character {token.at}: write {name} is null.",
                column=name,
                position=token.at,
            )
        if token.kind not in {"text", "number", "word"}:
            self._refuse(f"a value of {name}")
        self._values += 1
        if self._values > WHERE_VALUES:
            raise FilterInvalid(
                f"A where takes at most {WHERE_VALUES} values; the next stands at character {token.at}: ask in parts.",
                position=token.at,
            )
        self._at += 1
        written = token.text.replace("''", "'") if token.kind == "text" else token.text
        return cell_of(name, kind, written, token.kind, token.at)
