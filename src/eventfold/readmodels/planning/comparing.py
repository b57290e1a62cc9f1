"""The rows of two definitions side by side: columns by their names, one that got another name by what it is."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from eventfold.readmodels.asking.compare import Compared, compare
from eventfold.readmodels.asking.diff import RowChange
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.planning.columns import ColumnChange

EXAMPLES = 3
"""Of rows that come, of rows that go, and of rows that change; of these one more for each column that needs it."""


class Differences(msgspec.Struct, frozen=True):
    """What differs; attributes as those of `TablePlan`."""

    added: int
    removed: int
    changed: int
    by_column: dict[str, int]
    examples: list[RowChange]


def differences(
    before: Layout, left: pa.Table, after: Layout, right: pa.Table, changes: Sequence[ColumnChange]
) -> Differences:
    """Compares rows of two layouts by their keys.

    A column that only one of them has stands there as null in the other: so it is told which rows get a value, and
    which lose one. Columns with a leading underscore do not count.

    Args:
        before: the layout of the rows that are live.
        left: these rows.
        after: the layout of the new rows.
        right: those.
        changes: the columns that differ, as `column_changes` tells them.
    """
    was = {change.column: change.was for change in changes if change.kind == "renamed"}
    new = [name for name in _shown(after) if name != after.spec.key_name]
    old = [name for name in _shown(before) if name not in {before.spec.key_name, *new, *was.values()}]
    old = [name for name in old if name != after.spec.key_name]
    right_keys = right.column(after.spec.key_name)
    columns = {name: (_column(left, was.get(name, name)), right.column(name)) for name in new}
    columns |= {name: (left.column(name), None) for name in old}
    pairs = {name: _alike(*pair, left.num_rows, right.num_rows) for name, pair in columns.items()}
    key = after.spec.key_name
    found = compare(
        after,
        pa.table({key: left.column(before.spec.key_name), **{n: a for n, (a, _) in pairs.items()}}),
        pa.table({key: right_keys, **{n: b for n, (_, b) in pairs.items()}}),
        [*pairs],
    )
    flat = found.columns.flatten()
    counts = {one["values"]: one["counts"] for one in pc.value_counts(flat).to_pylist()}
    return Differences(
        added=found.added.num_rows,
        removed=found.removed.num_rows,
        changed=found.before.num_rows,
        by_column={name: counts[name] for name in pairs if name in counts},
        examples=_examples(key, found, flat, [*counts]),
    )


def _examples(key: str, found: Compared, flat: pa.Array, columns: list[str]) -> list[RowChange]:
    rows = [RowChange("added", one[key], None, one) for one in found.added.slice(0, EXAMPLES).to_pylist()]
    gone = found.removed.slice(0, EXAMPLES).to_pylist()
    rows += [RowChange("removed", one[key], one, None) for one in gone]
    parents = pc.list_parent_indices(found.columns)
    chosen = {parents[pc.index(flat, name).as_py()].as_py() for name in columns}
    for at in range(found.before.num_rows):
        if len(chosen) >= EXAMPLES:
            break
        chosen.add(at)
    taken = pa.array(sorted(chosen), pa.int64())
    old, new = found.before.take(taken).to_pylist(), found.after.take(taken).to_pylist()
    named = found.columns.take(taken).to_pylist()
    for before, after, names in zip(old, new, named, strict=True):
        rows.append(RowChange("changed", after[key], before, after, tuple(names)))
    return rows


def _shown(layout: Layout) -> list[str]:
    return [slot.name for _, slot in layout.shown if not slot.name.startswith("_")]


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray | None:
    return rows.column(name) if name in rows.column_names else None


def _alike(
    old: pa.ChunkedArray | None, new: pa.ChunkedArray | None, old_rows: int, new_rows: int
) -> tuple[Any, Any]:
    """Both in types that compare: numbers as they are, what has nothing in common as text."""
    if old is None or new is None:
        there = old if old is not None else new
        assert there is not None
        return (
            pa.nulls(old_rows, there.type) if old is None else old,
            pa.nulls(new_rows, there.type) if new is None else new,
        )
    if old.type == new.type or (_number(old.type) and _number(new.type)):
        return old, new
    return _text(old), _text(new)


def _number(kind: pa.DataType) -> bool:
    return bool(pt.is_integer(kind) or pt.is_decimal(kind) or pt.is_floating(kind))


def _text(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
