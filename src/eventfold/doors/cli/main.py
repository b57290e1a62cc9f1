"""`eventfold`: the group of commands, and the one place where an error becomes a sentence and an exit code."""

import contextlib
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from eventfold.doors.cli.commands import Commands
from eventfold.doors.cli.configuration import SECRETS, SETTINGS, SWITCHES, Given
from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.once import PROGRAM, Once
from eventfold.doors.cli.protecting import check_streams
from eventfold.doors.cli.settings import Settings, told
from eventfold.doors.cli.showing.output import complain
from eventfold.errors import EventfoldError
from eventfold.foreign import PANIC, own_standard_error
from eventfold.store.cost import everything

INTERRUPTED = 130
DEBUG = "EVENTFOLD_DEBUG"
_CODES = """
\b
Exit codes: 0 done, 2 wrong usage or configuration, 3 refused input, 4 not found, 5 conflict,
6 cursor and log do not belong together, 7 storage failed, 8 the outcome is unknown: repeat,
9 an event could not be handled, 10 verify found something, 11 a plan has something to do, 130 interrupted,
1 anything else.
"""


@click.group(
    cls=Once,
    commands=Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_CODES,
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM)
@click.option(
    "-a", "--app", envvar="EVENTFOLD_APP", metavar="MODULE:NAME", help="The app, for example shop.app:shop."
)
@click.option(
    "-s",
    "--store",
    envvar="EVENTFOLD_STORE",
    metavar="URL",
    help="The log, for example sqlite:///shop.db; or a topic of its events.",
)
@click.option(
    "--lake",
    envvar="EVENTFOLD_LAKE",
    metavar="FOLDER",
    help="The folder of the Delta tables, or its address in Azure Storage.",
)
@click.option(
    "--search", envvar="EVENTFOLD_SEARCH", metavar="FOLDER", help="The folder of the search indexes."
)
@click.option(
    "--copy/--no-copy",
    envvar="EVENTFOLD_COPY",
    default=None,
    help="Keep a copy of the log in the lake, or not.",
)
@click.option(
    "--state", envvar="EVENTFOLD_STATE", metavar="URL", help="The tables' state; default: beside the log."
)
@click.option(
    "--bus", envvar="EVENTFOLD_BUS", metavar="URL", help="The topic, for example kafka://127.0.0.1:9092/shop."
)
@click.option(
    "--actor", envvar="EVENTFOLD_ACTOR", metavar="NAME", help="Who acts; default: your name on this machine."
)
@click.option(
    "--config",
    "file",
    envvar="EVENTFOLD_CONFIG",
    metavar="FILE",
    help="Default: eventfold.toml, here or above.",
)
@click.option("--cost", is_flag=True, help="Tell what the requests to a service cost.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def cli(context: click.Context, /, file: str | None, cost: bool, as_json: bool, **_: object) -> None:  # noqa: FBT001 - by name
    """Event sourcing: logs of events, and tables folded from them.

    Settings stand in eventfold.toml, in the environment or before the command; `eventfold config` shows them.

    Example: eventfold -s sqlite:///shop.db streams
    """
    if cost:
        context.call_on_close(_tell_cost)
    given = {name: _given(context, name) for name in SETTINGS if context.params[name] is not None}
    context.obj = settings = Settings(
        given, _given(context, "file") if file is not None else None, json=as_json
    )
    check_streams(lambda: settings.configuration)


def main() -> None:
    """Runs the command line; exits with the code of the error's class, 130 after Ctrl-C, and returns where all is well.

    Platforms of jobs call it inside a program of theirs, with streams of their own; to some a `SystemExit` is a
    failure, whatever its code.
    """
    # an SDK's checks in the background log their traces when a command has ended and its connections are closed
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not know a letter
    own_standard_error()
    with contextlib.suppress(ValueError):  # not in the main thread: the program around us has its own signals
        signal.signal(signal.SIGTERM, _terminated)
    if code := guarded(_called, as_json="--json" in sys.argv):
        sys.exit(code)


def _called() -> Any:
    check_streams()  # help and version are answered before any setting is read
    return cli.main(prog_name=PROGRAM, standalone_mode=False)


def guarded(call: Callable[[], Any], *, as_json: bool) -> int:
    """The exit code of a call; what went wrong is told in a sentence on standard error."""
    stream = sys.stdout
    try:
        result = call()
        sys.stdout.flush()
    except EventfoldError as error:
        _tell(error.as_dict(), as_json=as_json)
        return error.exit_code
    except click.ClickException as error:
        if as_json:
            _tell({"code": "usage-invalid", "message": error.format_message()}, as_json=True)
        else:
            error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain("Interrupted; everything that was acknowledged is kept.")
        return INTERRUPTED
    except SystemExit:
        # click has seen first that our reader has gone, and put a silent one there
        if sys.stdout is not stream:
            return 0
        raise
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; nothing can be told to it
        return 0
    except BaseException as error:
        # a person gets a sentence, and the trace on request; for the fault of a native library too, no Exception
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        if os.environ.get(DEBUG):
            complain(masked(traceback.format_exc(), SECRETS))
        else:
            hint = f"Set {DEBUG}=1 to see the way there."
            _tell({"code": EventfoldError.code, "message": f"{told(error)}. {hint}"}, as_json=as_json)
        return EventfoldError.exit_code
    return result if isinstance(result, int) else 0


def _given(context: click.Context, name: str) -> Given:
    flag = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    key = "config" if name == "file" else name
    value = context.params[name]
    return Given(
        str(value).lower() if name in SWITCHES else value,
        f"--{key}" if flag else f"EVENTFOLD_{key.upper()}",
    )


def _tell_cost() -> None:
    for doing, cost in everything.spent().items():
        click.echo(f"{doing}: {cost.requests} requests, {cost.charge:,.1f} request units", err=True)
    total = everything.total()
    click.echo(f"in all: {total.requests} requests, {total.charge:,.1f} request units", err=True)


def _tell(error: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        shown = {k: masked(v, SECRETS) if isinstance(v, str) else v for k, v in error.items()}
        click.echo(msgspec.json.encode({"error": shown}).decode(), err=True)
    else:
        code = "" if error["code"] == EventfoldError.code else f" {error['code']}"
        complain(masked(str(error["message"]), SECRETS), f"error{code}")


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
