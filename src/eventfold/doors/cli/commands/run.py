"""`eventfold run`: keeps every table up to date and runs every handler until it is told to stop."""

from contextlib import ExitStack

import click

from eventfold.app.live import Live
from eventfold.bus.followed import heeding
from eventfold.doors.cli.configuration import SECRETS
from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say, warn
from eventfold.doors.cli.stopping import end_well, stop_on_signals
from eventfold.doors.health.checks import BEHIND
from eventfold.doors.health.logs import logging_json
from eventfold.doors.health.serving import serving_health
from eventfold.errors import BusUnavailable, EventfoldError
from eventfold.handlers.targets.repeating import without_addresses


@click.command()
@click.option("--once", is_flag=True, help="Catch up, publish, let handlers take what is there, and end.")
@click.option(
    "--every",
    type=Seconds(),
    help="Seconds between two publications in one place, at least; default: 5 in a lake, 1 or 2 in a search index.",
)
@click.option(
    "--timeout",
    type=Seconds(),
    default=60.0,
    show_default=True,
    help="With --once: seconds to wait for another worker that keeps a table, and for handlers.",
)
@click.option(
    "--health-port",
    type=click.IntRange(0, 65535),
    help="Answers GET /health, /ready and /metrics on this port of 127.0.0.1; 0 = any that is free.",
)
@click.option(
    "--behind",
    type=click.IntRange(0),
    default=BEHIND,
    show_default=True,
    help="With --health-port: events that a table or handler may be behind, and be ready.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What is said on standard error: sentences, or a JSON object a line.",
)
@pass_settings
def run(
    settings: Settings,
    once: bool,  # noqa: FBT001 - click passes options by name
    every: float | None,
    timeout: float,
    health_port: int | None,
    behind: int,
    log: str,
) -> None:
    """Keep the tables up to date and run the handlers until Ctrl-C or SIGTERM.

    A second one stands by, and takes over when the first has ended. What is parked or waits is told, and is no error.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake run
    """
    if once and health_port is not None:
        raise click.UsageError("--health-port is for a run that goes on, not for --once.")
    with ExitStack() as closing:
        ours = closing.enter_context(logging_json(_hidden)) if log == "json" else None
        tell = say if ours is None else ours.info
        if not once:
            end_well()
        live = closing.enter_context(settings.open_app())
        waiting: list[str] = []
        if once:
            waiting = _once(live, timeout)
        else:
            stop = stop_on_signals()
            closing.enter_context(heeding(live.store, stop.is_set))
            if health_port is not None:
                url = closing.enter_context(serving_health(live, port=health_port, behind=behind))
                tell(f"{url}/health and {url}/ready tell how it does.")
            tell(f"{live.app.name} follows {masked(settings.bus or settings.url)}; Ctrl-C ends it.")
            try:
                live.run(stop, every=every)
            except BusUnavailable:
                if not stop.is_set():  # else it was left in order, before anything was begun
                    raise
        try:
            found = live.status()
        except BusUnavailable as error:
            if once:
                raise
            if settings.json:  # who was told to end has left in order
                print_json({"app": live.app.name, "error": error.as_dict()})
            else:
                tell(f"How it stands is not known: {error.message}")
            return
        if settings.json:
            print_json(found)
            return
        published = any(table.published is not None for table in found.tables)
        if found.tables or not live.app.handlers:
            tell(f"Everything that was folded is committed{' and published' if published else ''}.")
        warnings = list(dict.fromkeys([*found.warnings, *waiting]))
        if ours is None:
            warn(warnings, parked=any(table.parked for table in found.tables))
        else:
            for warning in warnings:
                ours.warning("%s", warning)


def _once(live: Live, timeout: float) -> list[str]:
    """Tables, then handlers; a table that cannot go on keeps no handler from its work, and is told at the end."""
    stopped: EventfoldError | None = None
    try:
        with progress("events") as show:
            live.catch_up(progress=show, timeout=timeout)
    except EventfoldError as error:
        stopped = error
    waiting = live.handle(timeout=timeout).warnings
    if stopped is not None:
        raise stopped
    return waiting


def _hidden(text: str) -> str:
    return without_addresses(masked(text, SECRETS))
