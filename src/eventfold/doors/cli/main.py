"""`eventfold`: the group of commands, and the one place where an error becomes a sentence and an exit code."""

import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import Any

import click
import msgspec

from eventfold.doors.cli.at import at
from eventfold.doors.cli.dev import dev
from eventfold.doors.cli.doctor import doctor
from eventfold.doors.cli.import_file import import_file
from eventfold.doors.cli.parked import parked
from eventfold.doors.cli.query import query
from eventfold.doors.cli.read import read
from eventfold.doors.cli.rebuild import rebuild
from eventfold.doors.cli.run import run
from eventfold.doors.cli.settings import Settings
from eventfold.doors.cli.status import status
from eventfold.doors.cli.streams import streams
from eventfold.doors.cli.why import why
from eventfold.errors import EventfoldError
from eventfold.store.cost import everything

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("eventfold"), prog_name="eventfold")
@click.option(
    "-a", "--app", envvar="EVENTFOLD_APP", metavar="MODULE:NAME", help="The app, for example shop.app:shop."
)
@click.option(
    "-s", "--store", envvar="EVENTFOLD_STORE", metavar="URL", help="The log, for example sqlite:///shop.db."
)
@click.option("--lake", envvar="EVENTFOLD_LAKE", metavar="FOLDER", help="The folder of the Delta tables.")
@click.option(
    "--state", envvar="EVENTFOLD_STATE", metavar="URL", help="The tables' state; default: beside the log."
)
@click.option("--cost", is_flag=True, help="Tell what the requests to a service cost.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def cli(
    context: click.Context,
    app: str | None,
    store: str | None,
    lake: str | None,
    state: str | None,
    cost: bool,  # noqa: FBT001 - click passes options by name
    as_json: bool,  # noqa: FBT001
) -> None:
    """Event sourcing: logs of events, and tables folded from them."""
    if cost:
        context.call_on_close(_tell_cost)
    context.obj = Settings(app, store, lake, state, as_json)


for command in (run, status, query, at, why, rebuild, parked, import_file, read, streams, doctor, dev):
    cli.add_command(command)


def main() -> None:
    """Runs the command line and exits: 0, or the code of the error's class, 130 after Ctrl-C."""
    # an SDK's checks in the background log their traces when a command has ended and its connections are closed
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    with contextlib.suppress(ValueError):  # not in the main thread: the program around us has its own signals
        signal.signal(signal.SIGTERM, _terminated)
    sys.exit(guarded(lambda: cli.main(standalone_mode=False), as_json="--json" in sys.argv))


def guarded(call: Callable[[], Any], *, as_json: bool) -> int:
    """The exit code of a call; what went wrong is told in a sentence on standard error."""
    try:
        result = call()
    except EventfoldError as error:
        _tell(error, as_json=as_json)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted; everything that was acknowledged is kept.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; nothing can be told to it
        return 0
    return result if isinstance(result, int) else 0


def _tell_cost() -> None:
    for doing, cost in everything.spent().items():
        click.echo(f"{doing}: {cost.requests} requests, {cost.charge:,.1f} request units", err=True)
    total = everything.total()
    click.echo(f"in all: {total.requests} requests, {total.charge:,.1f} request units", err=True)


def _tell(error: EventfoldError, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"error": error.as_dict()}).decode(), err=True)
        return
    click.echo(f"{click.style('error', fg='red')} {error.code}: {error.message}", err=True)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
