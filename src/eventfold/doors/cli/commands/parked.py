"""`eventfold parked`: events that could not be folded, and what to do about them."""

from collections.abc import Mapping
from typing import Any

import click
from msgspec import structs

from eventfold.app.live import Live
from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.once import Once
from eventfold.doors.cli.settings import Settings, json_option, pass_settings
from eventfold.doors.cli.showing.documents import document
from eventfold.doors.cli.showing.output import (
    print_json,
    print_table,
    say,
    screenful,
    shortened,
    tell_more,
    warn,
    with_values,
)
from eventfold.events.envelope import from_us
from eventfold.events.metadata import context
from eventfold.readmodels.telling import not_parked
from eventfold.words import how_many

COLUMNS = ("table", "stream", "version", "type", "code", "waiting", "message")
WAITING = ("version", "position", "recorded", "occurred", "type", "data", "why")


@click.group(cls=Once, invoke_without_command=True)
@limit_option
@json_option
@click.pass_context
def parked(click_context: click.Context, limit: int | None) -> None:
    """List the streams that wait because one of their events could not be folded; retry or skip them.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked
    """
    if click_context.invoked_subcommand is None:
        settings = click_context.find_object(Settings)
        assert settings is not None
        _list(settings, None, limit)
    elif limit is not None:
        raise click.UsageError(
            "--limit stands behind the command: eventfold parked list --limit N.", click_context
        )


@parked.command("list")
@click.argument("table", required=False)
@limit_option
@pass_settings
def list_parked(settings: Settings, table: str | None, limit: int | None) -> None:
    """List what waits, of all tables or of TABLE.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked list orders
    """
    _list(settings, table, limit)


@parked.command()
@click.argument("table")
@click.argument("stream")
@pass_settings
def show(settings: Settings, table: str, stream: str) -> None:
    """Show the event of STREAM that failed, why, and what waits behind it.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db parked show orders order-1
    """
    with settings.open_app() as live:
        found = live.table(table).parked().get(stream)
        if found is None:
            raise not_parked(table, stream)
        waiting = list(live.store.read(stream, after=found.version - 1, to=found.last_version))
    parked_at = from_us(found.parked_us)
    if settings.json:
        facts = {**structs.asdict(found), "parked_at": parked_at}
        print_json({"table": table, "parked": facts, "events": [document(event) for event in waiting]})
        return
    rows = [
        {
            "version": event.version,
            "position": event.position,
            "recorded": event.recorded_at,
            "occurred": event.occurred_apart,
            "type": event.type,
            "data": shortened(event.data),
            "why": f"{found.code}: {found.message}" if event.version == found.version else "waits behind it",
        }
        for event in waiting
    ]
    print_table(rows, with_values(rows, WAITING, optional=["occurred"]))
    say(f"Parked at {parked_at:%Y-%m-%d %H:%M:%S} UTC after {how_many(found.attempts, 'attempt')}.")
    say(f"When the cause is mended: eventfold parked retry {table} {stream}; or skip it with a --reason.")


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


def _list(settings: Settings, table: str | None, limit: int | None) -> None:
    with settings.open_app() as live:
        rows = _rows(live, table)
        others = [one.name for one in live.handlers if one.parked()] if table is None else []
    if settings.json:
        print_json(rows[:limit])
    elif rows:
        shown = rows[: screenful(limit)]
        print_table(shown, COLUMNS)
        tell_more(len(rows) - len(shown), "--limit", "--json")
    else:
        say("Nothing is parked." if not others else "Nothing is parked for tables.")
    if others and not settings.json:
        warn([f"Streams are parked for {name}: `eventfold handlers parked {name}`" for name in others])


def _rows(live: Live, name: str | None) -> list[Mapping[str, Any]]:
    return [
        {
            **structs.asdict(one),
            "table": table.name,
            "waiting": one.last_version - one.version + 1,
        }
        for table in ([live.table(name)] if name else live.tables)
        for one in table.parked().values()
    ]


def _answer(settings: Settings, stream: str, *, done: bool) -> int:
    if settings.json:
        print_json({"stream": stream, "folded": done})
    else:
        say(f"{stream} is folded." if done else f"{stream} is parked again: see `eventfold parked`.")
    return 0 if done else 9
