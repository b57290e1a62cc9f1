"""Importing a file: rows are read, made into events and settled, batch after batch.

Running it twice, or again after a crash or after rows were inserted, adds just what is new: an event's id is made of
the stream and the row itself. Where a row is refused, what follows it in its stream waits until it is mended.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

from msgspec import structs

from eventfold.errors import ConfigInvalid, EventfoldError, EventTooLarge, NotFound, RowInvalid
from eventfold.imports.files.reading import Format, form_of, opened
from eventfold.imports.files.rows import Row
from eventfold.imports.mapping.categories import distinct_types, prefix_for, shared_category
from eventfold.imports.mapping.columns import checked, named_columns
from eventfold.imports.mapping.mapping import Mapper, Mapping
from eventfold.imports.mapping.naming import Naming
from eventfold.imports.report import ImportReport
from eventfold.imports.settling.asking import Batch, asked_first
from eventfold.imports.settling.identity import equal_rows, named, source_of
from eventfold.imports.settling.knowing import Knowing
from eventfold.imports.settling.prepared import Prepared, by_time
from eventfold.imports.settling.settling import Settling
from eventfold.store.port import Store
from eventfold.words import how_many

BATCH = 10_000
BATCH_CHARS = 16 * 1024 * 1024
"""Of the data of a batch, about: large rows are written in smaller batches, so that memory stays flat."""

Order = Literal["file", "time"]
Progress = Callable[[int, int], None]
"""Called with the bytes of the file that are read, and its size."""


def import_file(
    store: Store,
    path: Path | str,
    mapping: Mapping,
    *,
    source: str = "",
    same: bool = False,
    other: bool = False,
    form: Format | None = None,
    delimiter: str | None = None,
    encoding: str = "",
    order: Order = "file",
    keep_going: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Writes the rows of a file as events, each once.

    Args:
        store: where to.
        path: a CSV or JSON Lines file, plain or gzipped, or a Parquet file, or an event
            log in XES or OCEL 2.0.
        mapping: which column means what.
        source: the name of the log that the file is part of; equal rows of a log with another name are others. Default:
            the folder and the name of the file without its ending; then it is asked what equal rows of another log are.
        same: rows that equal those of another log are the same rows, and known.
        other: they are other rows, and written.
        form: default: told by the name.
        delimiter: between the cells of a CSV file. Default: a tab where the name ends with `.tsv`, else a comma.
        encoding: of a CSV file, `utf-16` or `latin-1` for example. Default: UTF-8, with or without its mark.
        order: `file`: events of a stream in the order of their rows; `time`: by their time, rows of equal time as in
            the file; this holds all rows in memory, and writes none if the file turns out to be damaged.
        keep_going: writes what follows a refused row in its stream, instead of holding it back until the row is mended.
        dry_run: looks at everything and writes nothing.
        progress: called after each batch.

    Returns:
        What was written, what was known, what was refused and why, row by row; what was held back.

    Raises:
        NotFound: there is no such file.
        QueryInvalid, EncodingInvalid, ConfigInvalid: the file or the mapping cannot be used at all; the file has no
            column of a name that the mapping names; its streams have no category; two types of objects would get one.
        Refused: rows equal those of another log, and nothing says whether they are the same. Nothing is written, unless
            the other log was imported at the same time.
        RowInvalid, EventTooLarge: the file is damaged, ends in the middle, or holds what is too large to be read; what
            came before is written, the facts `written` and `known` say how much.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    check_options(form, delimiter, order)
    log = named(source) if source else source_of(path)
    equal = equal_rows(log, keyed=bool(mapping.id), same=same, other=other)
    report = ImportReport(log.name, dry_run)
    knowing = Knowing(store, log, equal, keyed=bool(mapping.id), keep_going=keep_going)
    settling = Settling(store, knowing, report)
    mapping = structs.replace(mapping, category=prefix_for(store, mapping.category, report))
    naming = Naming(mapping.category, None if knowing.empty else store, replace=mapping.replace)
    size = path.stat().st_size
    used = frozenset(named_columns(mapping)) if mapping.data else None
    report.note(shared_category(store, mapping, log.name))

    def batches(into: ImportReport) -> Iterator[Batch]:
        with opened(path, form, delimiter, encoding, used) as file:
            into.note(file.note)
            raw = checked(file.rows, file.columns, mapping, path)
            if report.asked_category and mapping.category == report.category:
                raw = distinct_types(raw, tuple(mapping.stream), mapping.category)
            mapper = Mapper(mapping, log.name, store.capabilities, naming=naming, former=not knowing.empty)
            rows = _prepared(raw, mapper, into, is_timed=bool(mapping.time))
            for batch in _batches(by_time(rows) if order == "time" else rows):
                yield Batch(batch, file.read_bytes())

    found = batches(report)
    if equal == "ask" and not knowing.empty:
        found = asked_first(found, lambda: batches(ImportReport(log.name)), knowing)
    try:
        for batch in found:
            settling.settle(batch.rows, batch.looked_up)
            if progress is not None:
                progress(batch.read, size)
    except (RowInvalid, EventTooLarge) as error:
        error.facts.update(written=report.written, known=report.known, refused=report.refused)
        raise
    report.streams = len(knowing.last)
    if report.untimed:
        has, they = ("has", "it is") if report.untimed == 1 else ("have", "they are")
        rows = how_many(report.untimed, "row")
        report.note(f"{rows} {has} no time: {they} taken to have happened when recorded.")
    if not report.rows:
        has = "a header and no row" if (form or form_of(path)) == "csv" else "no row"
        report.note(f"{path.name} has {has}.")
    return report


def check_options(form: str | None, delimiter: str | None, order: str) -> None:
    """Whether what is said of a file can be.

    Raises:
        ConfigInvalid: it cannot.
    """
    if form not in (None, *get_args(Format)):
        raise ConfigInvalid(
            f"{form!r:.60} is no known format: say --format with one of {', '.join(get_args(Format))}.",
            key="form",
        )
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise ConfigInvalid(
            "A delimiter is one character, and no quote or end of a line: --delimiter ';' for example.",
            key="delimiter",
        )
    if order not in get_args(Order):
        raise ConfigInvalid(f"{order!r:.60} is no order: use --order file or --order time.", key="order")


def _batches(rows: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """The rows in batches; those before a fault of the file are given before it is raised."""
    batch: list[Prepared] = []
    size = 0
    fault: EventfoldError | None = None
    try:
        for row in rows:
            batch.append(row)
            size += max(len(row.event.data), len(row.former)) + len(row.event.metadata)
            if len(batch) >= BATCH or size >= BATCH_CHARS:
                yield batch
                batch, size = [], 0
    except EventfoldError as error:
        fault = error
    if batch:
        yield batch
    if fault is not None:
        raise fault


def _prepared(
    rows: Iterable[Row], mapper: Mapper, report: ImportReport, *, is_timed: bool
) -> Iterator[Prepared]:
    for row in rows:
        report.rows += 1
        try:
            found = mapper(row)
        except EventfoldError as error:
            found = mapper.missing(row, error)
            if not found:
                report.refuse(row.line, error)
                report.unplaced += 1
        else:
            report.unrelated += not found
            report.untimed += is_timed and bool(found) and found[0].event.occurred_us is None
        yield from found
