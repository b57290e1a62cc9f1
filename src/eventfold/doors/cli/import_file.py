"""`eventfold import`: a log of others, row by row."""

from pathlib import Path
from typing import Literal

import click
from msgspec import structs

from eventfold.doors.cli.output import print_json, print_table, progress, say
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.errors import RowInvalid
from eventfold.imports import ImportReport, Mapping
from eventfold.imports import import_file as run_import

SHOWN = 20


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--stream", "stream", multiple=True, required=True, metavar="COLUMN", help="Names the entity; repeatable."
)
@click.option("--category", default="", help="Stands before it in the stream's name: CATEGORY-value.")
@click.option(
    "--type", "types", multiple=True, metavar="COLUMN", help="Names the type of the event; repeatable."
)
@click.option("--event-type", default="", help="One type for all rows, instead of --type.")
@click.option("--time", default="", metavar="COLUMN", help="When it happened; kept as occurred_at.")
@click.option("--timezone", default="", help="Of times that have none, for example Europe/Amsterdam.")
@click.option(
    "--data", multiple=True, metavar="COLUMN", help="Kept as data, also NAME=COLUMN; default: all others."
)
@click.option(
    "--list", "lists", multiple=True, metavar="COLUMN", help="Its cells are lists: ['a', 'b'], or JSON."
)
@click.option(
    "--source", default="", help="Name of the log, part of every event id; default: the file's name."
)
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), help="Default: told by the file's name."
)
@click.option("--delimiter", default=",", show_default=True, help="Between the cells of a CSV file.")
@click.option(
    "--order", type=click.Choice(["file", "time"]), default="file", show_default=True, help="Inside a stream."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written and refused; write nothing.")
@pass_settings
def import_file(
    settings: Settings,
    file: Path,
    stream: tuple[str, ...],
    category: str,
    types: tuple[str, ...],
    event_type: str,
    time: str,
    timezone: str,
    data: tuple[str, ...],
    lists: tuple[str, ...],
    source: str,
    form: Literal["csv", "jsonl"] | None,
    delimiter: str,
    order: Literal["file", "time"],
    dry_run: bool,  # noqa: FBT001 - click passes options by name
) -> int:
    """Write the rows of FILE (CSV or JSON Lines, plain or gzipped) as events.

    Run it again at any time: rows that are in the log already are known and left alone.
    """
    mapping = Mapping(
        stream=stream,
        category=category,
        type=types,
        event_type=event_type,
        time=time,
        timezone=timezone,
        data=data,
        lists=lists,
    )
    store = settings.open_log(create=True)
    try:
        with progress(file.name) as show:
            report = run_import(
                store,
                file,
                mapping,
                source=source,
                form=form,
                delimiter=delimiter,
                order=order,
                dry_run=dry_run,
                progress=show,
            )
    finally:
        store.close()
    _show(report, as_json=settings.json)
    return RowInvalid.exit_code if report.refused else 0


def _show(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    if report.refusals:
        print_table([structs.asdict(r) for r in report.refusals[:SHOWN]], ["line", "code", "message"])
        if report.refused > SHOWN:
            say(f"... and {report.refused - SHOWN:,} more; --json shows a thousand.")
    verb = "would be written" if report.dry_run else "were written"
    say(
        f"{report.rows:,} rows of {report.streams:,} streams: {report.written:,} {verb}, {report.known:,} were known,"
        f" {report.refused:,} refused; {report.out_of_order:,} have a time before that of an earlier row."
    )
