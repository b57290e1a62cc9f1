"""`eventfold publish`: a table as it was at a moment, for readers that know no time travel."""

from datetime import datetime

import click
from msgspec import structs

from eventfold.doors.cli.moments import Moment, occurred_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, say, warn
from eventfold.readmodels.telling import as_of, parked_warnings
from eventfold.words import how_many


@click.command()
@click.argument("table")
@click.option(
    "--at",
    "moment",
    type=Moment(),
    required=True,
    help="The moment, which has passed; UTC if no zone is given.",
)
@click.option("--as", "name", metavar="NAME", required=True, help="The name of the copy in the lake.")
@occurred_option
@pass_settings
def publish(
    settings: Settings,
    table: str,
    moment: datetime,
    name: str,
    occurred: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Write TABLE as it was at a moment to the lake, as a Delta table of its own.

    It is stamped with its log, table and moment, and nothing follows it. The same again writes nothing; where something
    else stands under that name, nothing is written.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db publish orders --at 2026-04-01 --as orders_first_quarter
    """
    with settings.open_app() as live:
        done = live.publish(table, time=moment, name=name, clock="occurred" if occurred else "recorded")
    if settings.json:
        print_json(structs.asdict(done))
    else:
        how = "is published as" if done.written else "is there already as"
        say(f"{done.table} {as_of(done.time, done.clock)} {how} {done.name}: {how_many(done.rows, 'row')}.")
    warn(
        [*done.notes, *parked_warnings({table: done.parked} if done.parked else {})], parked=bool(done.parked)
    )
