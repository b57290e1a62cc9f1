"""`eventfold spark`: keeps tables by jobs on Apache Spark."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click
from msgspec import structs

from eventfold.app.spark.onspark import check_every
from eventfold.doors.cli.commands.bundle import bundle
from eventfold.doors.cli.configuration import SECRETS
from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.once import Once
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.output import Saying, print_json, print_table, warn
from eventfold.doors.cli.stopping import end_well, stop_on_signals
from eventfold.doors.health.checks import BEHIND
from eventfold.doors.health.logs import logging_json
from eventfold.doors.health.serving import serving_health
from eventfold.engines.port import MOST, MOST_OF_ALL, SOURCES, From
from eventfold.readmodels.telling import parked_warnings

_log = logging.getLogger("eventfold.spark")
COLUMNS = ("table", "events", "batches", "version", "position", "parked", "seconds")


@click.group(cls=Once)
def spark() -> None:
    """Keep tables by jobs on Apache Spark, for when one machine is not enough.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake spark run
    """


spark.add_command(bundle)


@spark.command("run")
@click.argument("tables", nargs=-1)
@click.option(
    "--every",
    metavar="TIME",
    default="",
    help="Go on, with a batch so often, as '30 seconds', until Ctrl-C or SIGTERM. Default: take what is there and end.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(SOURCES),
    help="Where events are read: the log itself, its copy in the lake, or the topic that --bus (or the setting bus)"
    " names. Default: the topic where one is named, else the log.",
)
@bus_option
@click.option(
    "--most",
    type=click.IntRange(1, MOST_OF_ALL),
    default=MOST,
    show_default=True,
    help="Events of one batch, at most.",
)
@click.option(
    "--checkpoints",
    metavar="FOLDER",
    help="Where Spark notes how far it has read, while it runs; default: beside the lake.",
)
@click.option(
    "--jars",
    metavar="FOLDER",
    help="The jars of Delta Lake, where no session of Spark is there; default: they are brought from Maven, once.",
)
@click.option(
    "--health-port",
    type=click.IntRange(0, 65535),
    help="With --every: answers GET /health, /ready and /metrics on this port of 127.0.0.1; 0 = any that is free.",
)
@click.option(
    "--behind",
    type=click.IntRange(0),
    default=BEHIND,
    show_default=True,
    help="With --health-port: events that a table may be behind, and be ready.",
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
    tables: tuple[str, ...],
    every: str,
    source: From | None,
    most: int,
    checkpoints: str | None,
    jars: str | None,
    health_port: int | None,
    behind: int,
    log: str,
) -> None:
    """Fold the log into TABLES by jobs on Spark, straight into the published tables, each event once.

    Default: the tables that Spark keeps already, and those of which nothing is published yet. What another engine keeps
    is left to it; `eventfold take-over TABLE --engine spark` gives a table to Spark, which goes on without a rebuild.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake spark run orders
    """
    if health_port is not None and not every:
        raise click.UsageError("--health-port is for a run that goes on, with --every.")
    check_every(every)
    with ExitStack() as closing:
        if every:
            end_well()
        closing.enter_context(logging_json(_hidden) if log == "json" else _sentences())
        on_spark = closing.enter_context(settings.open_on_spark(source, checkpoints=checkpoints, jars=jars))
        left = {} if tables else on_spark.left()
        for name, engine in left.items():
            how = f"`eventfold take-over {name} --engine spark` gives it to Spark"
            _log.info("%s is kept by another engine, %s, and left to it: %s.", name, engine, how)
        stop = threading.Event()
        if every:
            stop = stop_on_signals()  # after Spark has set its own
            if health_port is not None:
                url = closing.enter_context(serving_health(on_spark, port=health_port, behind=behind))
                _log.info("%s/health and %s/ready tell how it does.", url, url)
            _log.info(
                "%s follows %s on Spark; Ctrl-C ends it.",
                on_spark.app.name,
                masked(settings.store or settings.bus or "the lake copy"),
            )
        done = on_spark.run(*tables, every=every, most=most, stop=stop)
        if settings.json:
            print_json({"tables": done, "left": left})
        else:
            rows = [{**structs.asdict(one), "seconds": round(one.seconds, 1)} for one in done]
            print_table(rows, COLUMNS)
            parked = {one.table: one.parked for one in done}
            warn(parked_warnings(parked), parked=any(parked.values()))


def _hidden(text: str) -> str:
    return masked(text, SECRETS)


@contextmanager
def _sentences() -> Iterator[None]:
    """What jobs tell is told to people meanwhile."""
    handler, before = Saying(), _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(before)
