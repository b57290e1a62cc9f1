"""`eventfold read`: the events of a stream."""

import sys

import click
import msgspec

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.documents import document
from eventfold.doors.cli.showing.output import print_table, screenful, shortened, tell_more, with_values
from eventfold.store.names import no_events

COLUMNS = ("version", "position", "recorded", "occurred", "type", "data")


@click.command()
@click.argument("stream")
@click.option("--after", default=0, show_default=True, help="Only events after this version.")
@click.option("--to", type=int, help="Only events up to this version.")
@click.option("--backwards", is_flag=True, help="Newest first.")
@click.option("--limit", type=int, help="How many, at most; default: all, of a table on a terminal 50.")
@click.option("--empty-ok", is_flag=True, help="A stream without events is no error.")
@pass_settings
def read(
    settings: Settings,
    stream: str,
    after: int,
    to: int | None,
    backwards: bool,  # noqa: FBT001 - click passes options by name
    limit: int | None,
    empty_ok: bool,  # noqa: FBT001
) -> None:
    """Show the events of STREAM; with --json one document a line.

    Example: eventfold -s sqlite:///shop.db read order-1 --after 2
    """
    store = settings.open_log(doing="Reading a stream")
    try:
        head = store.head(stream)
        if not empty_ok and not head:
            raise no_events(stream)
        most = limit if settings.json else screenful(limit)
        events = store.read(stream, after=after, to=to, backwards=backwards, limit=most)
        if settings.json:
            for event in events:
                sys.stdout.write(msgspec.json.encode(document(event)).decode() + "\n")
            return
        rows = [
            {
                "version": event.version,
                "position": event.position,
                "recorded": event.recorded_at,
                "occurred": event.occurred_apart,
                "type": event.type,
                "data": shortened(event.data),
            }
            for event in events
        ]
    finally:
        store.close()
    print_table(rows, with_values(rows, COLUMNS, optional=["occurred"]))
    tell_more(min(head, head if to is None else to) - after - len(rows), "--limit", "--json")
