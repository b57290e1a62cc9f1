"""What is marked in the texts of a hit: sentences with the terms that a query looks for. Texts are not escaped."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eventfold.testing.aisearch.finding.matching import beginning, places
from eventfold.testing.aisearch.schema.documents import Document
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.storage.replica import texts_of
from eventfold.testing.aisearch.text.analysis import ANALYZERS, Token, terms
from eventfold.testing.aisearch.text.query import Both, Either, Phrase, Prefix, Query, Words

_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?]+(?!\s)[^.!?\n]*)*[.!?]*\s*")


@dataclass(frozen=True, slots=True)
class Marks:
    """How hits are marked, and how many sentences of a field are shown at most."""

    before: str
    after: str


def highlights(document: Document, field: Field, query: Query | None, marks: Marks, most: int) -> list[str]:
    """The sentences of a field in which a query finds something, marked."""
    found: list[str] = []
    wanted = list(_wanted(query))
    for text in texts_of(document, field):
        tokens = list(ANALYZERS[field.analyzer](text))
        hits = sorted(_hits(tokens, wanted, field))
        found += _sentences(text, [tokens[at] for at in hits], marks)
    return found[:most]


def _wanted(query: Query | None) -> Iterator[Words | Phrase | Prefix]:
    match query:
        case Words() | Phrase() | Prefix():
            yield query
        case Both(parts) | Either(parts):
            for part in parts:
                yield from _wanted(part)


def _hits(tokens: Sequence[Token], wanted: Sequence[Words | Phrase | Prefix], field: Field) -> set[int]:
    found = [token.term for token in tokens]
    hits: set[int] = set()
    for each in wanted:
        match each:
            case Prefix(text):
                begin = beginning(text, field.query_analyzer)
                hits |= {at for at, term in enumerate(found) if term.startswith(begin)}
            case Words(text):
                words = set(terms(text, field.query_analyzer))
                hits |= {at for at, term in enumerate(found) if term in words}
            case Phrase(text):
                phrase = terms(text, field.query_analyzer)
                hits |= {at + more for at in places(found, phrase) for more in range(len(phrase))}
    return hits


def _sentences(text: str, hits: Sequence[Token], marks: Marks) -> Iterator[str]:
    if not hits:
        return
    for sentence in _SENTENCE.finditer(text):
        inside = [hit for hit in hits if sentence.start() <= hit.start < sentence.end()]
        if not inside:
            continue
        shown, at = "", sentence.start()
        for hit in inside:
            shown += text[at : hit.start] + marks.before + text[hit.start : hit.end] + marks.after
            at = hit.end
        yield (shown + text[at : max(at, sentence.end())]).strip()
