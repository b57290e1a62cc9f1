"""Rows that changed, as lines for people and as documents for programs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eventfold.doors.cli.showing.output import shortened, shown

if TYPE_CHECKING:
    from eventfold.readmodels.asking.diff import RowChange

STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
COLUMNS = ("", "key", "column", "before", "after")
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def changed_columns(change: "RowChange") -> dict[str, object]:
    """A row that changed, with the columns that differ."""
    before, after = change.before or {}, change.after or {}
    return {
        "key": change.key,
        "columns": {name: {"before": before[name], "after": after[name]} for name in change.columns},
    }


def change_lines(change: "RowChange", key: str) -> Iterator[dict[str, object]]:
    """One line per column that differs; one of a whole row, with what it holds."""
    begun = {"": _MARKS[change.kind], "key": change.key}
    if change.columns:
        before, after = change.before or {}, change.after or {}
        for name in change.columns:
            yield {**begun, "column": name, "before": shown(before[name]), "after": shown(after[name])}
        return
    row = change.after or change.before or {}
    held = [f"{n}: {shown(v)}" for n, v in row.items() if v is not None and n != key and n[0] != "_"]
    place, other = ("after", "before") if change.kind == "added" else ("before", "after")
    yield {**begun, "column": "", place: shortened(", ".join(held).replace("\n", " ")), other: ""}
