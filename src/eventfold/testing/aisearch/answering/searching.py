"""The handler of searches: what was found, sorted, cut to a page, with count, facets and highlights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from eventfold.testing.aisearch.answering.documents import retrieved
from eventfold.testing.aisearch.answering.work import Work, selected
from eventfold.testing.aisearch.asking.facets import counted, read_facet
from eventfold.testing.aisearch.asking.request import MOST_TOP, USUAL_TOP, Asked, read_request, searchable
from eventfold.testing.aisearch.finding.highlights import Marks, highlights
from eventfold.testing.aisearch.finding.matching import Matching, Scores
from eventfold.testing.aisearch.odata.filters import compiled
from eventfold.testing.aisearch.odata.ordering import SCORE, Clause, read_order
from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.schema.documents import Document, shown
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.storage.replica import Replica
from eventfold.testing.aisearch.text.query import Query, parse
from eventfold.testing.aisearch.wire import expression
from eventfold.testing.door.wire import Answer

_USUAL_HIGHLIGHTS = 5
Hit = tuple[float, Document]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a hit is shown."""

    fields: Sequence[Field]
    marked: Sequence[tuple[Field, int]]
    marks: Marks
    query: Query | None


def search(work: Work) -> Answer:
    """POST .../docs/search.post.search."""
    index = work.index()
    asked = read_request(work.body(), index.definition)
    query = parse(asked.text, asked.mode)
    facets = [read_facet(text, index.definition.fields) for text in asked.facets]
    shape = _Shape(
        retrieved(index.definition, selected(asked.select)),
        [_marked(text, index.definition, asked) for text in asked.highlight],
        Marks(*asked.tags),
        query,
    )
    replica = work.replica(index)
    with replica.lock:
        hits = _found(replica, index.definition, asked, query)
    top = min(USUAL_TOP if asked.top is None else asked.top, MOST_TOP)
    page = hits[asked.skip : asked.skip + top]
    answer: dict[str, Any] = {}
    if asked.count:
        answer["@odata.count"] = len(hits)
    if asked.coverage is not None:
        answer["@search.coverage"] = 100.0
    if facets:
        found = [document for _, document in hits]
        answer["@search.facets"] = {facet.field.name: counted(facet, found) for facet in facets}
    if more := _next(asked, top, len(hits)):
        answer["@search.nextPageParameters"] = more
    answer["value"] = [_told(score, document, shape) for score, document in page]
    if more:
        answer["@odata.nextLink"] = work.endpoint + work.request.path
    return work.answer(200, answer)


def _found(replica: Replica, definition: Definition, asked: Asked, query: Query | None) -> list[Hit]:
    question = (asked.text, asked.mode, asked.search_fields, asked.filter, asked.orderby)
    known: list[Hit] | None = replica.recall(question)
    if known is not None:
        return known
    fits = compiled(asked.filter, definition.fields) if asked.filter.strip() else None
    clauses = read_order(asked.orderby, definition.fields) if asked.orderby.strip() else []
    scores: Scores = Matching(replica, asked.search_fields, asked.mode).found(query)
    hits = [
        (score, row)
        for number, score in scores.items()
        if (row := replica.row(number)) is not None and (fits is None or fits(row))
    ]
    _sort(hits, clauses, definition.key.name)
    replica.remember(question, hits)
    return hits


def _sort(hits: list[Hit], clauses: Sequence[Clause], key: str) -> None:
    # in the service ties have no order; here they have one that is none of writing, so that nobody builds on it
    hits.sort(key=lambda hit: (-hit[0], crc32(hit[1][key].encode())))
    for clause in reversed(clauses):
        if clause.name == SCORE:
            hits.sort(key=lambda hit: hit[0], reverse=clause.descending)
        else:
            place = clause.place
            hits.sort(key=lambda hit: place(hit[1]), reverse=clause.descending)


def _next(asked: Asked, top: int, count: int) -> dict[str, Any] | None:
    left = None if asked.top is None else asked.top - top
    if left == 0 or asked.skip + top >= count:
        return None
    more = {**asked.body, "skip": asked.skip + top}
    return more if left is None else {**more, "top": left}


def _marked(text: str, definition: Definition, asked: Asked) -> tuple[Field, int]:
    name, dash, count = text.partition("-")
    searchable(name, "highlight", definition)
    if dash and not count.isdecimal():
        raise expression("highlight", f"'{text}' does not end in a number.")
    most = int(count) if dash else _USUAL_HIGHLIGHTS
    # what is not searched is not marked
    return definition.fields[name], most if asked.search_fields is None or name in asked.search_fields else 0


def _told(score: float, document: Document, shape: _Shape) -> dict[str, Any]:
    told: dict[str, Any] = {"@search.score": score}
    marked = {
        field.name: found
        for field, most in shape.marked
        if (found := highlights(document, field, shape.query, shape.marks, most))
    }
    if marked:
        told["@search.highlights"] = marked
    return told | {field.name: shown(document, field) for field in shape.fields}
