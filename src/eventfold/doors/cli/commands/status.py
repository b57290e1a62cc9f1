"""`eventfold status`: how the log and every table stand."""

from contextlib import closing
from typing import Any

import click
from msgspec import structs

from eventfold.app.parts.tablestatus import TableStatus
from eventfold.app.status import Status
from eventfold.app.status import status as log_status
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say, warn
from eventfold.feed.cursor import Cursor
from eventfold.words import how_many

COLUMNS = (
    *("name", "generation", "rows", "cursor", "lag", "age", "rate", "left", "parked", "kept"),
    *("published", "unpublished", "problem"),
)
PLACES = ("table", "place", "published", "unpublished", "lag", "problem")
HANDLERS = ("name", "kind", "state", "why", "lag", "parked")
SOURCES = ("source", "topic", "state", "lag", "looked")


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
    """Show the log, every table and handler: how far behind and how fast, what is parked, what is published.

    Of a source that is received from a topic: the offsets behind when its receiver last looked at the topic's ends.

    Without an app only the log is shown.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db status
    """
    found = _found(settings, watch)
    if settings.json:
        print_json(found)
        return
    count = "" if found.events is None else how_many(found.events, "event")
    last = f", the last of {found.last_recorded:%Y-%m-%d %H:%M:%S} UTC" if found.last_recorded else ""
    name = "" if found.app is None else f"{found.app}: "
    say(f"{name}{count}{last}{'; ' if count else ''}log {found.log}")
    if found.requests is not None:
        say(f"This took {found.requests} requests, {found.charge:,.1f} request units.")
    if found.tables:
        rows = [_row(table) for table in found.tables]
        print_table(rows, [name for name in COLUMNS if any(row[name] not in {None, ""} for row in rows)])
    if any(len(table.places) > 1 for table in found.tables):
        placed = [{"table": t.name, **structs.asdict(one)} for t in found.tables for one in t.places]
        print_table(placed, [name for name in PLACES if any(row[name] not in {None, ""} for row in placed)])
    if found.handlers:
        print_table(
            [{name: getattr(one, name) for name in HANDLERS} for one in found.handlers],
            [name for name in HANDLERS if any(getattr(one, name) for one in found.handlers)],
        )
    if found.sources:
        print_table([{"source": one.name, **structs.asdict(one)} for one in found.sources], SOURCES)
    if found.copy is not None and not found.copy.problem:
        say(found.copy.told()[:1].upper() + found.copy.told()[1:] + ".")
    if found.app is None:
        say("`eventfold types` lists what it holds; name an app (-a module:name) to see its tables.")
    warn(found.warnings, parked=any(table.parked for table in found.tables))


def _found(settings: Settings, watch: float) -> Status:
    if settings.app is None:
        with closing(settings.open_log()) as store:
            return log_status(None, store, (), [])
    with settings.open_app() as live:
        return live.status(watch=watch)


def _row(table: TableStatus) -> dict[str, Any]:
    left = f"{table.lag / table.rate:,.0f} s" if table.lag and table.rate else None
    rate = None if table.rate is None else f"{table.rate:,.0f}/s"
    age = f"{table.seconds:,.1f} s" if table.seconds else None
    return {**structs.asdict(table), "age": age, "cursor": _place(table.cursor), "rate": rate, "left": left}


def _place(cursor: Cursor | None) -> str | int | None:
    """The position of a cursor; with several partitions, of each."""
    if cursor is None:
        return None
    places = {name: mark.position for name, mark in cursor.marks.items()}
    if len(places) <= 1:
        return next(iter(places.values()), 0)
    return " ".join(f"{name}:{position}" for name, position in places.items())
