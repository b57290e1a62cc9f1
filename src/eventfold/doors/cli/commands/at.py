"""`eventfold at`: a table at any moment."""

from datetime import datetime

import click

from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.moments import Moment, Place, occurred_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import form_of, print_rows, say, screenful, tell_more, warn_beside
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.telling import parked_warnings
from eventfold.words import how_many


@click.command()
@click.argument("table")
@click.option("--position", type=int, help="After the event at this position.")
@click.option(
    "--time", "moment", type=Moment(), help="After everything up to this time; UTC if no zone is given."
)
@click.option("--cursor", type=Place(), help="After everything up to this cursor, as JSON.")
@occurred_option
@click.option("--key", help="Only the row of this key.")
@limit_option
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@pass_settings
def at(
    settings: Settings,
    table: str,
    position: int | None,
    moment: datetime | None,
    cursor: Cursor | None,
    occurred: bool,  # noqa: FBT001 - click passes options by name
    key: str | None,
    limit: int | None,
    as_csv: bool,  # noqa: FBT001
) -> None:
    """Show TABLE as it was, at one moment: a position, a time or a cursor.

    With --occurred the time means everything that is known now to have happened by then; with a position or a cursor
    beside it, that was known there.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db at orders --time 2026-03-31
    """
    form = form_of(as_json=settings.json, as_csv=as_csv)
    with settings.open_app() as live:
        found = live.table(table).at(
            cursor=cursor, position=position, time=moment, clock="occurred" if occurred else "recorded"
        )
        rows = found.rows()
    name = found.layout.spec.key_name
    if key is not None:
        rows = [row for row in rows if row[name] == key]
    print_rows(rows[: screenful(limit) if form == "table" else limit], found.arrow.column_names, form)
    if form == "table":
        tell_more(len(rows) - len(rows[: screenful(limit)]), "--limit", "--csv", "--json")
        source = "the log" if found.base is None else f"published version {found.base}"
        events = f" and {how_many(found.events, 'event')}" if found.events else ""
        count = how_many(len(rows), "row") if rows else "No rows"
        when = "" if moment is None else f" {found.moment}"
        say(f"{count}{when}, from {source}{events}.")
    parked = {table: len(found.parked)} if found.parked else {}
    warn_beside([*found.notes, *parked_warnings(parked)], as_json=settings.json, parked=parked)
