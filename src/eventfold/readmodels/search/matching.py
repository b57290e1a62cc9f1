"""The meaning of a search, in plain Python: which rows it finds. Every back end must find the same."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any

from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.search.port import FACET_VALUES, ORDERED_CHARACTERS, FacetCounts
from eventfold.readmodels.search.request import Order, Request
from eventfold.readmodels.search.terms import Term
from eventfold.readmodels.search.tree import AllOf, AnyOf, Compare, Condition, IsNull, Not, OneOf, Operator
from eventfold.readmodels.search.words import words

_OPERATORS: Mapping[Operator, Callable[[Any, Any], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
Cells = Mapping[str, Any]


def answered(
    spec: TableSpec, asked: Request, rows: Iterable[Cells]
) -> tuple[list[Cells], dict[str, FacetCounts]]:
    """All rows that are found, in their order, and the counts of the facets.

    Args:
        spec: of the table.
        asked: from `request`.
        rows: of the table, each by column, in the form of cells.
    """
    found = [
        row
        for row in rows
        if finds(asked.terms, _texts(spec, row)) and (asked.where is None or holds(asked.where, row))
    ]
    order = asked.order or Order(spec.key_name)
    return in_order(spec, order, found), {name: counts(row[name] for row in found) for name in asked.facets}


def in_order(spec: TableSpec, order: Order, rows: Iterable[Cells]) -> list[Cells]:
    """Rows by a column, of equals by key, both in one direction; rows without a value last."""
    by = spec.key_name
    ordered = sorted(rows, key=lambda row: str(row[by]), reverse=order.descending)
    there = [row for row in ordered if row[order.column] is not None]
    there.sort(key=lambda row: _cut(row[order.column]), reverse=order.descending)
    return there + [row for row in ordered if row[order.column] is None]


def counts(cells: Iterable[Cell | None]) -> FacetCounts:
    """How many rows have each value."""
    found = Counter(cell for cell in cells if cell is not None)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:FACET_VALUES]


def holds(condition: Condition, cells: Cells) -> bool:
    """Whether a condition holds for a row.

    Args:
        condition: from `parse_where`.
        cells: of the row, by column; None where it has no value.
    """
    match condition:
        case Compare(column, operator, value):
            cell = cells[column]
            return cell is not None and _OPERATORS[operator](cell, value)
        case OneOf(column, values):
            return cells[column] in values
        case IsNull(column):
            return cells[column] is None
        case Not(inner):
            return not holds(inner, cells)
        case AllOf(conditions):
            return all(holds(one, cells) for one in conditions)
        case AnyOf(conditions):
            return any(holds(one, cells) for one in conditions)


def finds(terms: Sequence[Term], texts: Iterable[str]) -> bool:
    """Whether a row has what the terms look for.

    Args:
        terms: from `parse_terms`.
        texts: of the row's columns that are searched; the items of a list each for itself.
    """
    if not terms:
        return True
    split = [[word.text for word in words(text)] for text in texts]
    return all(term.excluded != any(_stands(term, text) for text in split) for term in terms)


def _texts(spec: TableSpec, row: Cells) -> list[str]:
    columns = [row[name] for name in spec.search.text] if spec.search else []
    return [
        text
        for cell in columns
        for text in (cell if isinstance(cell, list) else [cell])
        if isinstance(text, str)
    ]


def _cut(cell: Any) -> Any:
    return cell[:ORDERED_CHARACTERS] if isinstance(cell, str) else cell


def _stands(term: Term, text: Sequence[str]) -> bool:
    if term.prefix:
        return any(word.startswith(term.words[0]) for word in text)
    count = len(term.words)
    return any(tuple(text[at : at + count]) == term.words for at in range(len(text) - count + 1))
