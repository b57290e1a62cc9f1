"""`eventfold take-over`: a published table that another engine kept is gone on with here."""

import click

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say, warn
from eventfold.readmodels.publishing.publication import EMBEDDED, ENGINES
from eventfold.words import how_many


@click.command("take-over")
@click.argument("table")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=EMBEDDED,
    show_default=True,
    help="Which engine is to go on; what is folded here is published before it is given to another one.",
)
@click.option(
    "--rebuild",
    is_flag=True,
    help="Fold the whole log anew, where nobody can go on from what is published.",
)
@pass_settings
def take_over(settings: Settings, table: str, engine: str, rebuild: bool) -> None:  # noqa: FBT001 - by name
    """Go on here with the published TABLE that another engine kept, or the state of another machine.

    With --engine spark the other way: a job on Spark goes on where this engine stopped.

    Whoever had it is fenced first, and stops at its next commit. Then the rows, parked streams and skips of the newest
    version take the place of those in the state.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake take-over orders
    """
    with settings.open_app() as live:
        chosen = live.table(table)
        if rebuild:
            with progress(table) as show:
                done = chosen.take_over(engine=engine, rebuild=True, progress=show)
        else:
            done = chosen.take_over(engine=engine)
    if settings.json:
        print_json(done)
        return
    if not done.done:
        whose = "here" if engine == EMBEDDED else f"by {engine}"
        say(f"{table} is kept {whose} already (epoch {done.epoch}); nothing was changed.")
        return
    if engine != EMBEDDED:
        say(f"{table} is given to {engine} (epoch {done.epoch}), from version {done.version:,} on.")
        return
    waits = f", {how_many(done.parked, 'stream')} parked" if done.parked else ""
    waits += f", {how_many(done.skipped, 'event')} skipped" if done.skipped else ""
    before = f" from {done.engine}" if done.engine else ""
    say(
        f"{table} is taken over{before} (epoch {done.epoch}): {how_many(done.rows, 'row')}{waits}, as version"
        f" {done.version:,}. `eventfold run` goes on with it."
    )
    warn(done.warnings, parked=bool(done.parked))
