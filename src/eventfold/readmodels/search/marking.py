"""Highlights: the places of a row's texts where the words stand that were looked for."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from eventfold.readmodels.search.terms import Term
from eventfold.readmodels.search.words import Word, words

FRAGMENTS = 3
"""Of a column, at most."""
_LENGTH = 160
_BEFORE = 40
_CUT = "\N{HORIZONTAL ELLIPSIS}"


class Highlight(msgspec.Struct, frozen=True):
    """A part of a text, with the places where words of the search stand in it.

    Attributes:
        text: the part; where the text goes on, before or behind it, an ellipsis stands.
        marks: beginning and end of each place, as places of `text`.
    """

    text: str
    marks: tuple[tuple[int, int], ...]

    def marked(self, before: str, after: str) -> str:
        """The text with something before and after each place; nothing of it is escaped.

        Args:
            before: for example `**`.
            after: for example `**`.
        """
        parts, at = [], 0
        for start, end in self.marks:
            parts += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*parts, self.text[at:]])


def highlights(terms: Sequence[Term], texts: Iterable[str]) -> list[Highlight]:
    """The first places of the texts of a column, each text for itself.

    Args:
        terms: from `parse_terms`; what is excluded is nowhere.
        texts: of one column.
    """
    wanted = [term for term in terms if not term.excluded]
    if not wanted:
        return []
    return list(
        islice((shown for text in texts if (shown := _highlight(wanted, text)) is not None), FRAGMENTS)
    )


def _highlight(terms: Sequence[Term], text: str) -> Highlight | None:
    found = sorted(set(_places(terms, list(words(text)))))
    if not found:
        return None
    first, last = _window(text, *found[0])
    cut = _CUT if first else ""
    marks: list[tuple[int, int]] = []
    for start, end in found:
        if end > last:
            break
        # several words of one run of characters share its place
        if not marks or start >= marks[-1][1] + first - len(cut):
            marks.append((start - first + len(cut), end - first + len(cut)))
    shown = text[first:last]
    return Highlight(f"{cut}{shown}{_CUT if last < len(text) else ''}", tuple(marks))


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """From where to where a text is shown around a place, cut at blanks where there are some."""
    first = max(0, start - _BEFORE)
    if first:
        blank = text.find(" ", first, start)
        first = start if blank < 0 else blank + 1
    last = min(len(text), max(end, first + _LENGTH))
    if last < len(text):
        blank = text.rfind(" ", end, last)
        last = last if blank < 0 else blank
    return first, last


def _places(terms: Sequence[Term], found: Sequence[Word]) -> Iterator[tuple[int, int]]:
    for term in terms:
        count = len(term.words)
        for at in range(len(found) - count + 1):
            here = found[at : at + count]
            if (
                here[0].text.startswith(term.words[0])
                if term.prefix
                else tuple(word.text for word in here) == term.words
            ):
                yield from ((word.start, word.end) for word in here)
