"""The partial results of the chunks, in tables of DuckDB: one for each part of the layout.

Everything named in a statement here comes from the table definition; all else are numbers.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.engines.compiling.fold import Compiled, compile_fold
from eventfold.engines.duckdb.dialect import Duckdb
from eventfold.engines.duckdb.merge import merge, slot_type
from eventfold.engines.duckdb.parts import parts
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.arrowform import schema


class Found(msgspec.Struct, frozen=True):
    """What the fold of a chunk gave.

    Attributes:
        rows: how many keys it has.
        largest: the largest total of a key, by column, of the absolute values that were summed.
    """

    rows: int
    largest: Mapping[str, int]


class Partials:
    """Folds chunks, keeps what they give, merges it.

    Args:
        db: where it is kept.
        layout: of the table.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        self._db = db
        self._layout = layout
        self._parts = [_Part(db, part, number) for number, part in enumerate(parts(layout))]
        self.rows = 0
        """How many there are to merge."""

    @property
    def parts(self) -> int:
        """In how many parts the columns are folded."""
        return len(self._parts)

    def fold(self, chosen: pa.Table, types: Collection[str]) -> Found | None:
        """Folds the events of a chunk; None where SQL is not certain of one. Nothing is kept yet.

        Raises:
            duckdb.Error: what DuckDB says.
        """
        rows, largest = 0, dict[str, int]()
        kind = pc.add(pc.index_in(chosen.column("type"), pa.array(sorted(types), pa.string())), 1)
        self._db.register("chosen", chosen.append_column("kind", kind))
        try:
            for part in self._parts:
                found = part.fold(frozenset(types))
                if found is None:
                    return None
                rows = found.rows
                largest.update(found.largest)
        finally:
            self._db.unregister("chosen")
        return Found(rows, largest)

    def keep(self, found: Found, chunk: int) -> None:
        """Keeps what was folded last."""
        for part in self._parts:
            part.keep(chunk)
        self.rows += found.rows

    def insert(
        self, rows: pa.Table, chunk: int, resets: pa.Array | None = None, gone: pa.Array | None = None
    ) -> None:
        """Keeps rows that were folded elsewhere.

        Args:
            rows: in the form of `arrowform.schema`.
            chunk: its number.
            resets: whether the key was removed in this chunk; None = none was.
            gone: whether nothing came after that.
        """
        no = pa.array([False] * rows.num_rows, pa.bool_())
        marks = {"_reset": no if resets is None else resets, "_empty": no if gone is None else gone}
        numbers = _numbers(rows)
        for part in self._parts:
            part.insert(numbers, marks, chunk)
        self.rows += rows.num_rows

    def compact(self, chunk: int) -> None:
        """Merges what there is, so that it takes less room."""
        counts = [part.compact(chunk) for part in self._parts]
        # counted by half: compacting again before there is as much to merge would only copy
        self.rows = counts[0] // 2

    def merged(self) -> pa.Table:
        """One row for each key, in the form of `arrowform.schema`."""
        in_order = len(self._parts) > 1
        merged = [part.merged(in_order=in_order) for part in self._parts]
        found = {name: table.column(name) for table in merged for name in table.column_names}
        wanted = schema(self._layout)
        columns = [_typed(found[field.name], field.type) for field in wanted]
        return pa.Table.from_arrays(columns, schema=wanted)


class _Part:
    """The columns of one part: two tables, of what was folded last and of all that is kept."""

    def __init__(self, db: duckdb.DuckDBPyConnection, layout: Layout, number: int) -> None:
        self._db = db
        self._layout = layout
        self._folded, self._partials = f"folded{number}", f"partials{number}"
        self._compiled: dict[frozenset[str], Compiled] = {}
        self._last: Compiled | None = None
        self._listed = ", ".join(f'"{slot.name}"' for slot in layout.slots)
        typed = ", ".join(f'"{slot.name}" {slot_type(slot)}' for slot in layout.slots)
        db.sql(f"CREATE TEMP TABLE {self._partials} ({typed}, _reset BOOLEAN, _empty BOOLEAN, _chunk BIGINT)")

    def fold(self, types: frozenset[str]) -> Found | None:
        if types not in self._compiled:
            self._compiled[types] = compile_fold(Duckdb(), self._layout, types)
        compiled = self._compiled[types]
        self._db.sql(f"CREATE OR REPLACE TEMP TABLE {self._folded} AS {compiled.fold}")
        sums = "".join(f", max(_abs{n})" for n in compiled.sums)
        summary = f"SELECT coalesce(bool_or(_doubt), FALSE), count(*){sums} FROM {self._folded}"  # noqa: S608 - our names
        doubt, rows, *largest = self._db.sql(summary).fetchall()[0]
        if doubt:
            return None
        places = [self._layout.places[n] for n in compiled.sums]
        pairs = zip(places, largest, strict=True) if rows else ()
        return Found(rows, {place.name: scaled(most, place.column.type.scale) for place, most in pairs})

    def keep(self, chunk: int) -> None:
        self._db.sql(
            f"INSERT INTO {self._partials} SELECT {self._listed}, _reset, _empty, {chunk} FROM {self._folded}"  # noqa: S608 - our names
        )

    def insert(self, rows: pa.Table, marks: Mapping[str, pa.Array], chunk: int) -> None:
        marked = rows.select([slot.name for slot in self._layout.slots])
        for name, mark in marks.items():
            marked = marked.append_column(name, mark)
        self._db.register("marked", marked)
        self._db.sql(f"INSERT INTO {self._partials} SELECT *, {chunk} FROM marked")  # noqa: S608 - our names
        self._db.unregister("marked")

    def compact(self, chunk: int) -> int:
        self._db.sql(f"CREATE OR REPLACE TEMP TABLE compacted AS {merge(self._layout, self._partials)}")
        self._db.sql(f"DELETE FROM {self._partials}")  # noqa: S608 - our names
        self._db.sql(f"INSERT INTO {self._partials} SELECT *, FALSE, FALSE, {chunk} FROM compacted")  # noqa: S608 - our names
        count: int = self._db.sql("SELECT count(*) FROM compacted").fetchall()[0][0]
        self._db.sql("DROP TABLE compacted")
        return count

    def merged(self, *, in_order: bool) -> pa.Table:
        order = f' ORDER BY "{self._layout.slots[0].name}"' if in_order else ""
        return self._db.sql(merge(self._layout, self._partials) + order).to_arrow_table()


def scaled(most: Decimal | int, scale: int) -> int:
    """A sum in units of its last digit."""
    return int(Fraction(most) * 10**scale)  # exact, where a Decimal would round to the digits of its context


def _numbers(rows: pa.Table) -> pa.Table:
    """The form inside the engine: times and dates as whole numbers."""
    columns = []
    for column in rows.columns:
        kind = column.type
        if pa.types.is_timestamp(kind):
            columns.append(column.cast(pa.int64()))
        elif pa.types.is_date32(kind):
            columns.append(column.cast(pa.int32()).cast(pa.int64()))
        elif pa.types.is_list(kind) and pa.types.is_timestamp(kind.value_type):
            columns.append(column.cast(pa.list_(pa.int64())))
        elif pa.types.is_list(kind) and pa.types.is_date32(kind.value_type):
            columns.append(column.cast(pa.list_(pa.int32())).cast(pa.list_(pa.int64())))
        else:
            columns.append(column)
    return pa.Table.from_arrays(columns, names=rows.column_names)


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The other way: whole numbers become times and dates; Arrow makes dates of 32 bits only."""
    if kind == pa.date32():
        return column.cast(pa.int32()).cast(kind)
    if pa.types.is_list(kind) and kind.value_type == pa.date32():
        return column.cast(pa.list_(pa.int32())).cast(kind)
    return column.cast(kind)
