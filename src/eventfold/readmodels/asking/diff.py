"""What became of a table between two moments: rows added, removed, and changed by column."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.feed.parking import ParkedStream
from eventfold.readmodels.asking.asof import AsOf
from eventfold.readmodels.asking.compare import Compared, compare
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.telling import parked_warnings

Kind = Literal["added", "removed", "changed"]
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


class RowChange(msgspec.Struct, frozen=True):
    """What became of one row.

    Attributes:
        kind: added, removed or changed.
        key: of the row.
        before: the whole row, None where it was not there. A row may hold nulls; that is not the same.
        after: the whole row, None where it is not there any more.
        columns: the columns that differ, of a row that changed.
    """

    kind: Kind
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    columns: tuple[str, ...] = ()


class Diff(msgspec.Struct, frozen=True):
    """The difference between a table at two moments, as Arrow tables ordered by key.

    Attributes:
        layout: of the rows.
        added: rows that are there after, and were not before.
        removed: rows that were there before, and are not after.
        before: rows that changed, as they were.
        after: the same rows, as they are; in the same order.
        columns: for each of these rows the columns that differ.
        parked: streams that could not be folded at one of the two moments: what they would change is not told.
        notes: what a person should know of the two moments, each as a sentence.
    """

    layout: Layout
    added: pa.Table
    removed: pa.Table
    before: pa.Table
    after: pa.Table
    columns: pa.ListArray
    parked: Mapping[str, ParkedStream] = {}
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        """The number of rows that differ."""
        return int(self.added.num_rows + self.removed.num_rows + self.before.num_rows)

    def __repr__(self) -> str:
        """How many rows came, went and changed."""
        return f"<{self._told()}>"

    def _told(self) -> str:
        counts = {"added": self.added, "removed": self.removed, "changed": self.before}
        told = [f"{rows.num_rows:,} {kind}" for kind, rows in counts.items() if rows.num_rows]
        waits = f"; {len(self.parked):,} parked" if self.parked else ""
        return f"Diff of {self.layout.spec.name}: {', '.join(told) or 'nothing changed'}{waits}"

    def _repr_html_(self) -> str:
        """The first changes, in a notebook."""
        key = self.layout.spec.key_name
        rows = (
            [_SIGNS[one.kind], one.key, markup.changes(_without(one.before, key), _without(one.after, key))]
            for one in self
        )
        table = markup.table(["", key, "changed"], rows, of=len(self))
        parked = parked_warnings({self.layout.spec.name: len(self.parked)})
        return markup.heading(self._told()) + table + markup.warnings([*self.notes, *parked])

    def __iter__(self) -> Iterator[RowChange]:
        """Each row that differs: the added ones, the removed ones, the changed ones, each by key."""
        key = self.layout.spec.key_name
        for after in _rows(self.added):
            yield RowChange("added", after[key], None, after)
        for before in _rows(self.removed):
            yield RowChange("removed", before[key], before, None)
        pairs = zip(_rows(self.before), _rows(self.after), self.columns, strict=True)
        for before, after, names in pairs:
            yield RowChange("changed", after[key], before, after, tuple(names.as_py()))


def diff(before: AsOf, after: AsOf, *, key: str | None = None, internal: bool = False) -> Diff:
    """The difference between two moments of one table.

    Args:
        before: the one moment.
        after: the other; it may be earlier.
        key: only the row of this key.
        internal: the columns with a leading underscore count too, so that a row changed where an event touched it and
            left its values as they were.
    """
    layout = before.layout
    left, right = _of_key(layout, before.arrow, key), _of_key(layout, after.arrow, key)
    names = [slot.name for _, slot in layout.shown if internal or not slot.name.startswith("_")]
    found: Compared = compare(layout, left, right, names)
    return Diff(
        layout=layout,
        added=found.added,
        removed=found.removed,
        before=found.before,
        after=found.after,
        columns=found.columns,
        parked={**before.parked, **after.parked},
        notes=before.notes or after.notes,
    )


def _without(row: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    return row and {name: value for name, value in row.items() if name != key}


def _of_key(layout: Layout, rows: pa.Table, key: str | None) -> pa.Table:
    return rows if key is None else rows.filter(pc.equal(rows.column(layout.spec.key_name), key))


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(1_000):
        yield from batch.to_pylist()
