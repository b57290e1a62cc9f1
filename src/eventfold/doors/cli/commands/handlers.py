"""`eventfold handlers`: how handlers stand, and what a person decides about them."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource
from msgspec import structs

from eventfold.app.handlers import LiveHandler
from eventfold.app.live import Live
from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.once import Once
from eventfold.doors.cli.settings import Settings, json_option, pass_settings
from eventfold.doors.cli.showing.output import (
    print_json,
    print_table,
    say,
    screenful,
    tell_more,
    warn,
    with_values,
)
from eventfold.errors import CursorInvalid
from eventfold.events.envelope import from_us
from eventfold.events.metadata import context
from eventfold.feed.cursor import read_cursor
from eventfold.handlers.declaring.handler import FUNCTION
from eventfold.handlers.tending.deciding import To
from eventfold.handlers.tending.standing import HandlerStatus, standing, strangers
from eventfold.words import how_many

COLUMNS = (
    *("handler", "kind", "target", "state", "lag", "behind", "rate", "parked", "deadlines", "workers"),
    "why",
)
OPTIONAL = ("target", "behind", "rate", "parked", "deadlines", "workers", "why")
PARKED = ("stream", "version", "type", "code", "waiting", "asked", "message")
_WATCH = 0.5
_WORDS: dict[str, To] = {"now": "now", "start": "start", "here": "here"}
_DIGITS = 20

watch_option = click.option(
    "--watch",
    type=Seconds(),
    default=_WATCH,
    show_default=True,
    help="Seconds for which handlers that are behind are watched for their rate; 0 = not.",
)


@click.group(cls=Once, invoke_without_command=True)
@watch_option
@json_option
@click.pass_context
def handlers(click_context: click.Context, watch: float) -> None:
    """Show every handler: what it does, how far behind it is, what is parked; pause, move, retry, skip.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers
    """
    if click_context.invoked_subcommand is None:
        settings = click_context.find_object(Settings)
        assert settings is not None
        _list(settings, watch)
    elif click_context.get_parameter_source("watch") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--watch stands behind the command: eventfold handlers list --watch N.", click_context
        )


@handlers.command("list")
@watch_option
@pass_settings
def list_handlers(settings: Settings, watch: float) -> None:
    """Show every handler.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers list
    """
    _list(settings, watch)


@handlers.command()
@click.argument("name")
@watch_option
@pass_settings
def show(settings: Settings, name: str, watch: float) -> None:
    """Show all that is known of the handler NAME: its last error, how it was moved, what was left out.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers show send_tracking
    """
    with settings.open_app() as live:
        handler = live.handler(name)
        status = handler.status(watch=watch)
        moves, skipped = handler.moves(), handler.skipped()
    moved = [{**structs.asdict(one), "at": from_us(one.moved_us)} for one in moves]
    left_out = [{**structs.asdict(one), "at": from_us(one.skipped_us)} for one in skipped]
    if settings.json:
        print_json({**structs.asdict(status), "moves": moved, "skipped": left_out})
        return
    print_table([{"what": what, "is": value} for what, value in _facts(status)], ["what", "is"])
    if moved:
        print_table(moved, ["at", "to", "actor", "reason"])
    if left_out:
        print_table(left_out, ["at", "stream", "version", "actor", "reason"])


@handlers.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it is recorded with your name.")
@pass_settings
def pause(settings: Settings, name: str, reason: str) -> None:
    """Keep the handler NAME from beginning effects until it is resumed; those under way end.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers pause send_tracking --reason "new mail server"
    """
    with settings.open_app() as live, context(actor=settings.actor):
        handler = live.handler(name)
        handler.pause(reason)
        _answer(settings, handler, f"{name} is paused; its workers see it within a second.")


@handlers.command()
@click.argument("name")
@pass_settings
def resume(settings: Settings, name: str) -> None:
    """Let the handler NAME go on where it is, and have its target tried at once where that did not answer.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers resume send_tracking
    """
    with settings.open_app() as live:
        handler = live.handler(name)
        handler.resume()
        _answer(settings, handler, f"{name} goes on.")


@handlers.command()
@click.argument("name")
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="now, start, a position, a cursor as JSON, or here: where it is, with the events that it takes now.",
)
@click.option("--reason", default="", help="Why; it is recorded with your name.")
@pass_settings
def move(settings: Settings, name: str, to: str, reason: str) -> None:
    """Put the handler NAME elsewhere: it goes on from there. What is parked stays, unless it comes again.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers move send_tracking --to now
    """
    with settings.open_app() as live, context(actor=settings.actor):
        handler = live.handler(name)
        handler.move(_place(live, to), reason)
        if to == "start":
            say("! It does everything again, from the first event on, with the same idempotency keys.")
        _answer(settings, handler, f"{name} goes on {'where it is' if to == 'here' else f'from {to}'}.")


@handlers.command()
@click.argument("name")
@limit_option
@pass_settings
def parked(settings: Settings, name: str, limit: int | None) -> None:
    """List the streams that wait for a person, because the handler NAME could not take one of their events.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers parked send_tracking
    """
    with settings.open_app() as live:
        found = live.handler(name).parked()
    rows = [
        {
            **structs.asdict(one.parked),
            "waiting": one.parked.last_version - one.parked.version + 1,
            "asked": one.asked or None,
        }
        for one in found.values()
    ]
    if settings.json:
        print_json(rows[:limit])
    elif rows:
        shown = rows[: screenful(limit)]
        print_table(shown, with_values(shown, PARKED, optional=["asked"]))
        tell_more(len(rows) - len(shown), "--limit", "--json")
        say(
            f"When the cause is mended: `eventfold handlers retry {name} STREAM`; or skip it with a --reason."
        )
    else:
        say("Nothing is parked.")


@handlers.command()
@click.argument("name")
@click.argument("stream", required=False)
@click.option("--all", "is_all", is_flag=True, help="Every stream that is parked, instead of one.")
@pass_settings
def retry(settings: Settings, name: str, stream: str | None, is_all: bool) -> None:  # noqa: FBT001 - by name
    """Have the handler NAME try the event of STREAM that failed again, then what waits behind it.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers retry send_tracking order-1
    """
    if (stream is None) != is_all:
        raise click.UsageError("Name one stream, or say --all.")
    with settings.open_app() as live, context(actor=settings.actor):
        if stream is not None:
            live.handler(name).retry(stream)
            _asked(settings, live, name, stream, "tried again")
        else:
            count = live.handler(name).retry_all()
            _asked(settings, live, name, how_many(count, "stream"), "tried again", count=count)


@handlers.command()
@click.argument("name")
@click.argument("stream")
@click.option("--reason", required=True, help="Why the event is left out; it is recorded with your name.")
@pass_settings
def skip(settings: Settings, name: str, stream: str, reason: str) -> None:
    """Leave the event of STREAM that failed out of what the handler NAME does, and go on with what waited behind it.

    Of a stream that is not parked it is the first event that waits, for its target for example.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers skip send_tracking order-1 --reason "a test"
    """
    with settings.open_app() as live, context(actor=settings.actor):
        live.handler(name).skip(stream, reason)
        _asked(settings, live, name, stream, "left out")


@handlers.command()
@click.argument("name")
@click.argument("stream")
@click.option("--reason", required=True, help="Why it waits for a person; it is recorded with your name.")
@pass_settings
def park(settings: Settings, name: str, stream: str, reason: str) -> None:
    """Park STREAM for the handler NAME, where its first event waits for a target: retry or skip it later.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db handlers park send_tracking order-1 --reason "too large"
    """
    with settings.open_app() as live, context(actor=settings.actor):
        live.handler(name).park(stream, reason)
        _asked(settings, live, name, stream, "parked")


def _place(live: Live, to: str) -> To:
    if to in _WORDS:
        return _WORDS[to]
    if to.isdecimal() and to.isascii() and len(to) < _DIGITS:
        return live.store.feed().at_position(int(to))
    if not to.lstrip().startswith("{"):
        raise CursorInvalid(
            f"{to!r:.60} is no place: say --to now, start, here, a position such as 120, or a cursor as JSON, which"
            " `eventfold handlers show NAME --json` tells."
        )
    return read_cursor(to)


def _list(settings: Settings, watch: float) -> None:
    with settings.open_app() as live:
        found = standing(list(live.app.handlers.values()), live.store, watch=watch)
        unknown = strangers(live.app.handlers, live.store)
    if settings.json:
        print_json(found)
    elif found:
        rows = [_row(one) for one in found]
        print_table(rows, with_values(rows, COLUMNS, optional=OPTIONAL))
    else:
        say(f"{live.app.name} has no handlers.")
    if not settings.json:
        warn(_warnings(found, unknown))


def _warnings(found: Sequence[HandlerStatus], unknown: Sequence[str]) -> list[str]:
    told = [
        f"{one.name} has {how_many(one.parked, 'parked stream')}: `eventfold handlers parked {one.name}`"
        for one in found
        if one.parked
    ]
    told += [f"{one.name} is stopped: {one.why}" for one in found if one.state == "stopped"]
    told += [f"{one.name}: {one.error}" for one in found if one.state == "unknown"]
    if unknown:
        told.append(f"The log knows handlers that the app does not have: {', '.join(unknown)}.")
    return told


def _row(one: HandlerStatus) -> Mapping[str, Any]:
    return {
        "handler": one.name,
        "kind": one.kind,
        "target": None if one.target.startswith(FUNCTION) else one.target,
        "state": one.state,
        "lag": one.lag,
        "behind": None if one.seconds is None else f"{one.seconds:,.0f} s",
        "rate": None if one.rate is None else f"{one.rate:,.0f}/s",
        "parked": one.parked or None,
        "deadlines": one.deadlines or None,
        "workers": ", ".join(one.workers) or None,
        "why": one.why or None,
    }


def _facts(status: HandlerStatus) -> list[tuple[str, Any]]:
    """What is known, and worth a line."""
    error = f"{status.error_stream}/{status.error_version}" if status.error_version else None
    found = {
        **_row(status),
        "types": ", ".join(status.types),
        "due": status.due,
        "last error": status.error or None,
        "of": error,
        "when": status.error_at,
        "cursor": status.cursor.to_json() if status.cursor else None,
    }
    return [(what, value) for what, value in found.items() if value is not None]


def _answer(settings: Settings, handler: LiveHandler, sentence: str) -> None:
    if settings.json:
        print_json(handler.status())
    else:
        say(sentence)


def _asked(settings: Settings, live: Live, name: str, stream: str, what: str, *, count: int = 1) -> None:
    status = live.handler(name).status()
    of = f"{stream} {'is' if count == 1 else 'are'} {what}"
    if settings.json:
        print_json({"handler": name, "asked": count, "workers": status.workers})
    elif not count:
        say("Nothing is parked that was not asked for.")
    elif status.workers:
        say(f"{of} by {name} within a second; `eventfold handlers parked {name}` lists what stays.")
    else:
        say(f"{of} when {name} has a worker again: `eventfold run`.")
