"""Text as words: the same for what is indexed and for what is looked for, on every back end.

- Letters, marks and digits (categories L, M and N of Unicode) belong to words; every other character ends one.
  Invisible format characters (Cf), as the soft hyphen, are left out.
- A word is normalised (NFKC), folded (`str.casefold`) and normalised again: upper and lower case, full width and
  ligatures are one. Accents count: `é` is not `e`.
- Each character of Chinese and Japanese scripts is a word of its own, so that a run of them is looked for as a phrase.
- The first 100 characters of a word count.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from unicodedata import category, normalize

WORD_CHARACTERS = 100
_ASCII = re.compile(r"[A-Za-z0-9]+")
_IDEOGRAPHS = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_PARTS = re.compile(f"[{_IDEOGRAPHS}]|[^{_IDEOGRAPHS}]+")


class Word(NamedTuple):
    """A word and where it stands in its text; where one run of characters gives several, they share its place."""

    text: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text, in order."""
    if text.isascii():
        for found in _ASCII.finditer(text):
            yield Word(found[0][:WORD_CHARACTERS].lower(), *found.span())
        return
    for run in _runs().finditer(text):
        for part in _PARTS.finditer(run[0]):
            start = run.start() + part.start()
            for word in _folded(part[0]):
                yield Word(word, start, start + len(part[0]))


def joined(text: str) -> str:
    """The words of a text with a blank between them: none has a blank in it."""
    if not text.isascii():
        return " ".join([word.text for word in words(text)])
    found = _ASCII.findall(text)
    if len(text) > WORD_CHARACTERS:
        found = [word[:WORD_CHARACTERS] for word in found]
    return " ".join(found).lower()


def _folded(run: str) -> list[str]:
    if run.isascii():
        return [run[:WORD_CHARACTERS].lower()]
    shown = "".join(character for character in run if category(character) != "Cf")
    folded = normalize("NFKC", normalize("NFKC", shown).casefold())
    return [
        part[0][:WORD_CHARACTERS] for again in _runs().finditer(folded) for part in _PARTS.finditer(again[0])
    ]


@cache
def _runs() -> re.Pattern[str]:
    """Of characters that belong to words; what Unicode says of each of them is asked once."""
    parts: list[str] = []
    start = -1
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and _belongs(chr(code))
        if inside and start < 0:
            start = code
        elif not inside and start >= 0:
            parts.append(f"{re.escape(chr(start))}-{re.escape(chr(code - 1))}")
            start = -1
    return re.compile(f"[{''.join(parts)}]+")


def _belongs(character: str) -> bool:
    found = category(character)
    return found[0] in "LMN" or found == "Cf"
