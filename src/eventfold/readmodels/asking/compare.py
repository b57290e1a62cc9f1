"""Two sets of rows side by side, by columns: which keys only one of them has, and which cells of the others differ.

No row becomes a Python object; what is held beside the two tables is what differs.
"""

from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.readmodels.asking.databases import database
from eventfold.readmodels.asking.scratch import memory
from eventfold.readmodels.declaring.layout import Layout

MEMORY = "256MB"
LOOSE = 1e-9
"""How far two sums of doubles may stand apart, relatively: they depend on the order in which they were added."""


class Compared(msgspec.Struct, frozen=True):
    """What differs, ordered by key.

    Attributes:
        added: rows of the right table whose key the left one does not have.
        removed: rows of the left table whose key the right one does not have.
        before: rows of the left table that differ from the right one's row of the same key.
        after: those of the right table, in the same order.
        columns: for each of them the names of the columns that differ.
    """

    added: pa.Table
    removed: pa.Table
    before: pa.Table
    after: pa.Table
    columns: pa.ListArray

    @property
    def empty(self) -> bool:
        """Whether both tables have the same rows."""
        return not (self.added.num_rows or self.removed.num_rows or self.before.num_rows)


def compare(layout: Layout, left: pa.Table, right: pa.Table, columns: Sequence[str]) -> Compared:
    """Compares rows by key; both tables have the columns of the layout that are named, and the key once per row.

    Values are equal where they are the same value of the column's type; null is equal to null only. Of sums of doubles
    the first nine digits count.

    Args:
        layout: of the rows.
        left: the rows before.
        right: the rows after.
        columns: those that are looked at; the key need not be among them.
    """
    key = layout.spec.key_name
    looked_at = [name for name in columns if name != key]
    with database(memory(MEMORY)) as db:
        db.register("before", _numbered(left, [key, *looked_at]))
        db.register("after", _numbered(right, [key, *looked_at]))
        found = db.sql(_statement(_loose(layout, looked_at), len(looked_at))).to_arrow_table()
    old, new = found.column("b").is_valid(), found.column("a").is_valid()
    added = found.column("a").filter(pc.invert(old))
    removed = found.column("b").filter(pc.invert(new))
    both = found.filter(pc.and_(old, new))
    return Compared(
        added=right.take(added),
        removed=left.take(removed),
        before=left.take(both.column("b")),
        after=right.take(both.column("a")),
        columns=_named(both.column("differ"), looked_at),
    )


def twice(layout: Layout, rows: pa.Table) -> list[str | None]:
    """The keys that more than one row has."""
    with database(memory(MEMORY)) as db:
        db.register("found", _numbered(rows, [layout.spec.key_name]))
        keys = db.sql("SELECT c0 FROM found GROUP BY c0 HAVING count(*) > 1 ORDER BY c0").fetchall()
    return [key for (key,) in keys]


def _numbered(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The columns under names that cannot clash, with the number of each row."""
    chosen = table.select(names).rename_columns([f"c{n}" for n in range(len(names))])
    return chosen.append_column("at", pa.arange(0, table.num_rows))


def _statement(loose: Sequence[bool], count: int) -> str:
    tests = [_differs(n + 1, loose=loose[n]) for n in range(count)]
    listed = ", ".join(f"CASE WHEN {test} THEN {n} END" for n, test in enumerate(tests))
    names = f"list_filter([{listed}]::INTEGER[], lambda n: n IS NOT NULL)" if tests else "[]::INTEGER[]"
    any_of = " OR ".join(["b.at IS NULL", "a.at IS NULL", *tests])
    return (
        f"SELECT b.at AS b, a.at AS a, {names} AS differ"  # noqa: S608 - numbers only
        f" FROM before AS b FULL OUTER JOIN after AS a ON b.c0 = a.c0 WHERE {any_of}"
        " ORDER BY coalesce(b.c0, a.c0)"
    )


def _differs(n: int, *, loose: bool) -> str:
    exact = f"b.c{n} IS DISTINCT FROM a.c{n}"
    if not loose:
        return exact
    near = f"abs(b.c{n} - a.c{n}) <= {LOOSE!r} * greatest(abs(b.c{n}), abs(a.c{n}))"
    return f"({exact} AND NOT coalesce({near}, FALSE))"


def _loose(layout: Layout, names: Sequence[str]) -> list[bool]:
    inexact = {p.name for p in layout.places if p.column.reducer == "sum" and p.column.type.kind == "double"}
    return [name in inexact for name in names]


def _named(numbers: pa.ChunkedArray, names: Sequence[str]) -> pa.ListArray:
    whole = numbers.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], numbers.type)
    return pa.ListArray.from_arrays(whole.offsets, pa.array(names, pa.string()).take(whole.values))
