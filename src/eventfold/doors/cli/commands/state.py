"""`eventfold state`: an aggregate as it is, or was."""

import re
from contextlib import closing
from datetime import datetime

import click

from eventfold.aggregates.repository import Repository
from eventfold.doors.cli.aggregates import expect_aggregate
from eventfold.doors.cli.moments import Moment
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say
from eventfold.errors import ConfigInvalid, RangeInvalid
from eventfold.limits import INT_MAX


class VersionOrTime(Moment):
    """A whole number is a version, anything else a time."""

    name = "version|time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The aware time; of a whole number, that number."""
        if re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            return int(str(value))  # type: ignore[return-value] # click gives it to the command as it is
        return super().convert(value, param, ctx)


@click.command()
@click.argument("stream")
@click.option("--version", type=click.IntRange(max=INT_MAX), help="After so many of its events.")
@click.option(
    "--time", type=Moment(), help="After everything recorded up to this time; UTC if no zone is given."
)
@click.option(
    "--at",
    "either",
    type=VersionOrTime(),
    help="Either of them: a whole number is a version, all else a time.",
)
@pass_settings
def state(
    settings: Settings,
    stream: str,
    version: int | None,
    time: datetime | None,
    either: int | datetime | None,
) -> None:
    """Show the aggregate of STREAM as it is, or as it was at a version or a time.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db state order-1 --version 2
    """
    if sum(given is not None for given in (version, time, either)) > 1:
        raise RangeInvalid("Ask for one moment: --version, --time, or --at for either of them.")
    if isinstance(either, datetime):
        time = either
    elif either is not None:
        version = either
    if settings.app is None:
        raise ConfigInvalid(
            "State is what an aggregate makes of its events: name the app with -a module:name. `eventfold history"
            f" {stream}` shows the events without it.",
            key="app",
        )
    app = settings.definition()
    with closing(settings.open_log(doing="The state of an aggregate")) as store:
        repository = Repository(store, app.registry, expect_aggregate(app, stream))
        now = version is None and time is None
        found = repository.load(stream) if now else repository.at(stream, version=version, time=time)
    values = found.state()
    if settings.json:
        print_json(
            {"stream": stream, "aggregate": type(found).__name__, "version": found.version, "state": values}
        )
        return
    print_table([{"name": name, "value": value} for name, value in values.items()], ["name", "value"])
    say(f"{type(found).__name__} {stream} at version {found.version}.")
