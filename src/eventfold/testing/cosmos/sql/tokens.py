"""From the text of a query to its words. Positions are kept, because rewritten queries are cut from the text."""

import json
import re
from dataclasses import dataclass

from eventfold.testing.cosmos.sql.tree import NotUnderstood

_WORD = re.compile(
    r"""\s+|--[^\n]*
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<parameter>@\w+)
    |(?P<name>[^\W\d]\w*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign><=|>=|<>|!=|\|\||\?\?|[=<>+\-*/%(),.\[\]{}:?&|^~])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind, its text, where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """A name in upper case, for comparing with keywords; anything else is empty."""
        return self.text.upper() if self.kind == "name" else ""


def tokens_of(text: str) -> list[Token]:
    """The words of a query, ending with one of the kind "end".

    Raises:
        NotUnderstood: a character that has no place in a query.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise NotUnderstood(f"Syntax error, incorrect syntax near '{text[at : at + 10]}'.")
        if match.lastgroup is not None:
            found.append(Token(match.lastgroup, match.group(), at, match.end()))
        at = match.end()
    found.append(Token("end", "", len(text), len(text)))
    return found


def text_of(token: Token) -> str:
    """The value of a quoted string."""
    inner = token.text[1:-1]
    if token.text[0] == "'":
        inner = inner.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError as error:
        raise NotUnderstood(f"Syntax error, invalid string {token.text}.") from error


def number_of(token: Token) -> int | float:
    """The value of a number."""
    return int(token.text) if token.text.isdecimal() else float(token.text)
