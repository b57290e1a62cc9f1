"""What a person types to find words: `blue "red mug" -green ord*`, and nothing else.

Terms are separated by blanks and all of them must be found. A term in quotes is a phrase; `-` before a term excludes
it; `*` after a word finds every word that begins so. Every other character is text, and there are no operators: `and`
is a word.
"""

import re
from collections.abc import Iterator

import msgspec

from eventfold.errors import QueryInvalid
from eventfold.readmodels.search.words import words
from eventfold.words import how_many

QUERY_CHARACTERS = 4_096
QUERY_WORDS = 100
_TERM = re.compile(r'\s*(?P<excluded>-?)(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<plain>[^\s"]+))')


class Term(msgspec.Struct, frozen=True):
    """What a row must have, or must not have.

    Attributes:
        words: as `words` gives them; several stand one after the other in one text of one column.
        excluded: whether it must not be there.
        prefix: whether words that begin with the only one count too.
    """

    words: tuple[str, ...]
    excluded: bool = False
    prefix: bool = False


def parse_terms(text: str) -> tuple[Term, ...]:
    """The terms of a query, each once; none where it is blank: every row is found.

    Raises:
        QueryInvalid: it is too long, a quote is not closed, there is no word in it, or several words end in `*`.
    """
    if len(text) > QUERY_CHARACTERS:
        raise QueryInvalid(
            f"A search takes at most {QUERY_CHARACTERS:,} characters; this one has {len(text):,}: leave some out.",
            characters=len(text),
        )
    found = list(dict.fromkeys(_terms(text)))
    count = sum(len(term.words) for term in found)
    if count > QUERY_WORDS:
        raise QueryInvalid(
            f"A search takes at most {QUERY_WORDS} words; this one has {how_many(count, 'word')}: leave some out.",
            words=count,
        )
    if not found and text.strip():
        raise QueryInvalid(
            f"There is no word in {text.strip()[:40]!r}: write letters or digits, or nothing to find every row."
        )
    return tuple(found)


def _terms(text: str) -> Iterator[Term]:
    for found in _TERM.finditer(text):
        excluded = bool(found["excluded"])
        if found["phrase"] is not None:
            if not found["closed"]:
                at = found.start("phrase")
                raise QueryInvalid(
                    f'The quote at character {at} is not closed: write another " at the end of the phrase.',
                    position=at,
                )
            term = Term(_split(found["phrase"]), excluded)
        else:
            plain = found["plain"]
            prefix = plain.endswith("*")
            term = Term(_split(plain), excluded, prefix)
            if prefix and len(term.words) > 1:
                raise QueryInvalid(
                    f"{plain[:40]!r} at character {found.start('plain') + 1} is several words, and * goes with one:"
                    f" write them apart, as in {' '.join(term.words)[:60]}*.",
                    position=found.start("plain") + 1,
                )
        if term.words:
            yield term


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.text for word in words(text))
