"""`eventfold run`: keeps every table up to date until it is told to stop."""

import contextlib
import signal
import threading
from types import FrameType

import click

from eventfold.doors.cli.output import print_json, say
from eventfold.doors.cli.settings import Settings, pass_settings


@click.command()
@click.option("--once", is_flag=True, help="Catch up, publish and end.")
@click.option("--every", default=5.0, show_default=True, help="Seconds between two publications, at least.")
@pass_settings
def run(settings: Settings, once: bool, every: float) -> None:  # noqa: FBT001 - click passes options by name
    """Keep the tables up to date until Ctrl-C or SIGTERM.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake run
    """
    with settings.open_app() as live:
        if once:
            live.catch_up()
        else:
            stop = threading.Event()
            _stop_on_signals(stop)
            say(f"{live.app.name} follows {settings.url}; Ctrl-C ends it.")
            live.run(stop, every=every)
        if settings.json:
            print_json(live.status())
        else:
            say("Everything that was folded is committed and published.")


def _stop_on_signals(stop: threading.Event) -> None:
    def handler(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):
            signal.signal(name, handler)
