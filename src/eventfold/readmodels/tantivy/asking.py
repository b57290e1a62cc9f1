"""Answers of an index at one instant: hits in their order, a page of them, and facets."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from tantivy import DocAddress, Order, Query, Searcher
from tantivy.tantivy import SearchResult

from eventfold.errors import QueryInvalid
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.search.port import FACET_COUNTED, FACET_VALUES, FacetCounts, FoundRow
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.rowtext import RowText
from eventfold.readmodels.tantivy.exact import is_short_for
from eventfold.readmodels.tantivy.fields import KEY, ROW, Fields
from eventfold.readmodels.tantivy.queries import Queries, both, without

Hit = tuple[Any, DocAddress]


class _Ordering(NamedTuple):
    """What hits are ordered by.

    Attributes:
        query: what is found.
        field: whose values order them.
        column: of that field, where several hits can have one value of it; empty where each has its own.
        descending: the largest first.
    """

    query: Query
    field: str
    column: str
    descending: bool

    @property
    def order(self) -> Order:
        return Order.Desc if self.descending else Order.Asc


class Asking:
    """One instant of an index.

    Args:
        searcher: of the library.
        layout: of the rows.
        fields: of the index.
        queries: makes its queries.
    """

    def __init__(self, searcher: Searcher, layout: Layout, fields: Fields, queries: Queries) -> None:
        self._searcher = searcher
        self._layout = layout
        self._fields = fields
        self._queries = queries
        self._text = RowText(layout)

    @property
    def documents(self) -> int:
        """How many there are, that of the stamp included."""
        return self._searcher.num_docs

    def page(self, asked: Request) -> tuple[int, list[FoundRow]]:
        """How many rows are found, and those of the page."""
        query = self._queries.of(asked)
        if asked.order is None and any(not term.excluded for term in asked.terms):
            found = self._searcher.search(query, asked.size, offset=asked.offset)
            return _count(found), [self._row(address, score) for score, address in found.hits]
        ordering = self._ordering(query, asked)
        before = min(
            1, asked.offset
        )  # one hit more on either side tells which groups of equals go beyond the page
        found = self._searcher.search(
            query,
            asked.size + before + 1,
            offset=asked.offset - before,
            order_by_field=ordering.field,
            order=ordering.order,
        )
        addresses = self._in_order(ordering, found.hits, before, asked)
        return _count(found), [self._row(address, None) for address in addresses]

    def facets(self, asked: Request) -> dict[str, FacetCounts]:
        """The counts of each facet, over all that is found.

        Raises:
            QueryInvalid: one has too many values to count each.
        """
        if not asked.facets:
            return {}
        query = self._queries.of(asked)
        sizes = {"size": FACET_COUNTED, "segment_size": FACET_COUNTED}
        wanted = {name: {"terms": {"field": self._queries.field(name), **sizes}} for name in asked.facets}
        found = self._searcher.aggregate(query, wanted)
        return {name: self._counts(query, name, found[name]) for name in asked.facets}

    def count(self, query: Query) -> int:
        """How many documents a query finds."""
        return _count(self._searcher.search(query, 1))

    def stored(self, query: Query) -> bytes | None:
        """What the first document of a query stores; None where there is none."""
        hits = self._searcher.search(query, 1).hits
        return self._stored(hits[0][1]) if hits else None

    def _ordering(self, query: Query, asked: Request) -> _Ordering:
        if asked.order is None or asked.order.column == self._layout.spec.key_name:
            return _Ordering(query, KEY, "", asked.order is not None and asked.order.descending)
        one = self._fields.compared[asked.order.column]
        return _Ordering(query, one.by or one.name, one.name, asked.order.descending)

    def _in_order(
        self, ordering: _Ordering, hits: Sequence[Hit], before: int, asked: Request
    ) -> Iterator[DocAddress]:
        """The hits of the page; of equal values by their keys, which the library does not look at."""
        page = hits[before : before + asked.size]
        if not ordering.column:
            yield from (address for _, address in page)
            return
        at = before
        for value, some in groupby(page, key=lambda hit: hit[0]):
            group = list(some)
            begins = at == before and before == 1 and hits[0][0] == value
            at += len(group)
            goes_on = at < len(hits) and hits[at][0] == value
            if len(group) == 1 and not begins and not goes_on:
                yield group[0][1]
            else:
                first = asked.offset - self._before(ordering, value) if begins else 0
                yield from self._by_key(ordering, value, first, len(group))

    def _before(self, ordering: _Ordering, value: Cell | None) -> int:
        """How many hits come before the first of a value."""
        earlier = (
            Query.exists_query(ordering.column)
            if value is None
            else self._queries.beyond(ordering.column, value, descending=ordering.descending)
        )
        return self.count(both(ordering.query, earlier))

    def _by_key(self, ordering: _Ordering, value: Cell | None, first: int, size: int) -> Iterable[DocAddress]:
        equal = (
            without(Query.exists_query(ordering.column))
            if value is None
            else self._queries.equal(ordering.column, value)
        )
        found = self._searcher.search(
            both(ordering.query, equal), size, offset=first, order_by_field=KEY, order=ordering.order
        )
        return [address for _, address in found.hits]

    def _counts(self, query: Query, name: str, found: dict[str, Any]) -> FacetCounts:
        if found["sum_other_doc_count"] or found["doc_count_error_upper_bound"]:
            raise QueryInvalid(
                f"{name} has more than {FACET_COUNTED:,} different values among what is found, too many to count each:"
                " narrow the search by a where, or leave the facet out.",
                column=name,
            )
        told = ((self._cell(query, name, bucket), bucket["doc_count"]) for bucket in found["buckets"])
        return sorted(told, key=lambda item: (-item[1], item[0]))[:FACET_VALUES]

    def _cell(self, query: Query, name: str, bucket: dict[str, Any]) -> Any:
        key = bucket["key"]
        if isinstance(key, str):
            return self._whole(query, name, key) if is_short_for(key) else key
        kind = self._fields.compared[name].kind.kind
        return bool(key) if kind == "boolean" else int(key)

    def _whole(self, query: Query, name: str, term: str) -> Any:
        """The text that a term is too short for, from the row of a hit that has it."""
        field = self._queries.field(name)
        text = self.stored(both(query, Query.term_query(self._fields.schema, field, term, "basic")))
        names = [slot.name for _, slot in self._layout.shown]
        return term if text is None else self._text.read(text)[names.index(name)]

    def _row(self, address: DocAddress, score: float | None) -> FoundRow:
        return FoundRow(self._text.read(self._stored(address)), score)

    def _stored(self, address: DocAddress) -> bytes:
        found: bytes = self._searcher.doc(address).to_dict()[ROW][0]
        return found


def _count(found: SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # the types that the library ships leave it out
    return count
