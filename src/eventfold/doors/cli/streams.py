"""`eventfold streams`: what streams there are."""

import sys
from itertools import islice

import click
import msgspec

from eventfold.doors.cli.output import print_table, say
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.limits import INT_MAX


@click.command()
@click.argument("category", required=False)
@click.option(
    "--limit",
    type=click.IntRange(0, INT_MAX),
    default=50,
    show_default=True,
    help="How many are shown; with --json all are.",
)
@pass_settings
def streams(settings: Settings, category: str | None, limit: int) -> None:
    """List the streams of the log, or those of a CATEGORY, by name.

    Example: eventfold -s sqlite:///shop.db streams order
    """
    store = settings.open_log()
    try:
        found = store.streams(category)
        if settings.json:
            for stream in found:
                sys.stdout.write(msgspec.json.encode(stream._asdict()).decode() + "\n")
            return
        page = list(islice(found, limit))
        more = next(found, None) is not None
    finally:
        store.close()
    print_table([stream._asdict() for stream in page], ["stream", "category", "version"])
    if more:
        say(f"There are more; --limit shows more than {limit}.")
