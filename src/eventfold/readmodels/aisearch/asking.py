"""What an index of the service answers: a page of hits, their number, and facets."""

from collections.abc import Iterable, Mapping
from typing import Any

from azure.search.documents import SearchClient

from eventfold.errors import QueryInvalid
from eventfold.readmodels.aisearch.fields import ROW, WORDS, Compared, is_short_for
from eventfold.readmodels.aisearch.queries import Queries
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import Stamp
from eventfold.readmodels.search.port import FACET_COUNTED, FACET_VALUES, FacetCounts, Found, FoundRow
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.rowtext import RowText

_SCORE = "@search.score"


class Asking:
    """Asks an index of one table.

    Args:
        layout: of the rows.
        compared: the columns that are compared, by name, without the key.
    """

    def __init__(self, layout: Layout, compared: Mapping[str, Compared]) -> None:
        self._layout = layout
        self._compared = compared
        self._queries = Queries(compared, layout.spec.key_name)
        self._text = RowText(layout)

    def find(self, client: SearchClient, asked: Request, stamp: Stamp) -> Found:
        """The page that is asked for; what the SDK raises is left to the caller.

        Raises:
            QueryInvalid: a facet has too many values to count each.
        """
        order = self._queries.order(asked)
        found = client.search(
            self._queries.words(asked.terms),
            filter=self._queries.filter(asked.where),
            facets=[f"{self._queries.field(name)},count:{FACET_COUNTED + 1}" for name in asked.facets]
            or None,
            order_by=order or None,
            search_fields=[WORDS],
            search_mode="all",
            query_type="simple",
            include_total_count=True,
            select=[ROW],
            skip=asked.offset,
            top=asked.size,
        )
        rows = [self._row(hit, scored=not order) for hit in found]
        # asked while hits are read, either of these ends the paging in silence
        total, facets = found.get_count(), found.get_facets() or {}
        counts = {
            name: self._counts(client, name, facets.get(self._queries.field(name), ()))
            for name in asked.facets
        }
        return Found(int(total or 0), rows, counts, stamp)

    def _row(self, hit: Mapping[str, Any], *, scored: bool) -> FoundRow:
        return FoundRow(self._text.read(str(hit[ROW]).encode()), float(hit[_SCORE]) if scored else None)

    def _counts(self, client: SearchClient, name: str, buckets: Iterable[Mapping[str, Any]]) -> FacetCounts:
        told = list(buckets)
        if len(told) > FACET_COUNTED:
            raise QueryInvalid(
                f"{name} has more than {FACET_COUNTED:,} different values among what is found, too many to count each:"
                " narrow the search by a where, or leave the facet out.",
                column=name,
            )
        counted = ((self._cell(client, name, one["value"]), int(one["count"])) for one in told)
        return sorted(counted, key=lambda item: (-item[1], item[0]))[:FACET_VALUES]

    def _cell(self, client: SearchClient, name: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._whole(client, name, value) if is_short_for(value) else value
        return value if isinstance(value, bool) else int(value)

    def _whole(self, client: SearchClient, name: str, term: str) -> Any:
        """The text that a term is too short for, from a row that has it."""
        names = [slot.name for _, slot in self._layout.shown]
        for hit in client.search("*", filter=self._queries.has_term(name, term), select=[ROW], top=1):
            return self._text.read(str(hit[ROW]).encode())[names.index(name)]
        return term
