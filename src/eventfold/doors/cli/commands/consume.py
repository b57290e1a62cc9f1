"""`eventfold consume`: public events of others out of a file."""

import sys
from contextlib import closing
from pathlib import Path

import click
import msgspec

from eventfold.doors.cli.inboxes import check_source
from eventfold.doors.cli.protecting import check_input
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, progress, say
from eventfold.errors import EventTooLarge
from eventfold.events.metadata import context
from eventfold.imports.publicevents import Taken, take_file
from eventfold.words import how_many


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--source", required=True, metavar="NAME", help="Of those who speak, as @ef.consume names it.")
@click.option("--create", is_flag=True, help="Make the log where there is none.")
@pass_settings
def consume(settings: Settings, file: str, source: str, create: bool) -> int:  # noqa: FBT001 - click passes options by name
    """Receive the public events of FILE: CloudEvents as JSON Lines, one or a batch a line, plain or gzipped.

    They are written down, each source and id once, and become commands when the handlers run. A line that cannot be
    read is kept with its bytes, and parked. Run it again at any time. - reads standard input.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db consume payments.jsonl --source payments
    """
    check_source(settings, source)
    if file != "-":
        check_input(settings.configuration, file)
    content = sys.stdin.buffer if file == "-" else Path(file)
    opened = closing(settings.open_log(create=create, doing="Receiving"))
    with opened as store, context(actor=settings.actor), progress("events") as moved:
        taken = take_file(store, source, content, progress=moved)  # type: ignore[arg-type] # standard input is buffered
    _show(settings, taken)
    return EventTooLarge.exit_code if taken.refused else 0


def _show(settings: Settings, taken: Taken) -> None:
    if settings.json:
        print_json(msgspec.to_builtins(taken))
        return
    if taken.errors:
        print_table(taken.errors, ("line", "code", "message"))
    say(f"{how_many(taken.received, 'event')} received, {taken.known:,} known.")
    if taken.unreadable:
        say(f"{how_many(taken.unreadable, 'line')} could not be read: kept with their bytes, to be parked.")
    if taken.refused:
        say(
            f"{how_many(taken.refused, 'line')} could not be kept: larger than what a log keeps of one event."
        )
