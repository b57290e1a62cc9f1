"""`eventfold parked`: events that could not be folded, and what to do about them."""

import click
from msgspec import structs

from eventfold.app.live import Live
from eventfold.doors.cli.output import print_json, print_table, say
from eventfold.doors.cli.settings import Settings, json_option, pass_settings
from eventfold.events.metadata import context

COLUMNS = ("table", "stream", "version", "type", "code", "waiting", "message")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def parked(click_context: click.Context) -> None:
    """List the streams that wait because one of their events could not be folded; retry or skip them.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked
    """
    if click_context.invoked_subcommand is None:
        settings = click_context.find_object(Settings)
        assert settings is not None
        with settings.open_app() as live:
            rows = _rows(live)
        if settings.json:
            print_json(rows)
        elif rows:
            print_table(rows, COLUMNS)
        else:
            say("Nothing is parked.")


@parked.command()
@click.argument("table")
@click.argument("stream")
@pass_settings
def retry(settings: Settings, table: str, stream: str) -> int:
    """Fold the parked events of STREAM again.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked retry orders order-1
    """
    with settings.open_app() as live:
        done = live.table(table).retry(stream)
    return _answer(settings, stream, done=done)


@parked.command()
@click.argument("table")
@click.argument("stream")
@click.option("--reason", required=True, help="Why the event is left out; it is recorded with your name.")
@pass_settings
def skip(settings: Settings, table: str, stream: str, reason: str) -> int:
    """Leave the event of STREAM that failed out of TABLE, and fold what waited behind it.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked skip orders order-1 --reason "a test order"
    """
    with settings.open_app() as live, context(actor=settings.actor):
        done = live.table(table).skip(stream, reason)
    return _answer(settings, stream, done=done)


def _rows(live: Live) -> list[dict[str, object]]:
    return [
        {
            **structs.asdict(one),
            "table": table.name,
            "waiting": one.last_version - one.version + 1,
        }
        for table in live.tables
        for one in table.parked().values()
    ]


def _answer(settings: Settings, stream: str, *, done: bool) -> int:
    if settings.json:
        print_json({"stream": stream, "folded": done})
    else:
        say(f"{stream} is folded." if done else f"{stream} is parked again: see `eventfold parked`.")
    return 0 if done else 9
