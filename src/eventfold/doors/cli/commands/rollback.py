"""`eventfold rollback`: the rows that an apply replaced are live again, for the code that they were folded by."""

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say


@click.command()
@click.argument("tables", nargs=-1, required=True)
@pass_settings
def rollback(settings: Settings, tables: tuple[str, ...]) -> None:
    """Make the rows of TABLES live again that `eventfold apply` replaced, with the code of before.

    It is for who has rolled the code back too: with the code of the new definition it is refused. The rows go on from
    where they stood: `eventfold run` folds what has come since, and overwrites what is published.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db rollback orders
    """
    with settings.open_app() as live:
        done = [live.table(name).rollback() for name in tables]
    if settings.json:
        print_json([structs.asdict(one) for one in done])
        return
    print_table([structs.asdict(one) for one in done], ["table", "generation", "rows", "lag"])
    say("`eventfold run` goes on with them, and publishes them.")
