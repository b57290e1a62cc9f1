"""The ids that earlier releases gave to rows: made of the name of the log and of all cells, the empty ones too.

So a column that was added since, and is empty, would make another row of each. Which columns that are is found out by
trying: ids of rows without some of their empty cells are looked for, until one is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, combinations
from uuid import UUID

import msgspec

from eventfold.events.ids import row_event_id
from eventfold.imports.settling.prepared import Prepared

TRIES = 5
"""Batches in which it is tried, with some rows of each."""
ROWS = 20
MOST_EMPTY = 6
"""Cells of such a row that are empty, at most: each set of them is tried."""

Place = tuple[str, UUID]
"""A stream and an event id."""

_EMPTY = (b'""', b"null")
_cells = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_canonical = msgspec.json.Encoder(order="sorted").encode


class Formers:
    """The ids under which an earlier release may have stored rows.

    Args:
        names: of the log, at that time.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.met = False
        """Whether the log holds such ids."""
        self._added: frozenset[str] = frozenset()
        self._tries = 0

    def ids(self, row: Prepared) -> list[tuple[str, UUID]]:
        """The names of the log, each with the id that a row had under it."""
        if not row.former:
            return []
        forms = [row.former]
        if self._added and (narrow := _without(row.former, self._added)) != row.former:
            forms.append(narrow)
        return [
            (name, row_event_id(name, row.stream, form, row.repeat)) for form in forms for name in self.names
        ]

    def learn(self, rows: Sequence[Prepared], find: Callable[[Iterable[Place]], Iterable[Place]]) -> bool:
        """Finds out which columns were added, empty, since rows were imported; whether some were.

        Args:
            rows: that are not known so far, in streams that are there.
            find: gives those of some places where an event stands.
        """
        if not self.met or self._added or self._tries == TRIES:
            return False
        sets = {id(row): list(_empty_cells(row)) for row in rows if row.former}
        some = sorted((row for row in rows if sets.get(id(row))), key=lambda row: len(sets[id(row)]))[:ROWS]
        if not some:
            return False
        self._tries += 1
        guesses: dict[Place, frozenset[str]] = {}
        for row in some:
            for left_out in sets[id(row)]:
                form = _without(row.former, left_out)
                for name in self.names:
                    guesses[row.stream, row_event_id(name, row.stream, form, row.repeat)] = left_out
        for place in find(guesses):
            self._added |= guesses[place]
        return bool(self._added)


def _empty_cells(row: Prepared) -> Iterator[frozenset[str]]:
    empty = [name for name, raw in _cells(row.former).items() if bytes(raw) in _EMPTY]
    if len(empty) <= MOST_EMPTY:
        yield from map(frozenset, chain.from_iterable(combinations(empty, n + 1) for n in range(len(empty))))


def _without(former: str, left_out: frozenset[str]) -> str:
    cells = _cells(former)
    kept = {name: raw for name, raw in cells.items() if name not in left_out or bytes(raw) not in _EMPTY}
    return _canonical(kept).decode()
