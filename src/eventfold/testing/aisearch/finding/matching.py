"""Which documents of a replica fit a query, and how well: BM25 over each field, summed; a model of the real scores.

A prefix, a negation and an empty search score 1, as in the service.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from eventfold.testing.aisearch.storage.replica import Replica, Texts, texts_of
from eventfold.testing.aisearch.text.analysis import LOWERED, terms
from eventfold.testing.aisearch.text.query import (
    Both,
    Either,
    Everything,
    Phrase,
    Prefix,
    Query,
    Without,
    Words,
)

Scores = dict[int, float]
_K1, _B = 1.2, 0.75


class Matching:
    """Finds documents.

    Args:
        replica: where; its lock is held.
        fields: the names of the fields that are searched; None for all that can be.
        mode: "any" or "all": whether one term of a word is enough.
    """

    def __init__(self, replica: Replica, fields: Sequence[str] | None, mode: str) -> None:
        self._replica = replica
        self._texts = replica.texts(fields)
        self._join = _all_of if mode == "all" else _any_of

    def found(self, query: Query | None) -> Scores:
        """The numbers of the documents that fit, and how well they do."""
        match query:
            case None:
                return {}
            case Everything():
                return dict.fromkeys(self._replica.numbers(), 1.0)
            case Words(text):
                return self._in_fields(lambda texts: self._words(texts, text))
            case Phrase(text):
                return self._in_fields(lambda texts: self._phrase(texts, text))
            case Prefix(text):
                return self._in_fields(lambda texts: self._prefix(texts, text))
            case Without(part):
                without = self.found(part)
                return {number: 1.0 for number in self._replica.numbers() if number not in without}
            case Both(parts):
                return _all_of([self.found(part) for part in parts])
            case Either(parts):
                return _any_of([self.found(part) for part in parts])

    def _in_fields(self, one: Callable[[Texts], Scores]) -> Scores:
        return _any_of([one(texts) for texts in self._texts])

    def _words(self, texts: Texts, text: str) -> Scores:
        return self._join([self._term(texts, term) for term in terms(text, texts.field.query_analyzer)])

    def _phrase(self, texts: Texts, text: str) -> Scores:
        wanted = terms(text, texts.field.query_analyzer)
        near = _all_of([self._term(texts, term) for term in wanted])
        if len(wanted) < 2:
            return near
        return {number: score for number, score in near.items() if self._stands(texts, number, wanted)}

    def _stands(self, texts: Texts, number: int, wanted: Sequence[str]) -> bool:
        row = self._replica.row(number)
        return row is not None and any(
            places(terms(text, texts.field.analyzer), wanted) for text in texts_of(row, texts.field)
        )

    def _prefix(self, texts: Texts, text: str) -> Scores:
        begin = beginning(text, texts.field.query_analyzer)
        numbers = (
            number
            for term, postings in texts.postings.items()
            if term.startswith(begin)
            for number in postings
            if self._replica.row(number) is not None
        )
        return dict.fromkeys(numbers, 1.0)

    def _term(self, texts: Texts, term: str) -> Scores:
        alive = self._replica.row
        often = Counter(number for number in texts.postings.get(term, ()) if alive(number) is not None)
        count = len(self._replica)
        rare = math.log(1 + max(0.0, count - len(often) + 0.5) / (len(often) + 0.5))
        usual = max(1.0, texts.total / max(1, len(texts.lengths)))
        return {
            number: rare * times / (times + _K1 * (1 - _B + _B * texts.lengths[number] / usual))
            for number, times in often.items()
        }


def beginning(text: str, analyzer: str) -> str:
    """What terms begin with that a prefix finds."""
    return text.lower() if analyzer in LOWERED else text


def places(found: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where terms stand one after the other among others."""
    size = len(wanted)
    return [at for at in range(len(found) - size + 1) if found[at : at + size] == list(wanted)]


def _all_of(parts: Sequence[Scores]) -> Scores:
    if not parts:
        return {}
    common = set(parts[0]).intersection(*parts[1:])
    return {number: sum(part[number] for part in parts) for number in common}


def _any_of(parts: Iterable[Scores]) -> Scores:
    found: Scores = {}
    for part in parts:
        if not found:
            found = dict(part)
            continue
        for number, score in part.items():
            found[number] = found.get(number, 0.0) + score
    return found
