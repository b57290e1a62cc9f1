"""What a search answers: a page of hits with their highlights, how many there are in all, and facets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.search.marking import Highlight, highlights
from eventfold.readmodels.search.port import Found, FoundRow
from eventfold.readmodels.search.request import Request, searched
from eventfold.words import how_many


class Hit(msgspec.Struct, frozen=True):
    """A row that was found.

    Attributes:
        key: of the row.
        row: the row, by column, with decimals, times and dates in their Python types.
        score: how well it fits the words; None where hits are ordered by a column or the key.
        highlights: by column, where the words stand in its text.
    """

    key: str
    row: Mapping[str, Any]
    score: float | None
    highlights: Mapping[str, Sequence[Highlight]]


class FacetCount(msgspec.Struct, frozen=True):
    """A value of a facet, and how many of all hits have it."""

    value: Any
    count: int


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a search answers; iterating gives the hits of the page.

    Attributes:
        table: its name.
        total: how many rows were found, on all pages.
        page: its number, from 1.
        size: how many hits a page has at most.
        hits: those of the page.
        facets: by column its values, the most frequent first, 100 at most; over all that was found.
        cursor: the events that what was searched contains.
        parked: how many streams of the table are parked: what they hold is not in the rows.
        behind: by how many events what was searched is behind the log; None where that cannot be counted.
        warnings: both in sentences.
    """

    table: str
    total: int
    page: int
    size: int
    hits: Sequence[Hit]
    facets: Mapping[str, Sequence[FacetCount]]
    cursor: Cursor
    parked: int = 0
    behind: int | None = 0
    warnings: Sequence[str] = ()

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the page, as maps."""
        return [dict(hit.row) for hit in self.hits]

    def __iter__(self) -> Iterator[Hit]:
        """The hits of the page."""
        return iter(self.hits)

    def __len__(self) -> int:
        """How many hits the page has."""
        return len(self.hits)

    def __repr__(self) -> str:
        """How many there are."""
        where = f", page {self.page:,} of {self.pages:,}" if self.pages > 1 else ""
        return f"<SearchResult: {how_many(self.total, 'row')} of {self.table}{where}>"

    def _repr_html_(self) -> str:
        """The rows of the page and the facets, in a notebook."""
        names = list(self.hits[0].row) if self.hits else []
        shown = markup.heading(repr(self)[1:-1])
        if self.hits:
            shown += markup.table(names, ([hit.row[name] for name in names] for hit in self.hits))
        for name, counts in self.facets.items():
            shown += markup.table([name, "count"], ([one.value, one.count] for one in counts))
        return shown + markup.warnings(self.warnings)


def result(layout: Layout, asked: Request, found: Found) -> SearchResult:
    """What a back end found, as a user gets it.

    Args:
        layout: of the table.
        asked: what was looked for.
        found: by the back end.
    """
    spec = layout.spec
    kinds = {slot.name: slot.type for _, slot in layout.shown}
    return SearchResult(
        table=spec.name,
        total=found.total,
        page=asked.page,
        size=asked.size,
        hits=[_hit(layout, asked, row) for row in found.rows],
        facets={
            name: [FacetCount(_shown(kinds[name], cell), count) for cell, count in counts]
            for name, counts in found.facets.items()
        },
        cursor=found.stamp.cursor,
        parked=found.stamp.parked_count,
    )


def _hit(layout: Layout, asked: Request, found: FoundRow) -> Hit:
    cells = {slot.name: cell for (_, slot), cell in zip(layout.shown, found.cells, strict=True)}
    row = {slot.name: _shown(slot.type, cells[slot.name]) for _, slot in layout.shown}
    marked = {
        name: shown
        for name in searched(layout.spec).text
        if (shown := highlights(asked.terms, _texts(cells[name])))
    }
    return Hit(str(cells[layout.spec.key_name]), row, found.score, marked)


def _texts(cell: Any) -> Sequence[str]:
    return cell if isinstance(cell, list) else [] if cell is None else [cell]


def _shown(kind: ColumnType, cell: Any) -> Any:
    return [kind.show(item) for item in cell] if isinstance(cell, list) else kind.show(cell)
