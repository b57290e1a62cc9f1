"""`eventfold rebuild`: tables folded anew from the whole log."""

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, progress, warn


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--from-copy/--from-log",
    default=None,
    help="Read the log's copy in the lake, as far as it goes, or the log. Default: the copy, of a log in a service.",
)
@pass_settings
def rebuild(settings: Settings, tables: tuple[str, ...], from_copy: bool | None) -> None:  # noqa: FBT001 - by name
    """Fold TABLES (default: all) anew beside the live rows, then swap and publish.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db rebuild orders
    """
    done = []
    with settings.open_app() as live:
        chosen = [live.table(name) for name in tables] or live.tables
        for table in chosen:
            with progress(table.name) as show:
                done.append(table.rebuild(progress=show, from_copy=from_copy))
    rows = [structs.asdict(one) for one in done]
    if settings.json:
        print_json(rows)
        return
    print_table(rows, ["table", "generation", "events", "rows", "parked"])
    warn([w for one in done for w in one.warnings], parked=any(one.parked for one in done))
