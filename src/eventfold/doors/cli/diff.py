"""`eventfold diff`: what became of a table between two moments."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eventfold.doors.cli.moments import Moment
from eventfold.doors.cli.output import print_json, say, shown, warn
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.readmodels.telling import parked_warnings

if TYPE_CHECKING:
    from eventfold.readmodels.diff import Diff, RowChange

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_COLUMNS = ("", "key", "column", "before", "after")
_WITHOUT_TERMINAL = 200


class AnyMoment(click.ParamType[Any]):
    """A position (digits alone), a time, a cursor as JSON, or `now`."""

    name = "moment"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "Cursor | datetime | int | Literal['now']":
        """The moment that was meant."""
        text = str(value).strip()
        if text == "now":
            return "now"
        if text.isascii() and text.isdigit():
            return int(text)
        if text.startswith("{"):
            return read_cursor(text)
        return Moment().convert(value, param, ctx)


@click.command()
@click.argument("table")
@click.argument("a", type=AnyMoment())
@click.argument("b", type=AnyMoment(), default="now")
@click.option("--key", help="Only the row of this key.")
@click.option("--internal", is_flag=True, help="Count the columns with a leading underscore too.")
@pass_settings
def diff(
    settings: Settings,
    table: str,
    a: "Cursor | datetime | int | Literal['now']",
    b: "Cursor | datetime | int | Literal['now']",
    key: str | None,
    internal: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Show what became of TABLE between the moments A and B (default: now).

    A moment is a position (digits alone), a time (UTC if no zone is given), a cursor as JSON, or "now".

    Example: eventfold diff orders 2026-03-01 now --key order-1
    """
    with settings.open_app() as live:
        found = live.table(table).diff(a, b, key=key, internal=internal)
    if settings.json:
        print_json(_document(table, found))
        return
    _print(found)
    say(
        f"{found.added.num_rows:,} rows added, {found.removed.num_rows:,} removed,"
        f" {found.before.num_rows:,} changed."
    )
    warn(parked_warnings({table: len(found.parked)}), parked=bool(found.parked))


def _document(table: str, found: "Diff") -> dict[str, object]:
    changes = list(found)
    return {
        "table": table,
        "added": [c.after for c in changes if c.kind == "added"],
        "removed": [c.before for c in changes if c.kind == "removed"],
        "changed": [_changed(c) for c in changes if c.kind == "changed"],
        "parked": sorted(found.parked),
        "warnings": parked_warnings({table: len(found.parked)}),
    }


def _changed(change: "RowChange") -> dict[str, object]:
    before, after = change.before or {}, change.after or {}
    return {
        "key": change.key,
        "columns": {name: {"before": before[name], "after": after[name]} for name in change.columns},
    }


def _print(found: "Diff") -> None:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=_WITHOUT_TERMINAL, color_system=None)
    lines = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for column in _COLUMNS:
        lines.add_column(column, overflow="fold")
    key = found.layout.spec.key_name
    for change in found:
        for cells in _cells(change, key):
            lines.add_row(*(Text(cell) for cell in cells), style=_STYLES[change.kind])
    if lines.row_count:
        console.print(lines)


def _cells(change: "RowChange", key: str) -> Iterator[tuple[str, ...]]:
    """One line per column that differs; of a whole row, per column that holds something."""
    rows = change.after or change.before or {}
    names = change.columns or [
        n for n, value in rows.items() if value is not None and n != key and n[0] != "_"
    ]
    if not names:
        yield _MARKS[change.kind], change.key, "", "", ""
    for name in names:
        before = "" if change.before is None else _value(change.before[name])
        after = "" if change.after is None else _value(change.after[name])
        yield _MARKS[change.kind], change.key, name, before, after


def _value(value: object) -> str:
    return "null" if value is None else shown(value)
