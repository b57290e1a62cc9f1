"""`eventfold status`: how the log and every table stand."""

import click
from msgspec import structs

from eventfold.doors.cli.output import print_json, print_table, say
from eventfold.doors.cli.settings import Settings, pass_settings

COLUMNS = ("name", "generation", "lag", "parked", "published", "unpublished", "problem")


@click.command()
@pass_settings
def status(settings: Settings) -> None:
    """Show the log and every table: how far behind, what is parked, what is published.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db status
    """
    with settings.open_app() as live:
        found = live.status()
    if settings.json:
        print_json(found)
        return
    count = "" if found.events is None else f"{found.events:,} events"
    last = f", the last of {found.last_recorded:%Y-%m-%d %H:%M:%S} UTC" if found.last_recorded else ""
    say(f"{found.app}: {count}{last}{'; ' if count else ''}log {found.log}")
    if found.requests is not None:
        say(f"This took {found.requests} requests, {found.charge:,.1f} request units.")
    print_table([structs.asdict(table) for table in found.tables], COLUMNS)
    for warning in found.warnings:
        say(f"! {warning}")
