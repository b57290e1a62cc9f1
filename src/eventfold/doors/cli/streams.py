"""`eventfold streams`: what streams there are."""

import sys
from itertools import islice

import click
import msgspec

from eventfold.doors.cli.output import print_table, say
from eventfold.doors.cli.settings import Settings, pass_settings


@click.command()
@click.argument("category", required=False)
@click.option("--limit", default=50, show_default=True, help="How many are shown; with --json all are.")
@pass_settings
def streams(settings: Settings, category: str | None, limit: int) -> None:
    """List the streams of the log, or those of a CATEGORY, by name."""
    store = settings.open_log()
    try:
        found = store.streams(category)
        if settings.json:
            for stream in found:
                sys.stdout.write(msgspec.json.encode(stream._asdict()).decode() + "\n")
            return
        page = list(islice(found, limit + 1))
    finally:
        store.close()
    print_table([stream._asdict() for stream in page[:limit]], ["stream", "category", "version"])
    if len(page) > limit:
        say(f"There are more; --limit shows more than {limit}.")
