"""What differs between two definitions of a table, in the words of definitions."""

import json
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.values import Const, Envelope, Field

ColumnKind = Literal["added", "removed", "changed", "renamed"]


class ColumnChange(msgspec.Struct, frozen=True, kw_only=True):
    """One column that differs.

    Attributes:
        column: its name; of one that was removed, the name it had.
        kind: added, removed, changed; or renamed, where it is declared as one was that is gone.
        was: the name before, of one that was renamed.
        before: how it was declared.
        after: how it is declared.
    """

    column: str
    kind: ColumnKind
    was: str = ""
    before: str = ""
    after: str = ""


def column_changes(before: TableSpec, after: TableSpec) -> list[ColumnChange]:
    """The columns that differ: those that are there now in their order, then those that are gone."""
    gone = [name for name in before.columns if name not in after.columns]
    found = []
    for name, column in after.columns.items():
        old = before.columns.get(name)
        if old is None:
            twins = [one for one in gone if before.columns[one] == column and column.reducer != "fold"]
            new = [one for one, c in after.columns.items() if c == column and one not in before.columns]
            if len(twins) == 1 and len(new) == 1:
                gone.remove(twins[0])
                found.append(ColumnChange(column=name, kind="renamed", was=twins[0], after=declared(column)))
            else:
                found.append(ColumnChange(column=name, kind="added", after=declared(column)))
        elif old != column:
            found.append(
                ColumnChange(column=name, kind="changed", before=declared(old), after=declared(column))
            )
    found += [ColumnChange(column=n, kind="removed", before=declared(before.columns[n])) for n in gone]
    return found


def table_changes(before: TableSpec, after: TableSpec) -> list[str]:
    """What else differs, each as `part: before -> after`."""
    parts = [
        ("category", before.category or "every", after.category or "every"),
        ("key", _key(before), _key(after)),
        ("removed by", _listed(before.delete_on), _listed(after.delete_on)),
        ("events", _events(before), _events(after)),
        ("fold", _fold(before), _fold(after)),
    ]
    return [f"{part}: {old} -> {new}" for part, old, new in parts if old != new]


def declared(column: Column) -> str:
    """A column as it is declared, in one line: `sum(OrderCreated.total_amount) decimal(18,2)`."""
    kind = "" if column.reducer in {"count", "key", "delete_on"} else f" {column.type}"
    return f"{column.reducer}({', '.join(_inside(column))}){kind}"


def _inside(column: Column) -> Iterator[str]:
    yield from map(_value, column.values)
    if column.on:
        yield f"on {_listed(column.on)}"
    if column.by is not None:
        yield f"by {column.by.name}"
    if column.nulls:
        yield "nulls too"
    if column.reducer == "collect":
        yield f"the {column.keep} {column.limit}"
    if column.absent == "skip":
        yield "absent ones skipped"


def _value(value: Field | Const | Envelope) -> str:
    match value:
        case Field():
            return f"{value.event}.{value.shown}"
        case Const(event, constant):
            return f"{event}: {json.dumps(constant, ensure_ascii=False)}"
        case Envelope(name):
            return name


def _key(spec: TableSpec) -> str:
    return f"{spec.key_name} {declared(spec.key) if spec.key.values else 'the stream'}"


def _events(spec: TableSpec) -> str:
    return "all" if spec.types is None else _listed(sorted(spec.types))


def _fold(spec: TableSpec) -> str:
    return spec.fold.__qualname__ if spec.fold else "columns"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
