"""The simple query syntax: what a search text means. Pure.

It follows Lucene's parser of that name, without fuzziness, as the service does: `+` and, `|` or, `-` not,
`"a phrase"`, `begin*`, `( )`, a backslash before what is meant literally. Operators have no precedence: from left to
right. What is not well formed is not refused: a quote or bracket without its other one is left out.
"""

from dataclasses import dataclass, field

from eventfold.testing.aisearch.wire import expression

LONGEST = 100_000
MOST_CLAUSES = 1024
_LONGEST_PREFIX = 1000
_LONGEST_TERM = 32766
_DEEPEST = 100
_ENDS = '"|+()'


@dataclass(frozen=True, slots=True)
class Everything:
    """All documents."""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands between blanks; an analyzer may make several terms of it."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Terms one after the other."""

    text: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """Terms that begin so."""

    text: str


@dataclass(frozen=True, slots=True)
class Without:
    """All documents but those."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class Both:
    """Those that fit all parts."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Those that fit a part."""

    parts: tuple["Query", ...]


Query = Everything | Words | Phrase | Prefix | Without | Both | Either


@dataclass(slots=True)
class _State:
    top: Query | None = None
    previous: str = ""
    current: str = ""
    negations: int = 0

    def add(self, branch: Query | None, default: str) -> None:
        if branch is not None:
            if self.negations % 2:
                branch = Without(branch)
            self.top = branch if self.top is None else self._joined(branch, self.current or default)
            self.previous = "" if self.top is branch else self.current or default
        self.current, self.negations = "", 0

    def _joined(self, branch: Query, operator: str) -> Query:
        assert self.top is not None
        kind: type[Both | Either] = Both if operator == "+" else Either
        if self.previous == operator and isinstance(self.top, kind):
            return kind((*self.top.parts, branch))
        return kind((self.top, branch))


@dataclass(slots=True)
class _Parser:
    text: str
    default: str
    at: int = 0
    depth: int = 0
    clauses: int = 0
    closing: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        opened: list[int] = []
        at = 0
        while at < len(self.text):
            match self.text[at]:
                case "\\":
                    at += 1
                case "(":
                    opened.append(at)
                case ")" if opened:
                    self.closing[opened.pop()] = at
            at += 1

    def query(self, end: int) -> Query | None:
        state = _State()
        while self.at < end:
            match self.text[self.at]:
                case "(":
                    self._bracket(state, end)
                case '"':
                    self._phrase(state, end)
                case "+" | "|" as operator:
                    if not state.current and state.top is not None:
                        state.current = operator
                    state.negations = 0
                    self.at += 1
                case "-":
                    state.negations += 1
                    self.at += 1
                    continue  # a blank between takes it back
                case char if char == ")" or char.isspace():
                    state.negations = 0
                    self.at += 1
                case _:
                    self._word(state, end)
        return state.top

    def _count(self) -> None:
        self.clauses += 1
        if self.clauses > MOST_CLAUSES:
            raise expression("search", f"The search has more than {MOST_CLAUSES} clauses.")

    def _bracket(self, state: _State, end: int) -> None:
        close = self.closing.get(self.at, end)
        self.at += 1
        if close >= end:
            return
        self.depth += 1
        if self.depth > _DEEPEST:
            raise expression("search", f"The search is nested deeper than {_DEEPEST} levels.")
        inner = self.query(close)
        self.depth -= 1
        self.at = close + 1
        state.add(inner, self.default)

    def _phrase(self, state: _State, end: int) -> None:
        self.at += 1
        begin, found = self.at, ""
        while self.at < end:
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                self._count()
                state.add(_checked(Phrase(found)) if found else None, self.default)
                return
            if char == "\\" and self.at + 1 < end:
                self.at += 1
                char = self.text[self.at]
            found += char
            self.at += 1
        self.at = begin

    def _word(self, state: _State, end: int) -> None:
        found, is_prefix = "", False
        while self.at < end:
            char = self.text[self.at]
            if char in _ENDS or char.isspace():
                break
            is_prefix = char == "*"
            if char == "\\":
                self.at += 1
                if self.at >= end:
                    break
                char = self.text[self.at]
            found += char
            self.at += 1
        self._count()
        if is_prefix and len(found) > 1:
            state.add(_checked(Prefix(found[:-1])), self.default)
        else:
            state.add(_checked(Words(found)) if found else None, self.default)


def _checked(part: Words | Phrase | Prefix) -> Words | Phrase | Prefix:
    if isinstance(part, Prefix) and len(part.text) > _LONGEST_PREFIX:
        raise expression("search", f"A prefix has at most {_LONGEST_PREFIX} characters.")
    if isinstance(part, Words) and len(part.text.encode()) > _LONGEST_TERM:
        raise expression("search", f"A term has at most {_LONGEST_TERM} bytes.")
    return part


def parse(text: str, mode: str) -> Query | None:
    """What a search text means; None where it finds nothing.

    Args:
        text: the search text.
        mode: "any" or "all": what blanks between words mean.

    Raises:
        Refused: 400, it is larger than the service takes.
    """
    if len(text) > LONGEST:
        raise expression("search", f"The search has at most {LONGEST} characters.")
    if text.strip() in ("", "*"):
        return Everything()
    parser = _Parser(text, "+" if mode == "all" else "|")
    return parser.query(len(text))
