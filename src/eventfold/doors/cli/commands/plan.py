"""`eventfold plan`: what the definitions of the app would change, before anything is changed."""

from typing import TYPE_CHECKING

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.changes import COLUMNS, STYLES, change_lines
from eventfold.doors.cli.showing.output import print_json, print_line, print_table, say
from eventfold.doors.cli.showing.plans import headline, kept_told, markdown, told, whole_told

if TYPE_CHECKING:
    from eventfold.readmodels.planning.report import Plan


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare N keys of each table, drawn at random, not all.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Answer as Markdown, for a pull request.")
@pass_settings
def plan(settings: Settings, tables: tuple[str, ...], sample: int | None, as_markdown: bool) -> int:  # noqa: FBT001 - by name
    """Show what the app's definitions would make of TABLES (default: all); write nothing.

    The new definition of a table is folded up to where its live rows stand, without what these leave out, and compared
    with them.

    The exit code is 0 where there is nothing to do, and 11 where there is.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db plan orders
    """
    from eventfold.readmodels.planning.report import CHANGES

    if settings.json and as_markdown:
        raise click.UsageError("--json and --markdown are two forms: ask for one.")
    with settings.open_app() as live:
        found = live.plan(*tables, sample=sample)
        keys = {table.name: table.layout.spec.key_name for table in live.tables}
    if settings.json:
        print_json({**structs.asdict(found), "empty": found.empty})
    elif as_markdown:
        for line in markdown(found, keys):
            print_line((line, ""))
    else:
        _print(found, keys)
    return 0 if found.empty else CHANGES


def _print(found: "Plan", keys: dict[str, str]) -> None:
    for table in found.tables:
        print_line((headline(table), ""))
        for line in told(table):
            print_line((f"  {line}", ""))
        lines = [
            (line, STYLES[c.kind]) for c in table.examples for line in change_lines(c, keys[table.table])
        ]
        if lines:
            print_table([line for line, _ in lines], COLUMNS, colours=[style for _, style in lines])
    for one in found.kept:
        print_line((kept_told(one), ""))
    if found.untouched and not found.empty:
        print_line((f"Not touched: the effects of {', '.join(found.untouched)}.", ""))
    say(whole_told(found))
