"""`eventfold export`: a log as a file that comes in again equal."""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from eventfold.doors.cli.moments import Moment
from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.lines import whole
from eventfold.doors.cli.showing.output import print_json, progress, say
from eventfold.errors import NotFound
from eventfold.events.envelope import to_us
from eventfold.events.registry import Registry
from eventfold.exports import ExportReport, export_log
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.readmodels.telling import as_of
from eventfold.words import how_many

STDOUT = "-"


@click.command("export")
@click.argument("file")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "parquet"]), help="Default: told by the file's name."
)
@click.option("--stream", "streams", multiple=True, metavar="STREAM", help="Only this stream; repeatable.")
@click.option("--category", "categories", multiple=True, help="Only streams of this category; repeatable.")
@click.option(
    "--after", metavar="CURSOR", help="Only what came after it: as an export answered it, or @FILE."
)
@click.option("--until", type=Moment(), help="Only what was recorded at or before this time.")
@click.option(
    "--stored/--upcast",
    "stored",
    default=None,
    help="Data as they are stored, or in the schema versions of the app; default: upcast where an app is named.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@pass_settings
def export(
    settings: Settings,
    file: str,
    form: Literal["jsonl", "parquet"] | None,
    streams: tuple[str, ...],
    categories: tuple[str, ...],
    after: str | None,
    until: datetime | None,
    stored: bool | None,  # noqa: FBT001 - click passes options by name
    overwrite: bool,  # noqa: FBT001
) -> None:
    """Write the events of the log to FILE: .jsonl, .jsonl.gz, .parquet, or - for standard output.

    The file is there whole or not at all; no log, state, lake or settings are written over. `eventfold import --restore
    FILE` makes an equal log of it.

    Example: eventfold -s sqlite:///shop.db export backup.jsonl.gz
    """
    registry = _registry(settings, stored=stored)
    cursor = None if after is None else _cursor(after)
    read = [Path(after[1:])] if after is not None and after.startswith("@") else []
    store = settings.open_log()
    began = time.monotonic()
    try:
        with progress("exporting") as show:
            report = export_log(
                store,
                sys.stdout.buffer if file == STDOUT else Path(file),
                form,
                streams=streams,
                categories=categories,
                after=cursor,
                until_us=None if until is None else to_us(until),
                registry=registry,
                overwrite=overwrite,
                protected=protected(settings.configuration, read=read),
                progress=show,
            )
    finally:
        store.close()
    seconds = max(time.monotonic() - began, 0.001)
    if settings.json and file != STDOUT:
        print_json(report)
        return
    say(_sentence(report, seconds, until))
    if report.cursor and file != STDOUT:
        say(f"The next export goes on with --after '{report.cursor}'")


def _sentence(report: ExportReport, seconds: float, until: datetime | None) -> str:
    """What was written; of what there is none, nothing."""
    if not report.events:
        return "No events." if until is None else f"No events {as_of(until, 'recorded')}."
    how = "as it is stored" if report.events == 1 else "as they are stored"
    if report.upcast:
        how = f"{report.upgraded:,} of them upcast" if report.upgraded else "none of which had to be upcast"
    rate = report.events / seconds
    return f"{how_many(report.events, 'event')}, {how}, in {seconds:.1f} s: {rate:,.0f} a second."


def _registry(settings: Settings, *, stored: bool | None) -> Registry | None:
    """What upcasts; None = nothing does."""
    if stored or (stored is None and settings.app is None):
        return None
    return settings.definition().registry


def _cursor(given: str) -> Cursor:
    """A cursor as text, or `@FILE` with one."""
    if not given.startswith("@"):
        return read_cursor(given)
    try:
        with Path(given[1:]).open("rb") as content:
            return read_cursor(whole(content, given[1:]))
    except OSError as error:
        raise NotFound(f"{given[1:]} cannot be read: {error.strerror}.", file=given[1:]) from None
