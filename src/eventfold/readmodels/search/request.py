"""What a search is asked, checked against its table: the one thing that every back end gets."""

from collections.abc import Iterable

import msgspec

from eventfold.errors import QueryInvalid, RangeInvalid, TableInvalid
from eventfold.readmodels.declaring.search import SearchSpec
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.search.terms import Term, parse_terms
from eventfold.readmodels.search.tree import Condition
from eventfold.readmodels.search.where import parse_where

PAGE_SIZE = 20
PAGE_MOST = 1_000
PAGED = 100_000
"""How many hits can be paged through; beyond it no back end can go."""


class Order(msgspec.Struct, frozen=True):
    """By which column hits are ordered; rows without a value come last, either way."""

    column: str
    descending: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A search of one table.

    Attributes:
        terms: all of them must be found, or not found where they are excluded; none = every row.
        where: what must hold for a row.
        facets: the columns whose values are counted, over all hits.
        order: None = as the back end finds best.
        page: from 1.
        size: how many hits it has at most.
    """

    terms: tuple[Term, ...] = ()
    where: Condition | None = None
    facets: tuple[str, ...] = ()
    order: Order | None = None
    page: int = 1
    size: int = PAGE_SIZE

    @property
    def offset(self) -> int:
        """How many hits come before the page."""
        return (self.page - 1) * self.size


def request(
    spec: TableSpec,
    text: str = "",
    *,
    where: str = "",
    facets: Iterable[str] = (),
    order: str = "",
    page: int = 1,
    size: int = PAGE_SIZE,
) -> Request:
    """A search of a table from what a user wrote.

    Args:
        spec: of the table.
        text: the words that are looked for.
        where: what must hold for a row; empty = nothing.
        facets: columns whose values are counted.
        order: a column, `-` before it for the largest first; empty = as the back end finds best.
        page: from 1.
        size: of a page, 1 to 1,000.

    Raises:
        TableInvalid: the table does not declare a search.
        QueryInvalid: the text, a facet or the order is not to be had.
        FilterInvalid: the where is not to be had.
        RangeInvalid: the page lies beyond what can be paged through.
    """
    found = searched(spec)
    if isinstance(facets, str):
        raise QueryInvalid(f"facets= takes a list of columns: write facets=[{facets[:48]!r}].")
    counted = tuple(dict.fromkeys(facets))
    for name in counted:
        if name not in found.facets:
            raise _unknown(name, "counted", "facets", found.facets)
    column = order.removeprefix("-")
    if order and column not in (spec.key_name, *found.sort):
        raise _unknown(column, "ordered by", "sort", (spec.key_name, *found.sort))
    _check_page(page, size)
    terms = parse_terms(text)
    if terms and not found.text:
        raise QueryInvalid(
            f"{spec.name} has no words to look for: name columns in text=[...] of its ef.search(), or ask by where."
        )
    return Request(
        terms=terms,
        where=parse_where(where, compared(spec)) if where.strip() else None,
        facets=counted,
        order=Order(column, order.startswith("-")) if order else None,
        page=page,
        size=size,
    )


def searched(spec: TableSpec) -> SearchSpec:
    """What a search of a table looks at.

    Raises:
        TableInvalid: it does not declare one.
    """
    if spec.search is None:
        raise TableInvalid(
            f"{spec.name} cannot be searched: declare what is looked at in its class, as in search ="
            " ef.search(text=[note], facets=[status])."
        )
    return spec.search


def compared(spec: TableSpec) -> dict[str, ColumnType]:
    """The columns that a where may name, with their types: the key, and what is declared but for plain text."""
    found = searched(spec)
    names = dict.fromkeys((spec.key_name, *found.facets, *found.sort, *found.filter))
    return {name: spec.key.type if name == spec.key_name else spec.columns[name].type for name in names}


def _check_page(page: int, size: int) -> None:
    if not 1 <= size <= PAGE_MOST:
        raise RangeInvalid(f"A page has 1 to {PAGE_MOST:,} hits, not {size:,}.", size=size)
    if page < 1:
        raise RangeInvalid(f"Pages are counted from 1; {page:,} is none.", page=page)
    if page * size > PAGED:
        raise RangeInvalid(
            f"A search is paged through for {PAGED:,} hits at most; page {page:,} of {size:,} lies beyond: narrow the"
            " search by a where.",
            page=page,
            size=size,
        )


def _unknown(name: str, what: str, word: str, known: Iterable[str]) -> QueryInvalid:
    listed = ", ".join(known) or "none"
    return QueryInvalid(
        f"{name[:60]!r} is no column that hits can be {what}; those are: {listed}. Others are named in {word}=[...] of"
        " the table's ef.search().",
        column=name[:60],
    )
