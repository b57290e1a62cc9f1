"""`eventfold streams`: what streams there are."""

import sys
from itertools import islice

import click
import msgspec

from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_table, say, screenful


@click.command()
@click.argument("category", required=False)
@limit_option
@pass_settings
def streams(settings: Settings, category: str | None, limit: int | None) -> None:
    """List the streams of the log, or those of a CATEGORY, by name.

    Example: eventfold -s sqlite:///shop.db streams order
    """
    store = settings.open_log(doing="Listing streams")
    try:
        found = store.streams(category)
        if settings.json:
            for stream in islice(found, limit):
                sys.stdout.write(msgspec.json.encode(stream._asdict()).decode() + "\n")
            return
        page = list(islice(found, screenful(limit)))
        more = next(found, None) is not None
    finally:
        store.close()
    print_table([stream._asdict() for stream in page], ["stream", "category", "version"])
    if category is not None and not page:
        say(f"There are no streams of the category {category}: `eventfold streams` lists all.")
    if more:
        say("... and more: --limit, --json")
