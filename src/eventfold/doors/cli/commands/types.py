"""`eventfold types`: which types of events there are."""

from contextlib import closing

import click
from msgspec import structs

from eventfold.app.eventtypes import event_types
from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say, screenful, tell_more

COLUMNS = ("category", "type", "events", "first", "last", "schema")


@click.command()
@click.argument("category", required=False)
@limit_option
@pass_settings
def types(settings: Settings, category: str | None, limit: int | None) -> None:
    """List the types of events in the log, or in streams of a CATEGORY: how many, when the first and last happened.

    Example: eventfold -s sqlite:///shop.db types
    """
    with closing(settings.open_log()) as store:
        found = event_types(store.feed(), None if category is None else [category])
    if settings.json:
        print_json([structs.asdict(one) for one in found[:limit]])
        return
    rows = [
        {**structs.asdict(one), "schema": ", ".join(map(str, one.schema_versions))}
        for one in found[: screenful(limit)]
    ]
    print_table(rows, COLUMNS)
    tell_more(len(found) - len(rows), "--limit", "--json")
    if category is not None and not found:
        say(f"No events are in streams of the category {category}: `eventfold types` lists all.")
