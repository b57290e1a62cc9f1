"""`eventfold diff`: what became of a table between two moments."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import click

from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.moments import Moment, Place, occurred_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.changes import COLUMNS, STYLES, change_lines, changed_columns
from eventfold.doors.cli.showing.output import print_json, print_table, say, screenful, tell_more, warn
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.telling import parked_warnings
from eventfold.words import how_many

if TYPE_CHECKING:
    from eventfold.readmodels.asking.asof import Clock
    from eventfold.readmodels.asking.diff import Diff


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
            return Place().convert(text, param, ctx)
        return Moment().convert(value, param, ctx)


@click.command()
@click.argument("table")
@click.argument("a", type=AnyMoment())
@click.argument("b", type=AnyMoment(), default="now")
@click.option("--key", help="Only the row of this key.")
@click.option("--internal", is_flag=True, help="Count the columns with a leading underscore too.")
@occurred_option
@limit_option
@pass_settings
def diff(
    settings: Settings,
    table: str,
    a: "Cursor | datetime | int | Literal['now']",
    b: "Cursor | datetime | int | Literal['now']",
    key: str | None,
    internal: bool,  # noqa: FBT001 - click passes options by name
    occurred: bool,  # noqa: FBT001
    limit: int | None,
) -> None:
    """Show what became of TABLE between the moments A and B (default: now).

    A moment is a position (digits alone), a time (UTC if no zone is given), a cursor as JSON, or "now", the end of the
    log. With --occurred a time means everything that is known now to have happened by then; positions, cursors and
    "now" mean what was known, as without it. So A is a time, and B "now", for what has happened since.

    Example: eventfold diff orders 2026-03-01 now --key order-1
    """
    with settings.open_app() as live:
        clock: Clock = "occurred" if occurred else "recorded"
        found = live.table(table).diff(a, b, key=key, internal=internal, clock=clock)
    if settings.json:
        print_json(_document(table, found))
        return
    _print(found, limit)
    say(_sentence(found))
    warn(_warnings(table, found), parked=bool(found.parked))


def _sentence(found: "Diff") -> str:
    """How many rows were added, removed and changed; of what there is none, nothing."""
    kinds = {"added": found.added, "removed": found.removed, "changed": found.before}
    told = [f"{how_many(rows.num_rows, 'row')} {kind}" for kind, rows in kinds.items() if rows.num_rows]
    return f"{', '.join(told)}." if told else "Nothing changed."


def _document(table: str, found: "Diff") -> dict[str, object]:
    changes = list(found)
    return {
        "table": table,
        "added": [c.after for c in changes if c.kind == "added"],
        "removed": [c.before for c in changes if c.kind == "removed"],
        "changed": [changed_columns(c) for c in changes if c.kind == "changed"],
        "parked": sorted(found.parked),
        "warnings": _warnings(table, found),
    }


def _warnings(table: str, found: "Diff") -> list[str]:
    return [*found.notes, *parked_warnings({table: len(found.parked)})]


def _print(found: "Diff", limit: int | None) -> None:
    key, most = found.layout.spec.key_name, screenful(limit)
    lines = [(line, STYLES[c.kind]) for c in islice(found, most) for line in change_lines(c, key)]
    if lines:
        print_table([line for line, _ in lines], COLUMNS, colours=[style for _, style in lines])
    shown_rows = found.added.num_rows + found.removed.num_rows + found.before.num_rows
    tell_more(0 if most is None else shown_rows - most, "--limit", "--json")
