"""The port of search: what answers a `Request` about the rows that are published where it looks.

A back end finds what `matching.answered` finds, in its order but for the order of what it finds best, and counts as it
does. It never parses what a user wrote.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.publishing.publication import Publication, Stamp
from eventfold.readmodels.search.request import Request
from eventfold.store.findings import Finding

FACET_VALUES = 100
"""How many values of a facet are told, the most frequent first."""
FACET_COUNTED = 10_000
"""How many different values a facet may have among the hits."""
ORDERED_CHARACTERS = 200
"""How many characters of a text count where hits are ordered by it."""

FacetCounts = Sequence[tuple[Cell, int]]
"""Values with the number of hits that have them: the most frequent first, of equals the smaller one."""


class FoundRow(msgspec.Struct, frozen=True):
    """A row that was found.

    Attributes:
        cells: of the columns that a user sees, in their order.
        score: how well it fits what was looked for; None where hits are ordered otherwise.
    """

    cells: Sequence[Cell | list[Cell] | None]
    score: float | None = None


class Found(msgspec.Struct, frozen=True):
    """What a back end answers.

    Attributes:
        total: how many rows were found.
        rows: those of the page.
        facets: the counts of each column that was asked for, over all rows that were found.
        stamp: what the rows contain, which were all seen at one instant.
    """

    total: int
    rows: Sequence[FoundRow]
    facets: Mapping[str, FacetCounts]
    stamp: Stamp


class SearchPublication(Publication, Protocol):
    """A publication that answers searches."""

    def find(self, request: Request) -> Found:
        """What is found.

        Raises:
            TableBehind: nothing is published there yet, or not under this declaration of `search`.
            QueryInvalid: a facet has too many different values to count them exactly.
            ForeignCursor: what is there was published from another log.
            StorageError: it cannot be read now.
        """

    def examine(self) -> Sequence[Finding]:
        """Whether the index is the one that the table's declaration makes; changes nothing."""
