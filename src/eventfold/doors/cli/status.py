"""`eventfold status`: how the log and every table stand."""

from typing import Any

import click
from msgspec import structs

from eventfold.app.status import TableStatus
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.output import print_json, print_table, say, warn
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.feed.cursor import Cursor

COLUMNS = (
    *("name", "generation", "rows", "cursor", "lag", "rate", "left", "parked"),
    *("published", "unpublished", "problem"),
)


@click.command()
@click.option(
    "--watch",
    type=Seconds(),
    default=0.5,
    show_default=True,
    help="Seconds for which tables that are behind are watched for their rate; 0 = not.",
)
@pass_settings
def status(settings: Settings, watch: float) -> None:
    """Show the log and every table: how far behind and how fast, what is parked, what is published.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db status
    """
    with settings.open_app() as live:
        found = live.status(watch=watch)
    if settings.json:
        print_json(found)
        return
    count = "" if found.events is None else f"{found.events:,} events"
    last = f", the last of {found.last_recorded:%Y-%m-%d %H:%M:%S} UTC" if found.last_recorded else ""
    say(f"{found.app}: {count}{last}{'; ' if count else ''}log {found.log}")
    if found.requests is not None:
        say(f"This took {found.requests} requests, {found.charge:,.1f} request units.")
    rows = [_row(table) for table in found.tables]
    print_table(rows, [name for name in COLUMNS if any(row[name] not in {None, ""} for row in rows)])
    warn(found.warnings, parked=any(table.parked for table in found.tables))


def _row(table: TableStatus) -> dict[str, Any]:
    left = f"{table.lag / table.rate:,.0f} s" if table.lag and table.rate else None
    rate = None if table.rate is None else f"{table.rate:,.0f}/s"
    return {**structs.asdict(table), "cursor": _place(table.cursor), "rate": rate, "left": left}


def _place(cursor: Cursor | None) -> str | int | None:
    """The position of a cursor; with several partitions, of each."""
    if cursor is None:
        return None
    places = {name: mark.position for name, mark in cursor.marks.items()}
    if len(places) <= 1:
        return next(iter(places.values()), 0)
    return " ".join(f"{name}:{position}" for name, position in places.items())
