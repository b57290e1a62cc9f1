"""`eventfold import`: a log of others, row by row."""

import time as clocks
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Literal, get_args

import click
from msgspec import structs

from eventfold.doors.cli.protecting import check_input
from eventfold.doors.cli.scaffolding import Planned, plan
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.arrived import show
from eventfold.doors.cli.showing.output import progress
from eventfold.errors import ConfigInvalid, LogNotFound, RowInvalid
from eventfold.events.metadata import context
from eventfold.imports import (
    ImportReport,
    Mapping,
    container_pages,
    file_pages,
    import_documents,
    ocel_mapping,
    restore,
    xes_mapping,
)
from eventfold.imports import import_file as run_import
from eventfold.imports.documents import Found
from eventfold.imports.files.reading import Format, form_of
from eventfold.imports.importing import check_options
from eventfold.imports.mapping.suggesting import suggestion
from eventfold.imports.restoring.ours import is_export as looks_exported
from eventfold.imports.settling.identity import named, source_of
from eventfold.store.open import open_store
from eventfold.store.port import Store

FOLLOW_SECONDS = 1.0


@click.command("import")
@click.argument("file")
@click.option("--stream", "stream", multiple=True, metavar="COLUMN", help="Names the entity; repeatable.")
@click.option(
    "--stream-separator",
    default="-",
    show_default=True,
    help="Between several --stream; only the last may hold it.",
)
@click.option(
    "--object-type", default="", metavar="TYPE", help="Of OCEL: a stream for each object of this type."
)
@click.option("--lifecycle", is_flag=True, help="Of XES: types with their transition, W_Call:COMPLETE.")
@click.option(
    "--metadata", multiple=True, metavar="NAME=COLUMN", help="Kept as metadata, actor=COLUMN for example."
)
@click.option("--documents", is_flag=True, help="Lines are documents of the pattern's own form.")
@click.option("--restore", "is_export", is_flag=True, help="An export: ids, versions and times are kept.")
@click.option(
    "--handlers",
    type=click.Choice(["skip"]),
    help="With --restore into a log whose handlers have begun: they pass by what is restored.",
)
@click.option("--container", default="events", show_default=True, help="Of a cosmos:// source.")
@click.option("--naive-is-utc", is_flag=True, help="Times of documents without a zone are UTC.")
@click.option("--follow", is_flag=True, help="Of a cosmos:// source: goes on copying until Ctrl-C.")
@click.option("--category", default="", help="Stands before it in the stream's name: CATEGORY-value.")
@click.option("--replace", is_flag=True, help="In names of streams: %2F %5C %3F %23 for / \\ ? #.")
@click.option(
    "--type", "types", multiple=True, metavar="COLUMN", help="Names the type of the event; repeatable."
)
@click.option("--event-type", default="", help="One type for all rows, instead of --type.")
@click.option("--time", default="", metavar="COLUMN", help="When it happened; kept as occurred_at.")
@click.option("--timezone", default="", help="Of times that have none, for example Europe/Amsterdam.")
@click.option("--cut-times", is_flag=True, help="Drop what a time says finer than a microsecond.")
@click.option(
    "--data", multiple=True, metavar="COLUMN", help="Kept as data, also NAME=COLUMN; default: all others."
)
@click.option(
    "--list", "lists", multiple=True, metavar="COLUMN", help="Its cells are lists: ['a', 'b'], or JSON."
)
@click.option(
    "--decimal-comma",
    "commas",
    multiple=True,
    metavar="COLUMN",
    help="Its numbers are 1.234,50; kept as 1234.50.",
)
@click.option(
    "--whole", multiple=True, metavar="COLUMN", help="Its numbers are whole, if written 1.0; kept as 1."
)
@click.option(
    "--source", default="", help="Name of the log the file is part of; default: its folder and name."
)
@click.option(
    "--id", "identity", multiple=True, metavar="COLUMN", help="Tells one row from another; repeatable."
)
@click.option("--same", is_flag=True, help="Rows that equal those of another log are known.")
@click.option("--other", is_flag=True, help="Rows that equal those of another log are written too.")
@click.option("--keep-going", is_flag=True, help="Write also what follows a refused row in its stream.")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(Format)),
    help="Default: told by the file's name.",
)
@click.option(
    "--delimiter", help=r"Between the cells of a CSV file, \t for a tab. Default: a comma; of .tsv a tab."
)
@click.option("--encoding", default="", help="Of a CSV file, utf-16 or latin-1 for example. Default: utf-8.")
@click.option(
    "--order", type=click.Choice(["file", "time"]), default="file", show_default=True, help="Inside a stream."
)
@click.option("--scaffold", default="", metavar="MODULE", help="Write an app with tables for it: MODULE.py.")
@click.option("--dry-run", is_flag=True, help="Show what would be written and refused; write nothing.")
@pass_settings
def import_file(
    settings: Settings,
    file: str,
    stream: tuple[str, ...],
    stream_separator: str,
    object_type: str,
    lifecycle: bool,  # noqa: FBT001 - click passes options by name
    metadata: tuple[str, ...],
    documents: bool,  # noqa: FBT001 - click passes options by name
    is_export: bool,  # noqa: FBT001
    handlers: Literal["skip"] | None,
    container: str,
    naive_is_utc: bool,  # noqa: FBT001
    follow: bool,  # noqa: FBT001
    category: str,
    replace: bool,  # noqa: FBT001 - click passes options by name
    types: tuple[str, ...],
    event_type: str,
    time: str,
    timezone: str,
    cut_times: bool,  # noqa: FBT001 - click passes options by name
    data: tuple[str, ...],
    lists: tuple[str, ...],
    commas: tuple[str, ...],
    whole: tuple[str, ...],
    source: str,
    identity: tuple[str, ...],
    same: bool,  # noqa: FBT001 - click passes options by name
    other: bool,  # noqa: FBT001
    keep_going: bool,  # noqa: FBT001
    form: Format | None,
    delimiter: str | None,
    encoding: str,
    order: Literal["file", "time"],
    scaffold: str,
    dry_run: bool,  # noqa: FBT001 - click passes options by name
) -> int:
    """Write the rows of FILE as events: CSV or JSON Lines, plain or gzipped, Parquet, or a log in XES or OCEL 2.0.

    FILE may also be a cosmos:// URL: the documents that others wrote into a container. With --restore it is what
    `eventfold export` wrote, and the log becomes equal to the one it was taken from; so it is
    where nothing else is said of an export.
    Run it again at any time: rows that are in the log already are known and left alone.
    --scaffold MODULE then writes an app, a table for each category that the import saw, into a new file.

    Example: eventfold -s sqlite:///cases.db import cases.csv --stream case --type what
    """
    check_input(settings.configuration, file)
    planned = plan(settings, scaffold, follow=follow) if scaffold else None
    if is_export and (identity or same or other or keep_going or replace):
        raise ConfigInvalid(
            "What is restored has ids, versions and names of its own: leave out --id, --same, --other, --keep-going and"
            " --replace.",
            key="restore",
        )
    is_mapped = bool(stream or object_type or documents or "://" in file)
    is_recognised = not (is_export or is_mapped) and looks_exported(Path(file), form)
    if is_recognised and (
        identity or same or other or keep_going or category or types or event_type or source
    ):
        raise ConfigInvalid(
            f"{Path(file).name} is an export of eventfold: say --restore alone to have the log that it was, or"
            " --documents to have its documents recorded now, or --stream to say which column means what.",
            key="restore",
        )
    if is_export or is_recognised:
        opened, who = closing(_log(settings, dry_run=dry_run)), context(actor=settings.actor)
        with opened as store, who, progress("restoring") as moved:
            report = restore(
                store,
                file,
                dry_run=dry_run,
                handlers=handlers or "refuse",
                begin=settings.definition().handlers if handlers and settings.app else (),
                progress=lambda so_far: moved(so_far.rows),
            )
        if is_recognised:
            report.note(
                f"{Path(file).name} is an export of eventfold, and was restored as by --restore, with its ids, versions"
                " and times."
            )
        return _end(report, settings, planned)
    if handlers:
        raise ConfigInvalid(
            "Handlers pass by what is restored; what is imported carries a mark that they know. Leave out --handlers,"
            " or say --restore.",
            key="handlers",
        )
    if documents or "://" in file:
        if identity:
            raise ConfigInvalid("Documents have ids of their own: leave out --id.", key="id")
        pages = _pages(file, container, follow=follow)
        with closing(_log(settings, dry_run=dry_run)) as store, progress("documents") as moved:
            report = import_documents(
                store,
                pages,
                named(source) if source else source_of(file),
                category=category,
                replace=replace,
                same=same,
                other=other,
                keep_going=keep_going,
                naive_is_utc=naive_is_utc,
                cut_times=cut_times,
                dry_run=dry_run,
                progress=lambda so_far: moved(so_far.rows),
            )
        return _end(report, settings, planned)
    path = Path(file)
    check_options(form, _sign(delimiter), order)
    if object_type:
        mapping = ocel_mapping(object_type, category, timezone=timezone, cut_times=cut_times)
    elif not stream and (form or form_of(path)) == "xes":
        mapping = xes_mapping(category or "case", timezone=timezone, cut_times=cut_times, lifecycle=lifecycle)
    elif not stream:
        raise ConfigInvalid(
            "Name the column of the entity: --stream COLUMN, or of OCEL --object-type TYPE."
            f" {suggestion(path, form, _sign(delimiter), encoding, stream)}".rstrip(),
            key="stream",
        )
    elif not types and not event_type:
        raise ConfigInvalid(
            "Name the column of the type: --type COLUMN, or one type for all rows: --event-type NAME."
            f" {suggestion(path, form, _sign(delimiter), encoding, stream)}".rstrip(),
            key="type",
        )
    else:
        mapping = Mapping(
            stream=stream,
            stream_separator=stream_separator,
            category=category,
            type=types,
            event_type=event_type,
            time=time,
            timezone=timezone,
            cut_times=cut_times,
            data=data,
            lists=lists,
            decimal_commas=commas,
            whole=whole,
            metadata=metadata,
        )
    mapping = structs.replace(mapping, id=identity, replace=replace)
    store = _log(settings, dry_run=dry_run)
    try:
        with progress(path.name, in_bytes=True) as moved:
            report = run_import(
                store,
                path,
                mapping,
                source=source,
                same=same,
                other=other,
                keep_going=keep_going,
                form=form,
                delimiter=_sign(delimiter),
                encoding=encoding,
                order=order,
                dry_run=dry_run,
                progress=moved,
            )
    finally:
        store.close()
    if looks_exported(path, form):
        report.note(
            f"{path.name} is an export of eventfold, of which new events were made; --restore would have kept its ids,"
            " versions and times."
        )
    return _end(report, settings, planned)


def _sign(delimiter: str | None) -> str | None:
    """A delimiter as it was meant: a tab is hard to type."""
    return "\t" if delimiter == r"\t" else delimiter


def _end(report: ImportReport, settings: Settings, planned: Planned | None) -> int:
    """Writes the app that was asked for, says what was done, and gives the exit code."""
    written = None
    if planned is not None and not report.dry_run:
        with closing(settings.open_log()) as store:
            written = planned.write(store, report)
    show(report, settings, written)
    return RowInvalid.exit_code if report.refused else 0


def _pages(file: str, container: str, *, follow: bool) -> Iterable[list[Found]]:
    if "://" not in file:
        return file_pages(file)

    def stop() -> bool:
        if follow:
            clocks.sleep(FOLLOW_SECONDS)
        return not follow

    return container_pages(file, container, stop)


def _log(settings: Settings, *, dry_run: bool) -> Store:
    try:
        return settings.open_log(create=not dry_run, doing="Importing")
    except LogNotFound:
        if not dry_run:
            raise
        return open_store("sqlite://")  # what would be written to an empty log is shown without making one
