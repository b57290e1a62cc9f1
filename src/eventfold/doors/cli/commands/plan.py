"""`eventfold plan`: what the definitions of the app would change, before anything is changed."""

from typing import TYPE_CHECKING

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.changes import COLUMNS, STYLES, change_lines
from eventfold.doors.cli.showing.output import print_json, print_line, print_table, say
from eventfold.words import how_many

if TYPE_CHECKING:
    from eventfold.readmodels.planning.report import Plan, TablePlan

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "~"}
_MEGA = 1_000_000


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare N keys of each table, drawn at random, not all.",
)
@pass_settings
def plan(settings: Settings, tables: tuple[str, ...], sample: int | None) -> int:
    """Show what the app's definitions would make of TABLES (default: all); write nothing.

    The new definition of a table is folded up to where its live rows stand, without what these leave out, and compared
    with them.

    The exit code is 0 where there is nothing to do, and 11 where there is.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db plan orders
    """
    from eventfold.readmodels.planning.report import CHANGES

    with settings.open_app() as live:
        found = live.plan(*tables, sample=sample)
        keys = {table.name: table.layout.spec.key_name for table in live.tables}
    if settings.json:
        print_json({**structs.asdict(found), "empty": found.empty})
    else:
        _print(found, keys)
    return 0 if found.empty else CHANGES


def _print(found: "Plan", keys: dict[str, str]) -> None:
    for table in found.tables:
        was = f" from {table.was}" if table.was else ""
        print_line((f"{table.table}: {table.change}{was}", ""))
        for line in _told(table):
            print_line((f"  {line}", ""))
        lines = [
            (line, STYLES[c.kind]) for c in table.examples for line in change_lines(c, keys[table.table])
        ]
        if lines:
            print_table([line for line, _ in lines], COLUMNS, colours=[style for _, style in lines])
    changed = [table for table in found.tables if table.change != "unchanged"]
    if not changed:
        say("Nothing to do.")
        return
    if found.untouched:
        print_line((f"Not touched: the effects of {', '.join(found.untouched)}.", ""))
    say(f"{how_many(len(changed), 'table')} to do; nothing is done yet.")


def _told(table: "TablePlan") -> list[str]:
    lines = [
        f"{_SIGNS[one.kind]} {one.column}: "
        + (f"was {one.was}" if one.was else " -> ".join(text for text in (one.before, one.after) if text))
        for one in table.columns
    ]
    lines += table.details
    if table.compared:
        lines.append(_rows(table))
    if table.parked:
        lines.append(f"{how_many(table.parked, 'stream')} cannot be folded by it, and would be parked:")
        lines += [f"  {stream}: {reason}" for stream, reason in table.failing.items()]
    if table.waiting:
        lines.append(f"{how_many(table.waiting, 'parked stream')} left out here as there; tried again by it")
    if table.rebuild_seconds is not None:
        lines.append(_costs(table))
    if table.publications:
        lines.append(f"published anew: {', '.join(table.publications)}")
    if table.views and table.change != "new":
        lines.append(f"views over its rows: {', '.join(table.views)}")
    return [*lines, *table.notes]


def _rows(table: "TablePlan") -> str:
    of = f" of a sample of {how_many(table.sampled, 'key')}" if table.sampled is not None else ""
    kinds = {"added": table.added, "removed": table.removed, "changed": table.changed}
    told = [f"{count:,} {kind}" for kind, count in kinds.items() if count]
    columns = [f"{column} in {count:,}" for column, count in table.by_column.items()]
    among = f" ({', '.join(columns)})" if columns else ""
    return (
        f"rows{of}: {table.rows_before:,} -> {table.rows_after:,}; {', '.join(told) or 'all the same'}{among}"
    )


def _costs(table: "TablePlan") -> str:
    took = f"{how_many(table.events, 'event')} took {table.seconds:,.1f} s"
    space = f"{table.rebuild_bytes / _MEGA:,.1f} MB beside {table.bytes / _MEGA:,.1f} MB"
    return f"to fold: about {table.rebuild_seconds:,.1f} s ({took}); to keep: {space}"
