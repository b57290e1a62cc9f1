"""How texts become terms. Pure.

    standard.lucene              words by the rules of Unicode (UAX 29), in lower case
    standardasciifolding.lucene  the same without accents
    simple                       runs of letters, in lower case
    whitespace                   what stands between blanks, as it is
    keyword                      the whole text, as it is

The words of UAX 29 are found by an approximation: letters and digits, joined by `_`, by `.` `'` `:` inside letters,
and by `.` `,` `;` `'` inside digits; each Han and Hiragana character is a word. It knows no dictionaries (Thai, Khmer)
and no emoji.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LONGEST = 255
_SINGLE = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_LETTER = rf"[^\W\d_{_SINGLE}]"
_MARKS = "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200c\u200d"
_WORD = re.compile(
    rf"[{_SINGLE}][{_MARKS}]*"
    rf"|(?:[^\W{_SINGLE}][{_MARKS}]*"
    rf"(?:(?<={_LETTER})[.'\u2018\u2019\u2024\u00b7:\u2027](?={_LETTER})|(?<=\d)[.,;'\u2019\u2024](?=\d))?)+"
)
_LETTERS = re.compile(rf"{_LETTER}+|[{_SINGLE}]+")
_BLANKLESS = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """A term and the place in the text where it was found."""

    term: str
    start: int
    end: int


def _words(text: str) -> Iterator[Token]:
    for found in _WORD.finditer(text):
        if found[0].strip("_"):
            yield from _cut(found[0], found.start(), lowered=True)


def _cut(word: str, start: int, *, lowered: bool) -> Iterator[Token]:
    for at in range(0, len(word), _LONGEST):
        part = word[at : at + _LONGEST]
        yield Token(part.lower() if lowered else part, start + at, start + at + len(part))


def _folded(text: str) -> Iterator[Token]:
    for token in _words(text):
        plain = unicodedata.normalize("NFKD", token.term).encode("ascii", "ignore").decode()
        yield Token(plain or token.term, token.start, token.end)


def _simple(text: str) -> Iterator[Token]:
    for found in _LETTERS.finditer(text):
        yield from _cut(found[0], found.start(), lowered=True)


def _whitespace(text: str) -> Iterator[Token]:
    for found in _BLANKLESS.finditer(text):
        yield from _cut(found[0], found.start(), lowered=False)


def _keyword(text: str) -> Iterator[Token]:
    if text:
        yield Token(text, 0, len(text))


ANALYZERS: dict[str, Callable[[str], Iterator[Token]]] = {
    "standard.lucene": _words,
    "standardasciifolding.lucene": _folded,
    "simple": _simple,
    "whitespace": _whitespace,
    "keyword": _keyword,
}
LOWERED = frozenset({"standard.lucene", "standardasciifolding.lucene", "simple"})
"""Analyzers whose terms are in lower case, beginnings of words in a search too."""


def terms(text: str, analyzer: str) -> list[str]:
    """The terms of a text, in their order."""
    return [token.term for token in ANALYZERS[analyzer](text)]
