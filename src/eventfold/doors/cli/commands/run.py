"""`eventfold run`: keeps every table up to date and runs every handler until it is told to stop."""

import click

from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say, warn
from eventfold.doors.cli.stopping import stop_on_signals


@click.command()
@click.option("--once", is_flag=True, help="Catch up, publish, let handlers take what is there, and end.")
@click.option(
    "--every",
    type=Seconds(),
    default=5.0,
    show_default=True,
    help="Seconds between two publications, at least.",
)
@click.option(
    "--timeout",
    type=Seconds(),
    default=60.0,
    show_default=True,
    help="With --once: seconds to wait for another worker that keeps a table, and for handlers.",
)
@pass_settings
def run(settings: Settings, once: bool, every: float, timeout: float) -> None:  # noqa: FBT001 - click passes options by name
    """Keep the tables up to date and run the handlers until Ctrl-C or SIGTERM.

    A second one stands by, and takes over when the first has ended.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake run
    """
    with settings.open_app() as live:
        waiting: list[str] = []
        if once:
            with progress("events") as show:
                live.catch_up(progress=show, timeout=timeout)
            waiting = live.handle(timeout=timeout).warnings
        else:
            stop = stop_on_signals()
            say(f"{live.app.name} follows {masked(settings.url)}; Ctrl-C ends it.")
            live.run(stop, every=every)
        found = live.status()
        if settings.json:
            print_json(found)
            return
        published = any(table.published is not None for table in found.tables)
        if found.tables or not live.app.handlers:
            say(f"Everything that was folded is committed{' and published' if published else ''}.")
        warn([*found.warnings, *waiting], parked=any(table.parked for table in found.tables))
