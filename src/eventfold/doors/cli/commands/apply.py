"""`eventfold apply`: what `eventfold plan` shows is done."""

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, progress, say, warn


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--drop",
    is_flag=True,
    help="Keep no rows for a rollback: neither those that are replaced, nor those kept before.",
)
@pass_settings
def apply(settings: Settings, tables: tuple[str, ...], drop: bool) -> None:  # noqa: FBT001 - by name
    """Do what `eventfold plan` shows for TABLES (default: all): fold beside what is live, swap, publish.

    Readers see the rows of before or those of after. Interrupted at any moment, it is called again. The rows that are
    replaced are kept, until the next apply of their table, for `eventfold rollback`.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db apply orders
    """
    with settings.open_app() as live:
        done = live.apply(*tables, keep=not drop, progress=progress)
    if settings.json:
        print_json([structs.asdict(one) for one in done])
        return
    changed = [structs.asdict(one) for one in done if one.change != "unchanged"]
    if not changed:
        say("Nothing to do.")
        return
    print_table(changed, ["table", "change", "generation", "events", "rows", "parked"])
    warn([w for one in done for w in one.warnings], parked=any(one.parked for one in done))
