"""Importing a file: rows are read, made into events and settled, batch after batch.

Running it twice, or again after a crash or after rows were inserted, adds just what is new: an event's id is made of
the source, the stream and the row itself.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

from msgspec import structs

from eventfold import limits
from eventfold.errors import ConfigInvalid, EventfoldError, EventTooLarge, NotFound, RowInvalid
from eventfold.imports.categories import distinct_types, prefix_for
from eventfold.imports.mapping import Mapper, Mapping, Prepared
from eventfold.imports.reading import Format, opened
from eventfold.imports.report import ImportReport
from eventfold.imports.rows import Row
from eventfold.imports.settling import settle
from eventfold.store.port import Store

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
    form: Format | None = None,
    delimiter: str = ",",
    order: Order = "file",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Writes the rows of a file as events, each once.

    Args:
        store: where to.
        path: a CSV or JSON Lines file, plain or gzipped, or a Parquet file, or an event
            log in XES or OCEL 2.0.
        mapping: which column means what.
        source: the name of the log; part of every event id. Default: the name of the file without its endings.
        form: default: told by the name.
        delimiter: between the cells of a CSV file.
        order: `file`: events of a stream in the order of their rows; `time`: by their time, rows of equal time as in
            the file; this holds all rows in memory, and writes none if the file turns out to be damaged.
        dry_run: looks at everything and writes nothing.
        progress: called after each batch.

    Returns:
        What was written, what was known, what was refused and why, row by row.

    Raises:
        NotFound: there is no such file.
        QueryInvalid, EncodingInvalid, ConfigInvalid: the file or the mapping cannot be used at all; two types of
            objects in it would get one category.
        RowInvalid, EventTooLarge: the file is damaged, ends in the middle, or holds what is too large to be read; what
            came before is written, the facts `written` and `known` say how much.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    _check_options(form, delimiter, order)
    source = source or path.name.split(".")[0] or path.name
    report = ImportReport(source, dry_run)
    mapping = structs.replace(mapping, category=prefix_for(store, mapping.category, report))
    mapper = Mapper(mapping, source, store.capabilities)
    size = path.stat().st_size
    try:
        with opened(path, form, delimiter) as file:
            raw = file.rows
            if report.asked_category and mapping.category == report.category:
                raw = distinct_types(raw, tuple(mapping.stream), mapping.category)
            rows = _prepared(raw, mapper, report)
            for batch in _batches(_by_time(rows) if order == "time" else rows):
                settle(store, batch, report)
                if progress is not None:
                    progress(file.read_bytes(), size)
    except (RowInvalid, EventTooLarge) as error:
        error.facts.update(written=report.written, known=report.known, refused=report.refused)
        raise
    report.streams = mapper.streams
    return report


def _check_options(form: str | None, delimiter: str, order: str) -> None:
    if form not in (None, *get_args(Format)):
        raise ConfigInvalid(
            f"{form!r:.60} is no known format: use one of {', '.join(get_args(Format))}.", key="form"
        )
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ConfigInvalid("A delimiter is one character, and no quote or end of a line.", key="delimiter")
    if order not in get_args(Order):
        raise ConfigInvalid(f"{order!r:.60} is no order: use file or time.", key="order")


def _batches(rows: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """The rows in batches; those before a fault of the file are given before it is raised."""
    batch: list[Prepared] = []
    size = 0
    fault: EventfoldError | None = None
    try:
        for row in rows:
            batch.append(row)
            size += len(row.event.data)
            if len(batch) >= BATCH or size >= BATCH_CHARS:
                yield batch
                batch, size = [], 0
    except EventfoldError as error:
        fault = error
    if batch:
        yield batch
    if fault is not None:
        raise fault


def _prepared(rows: Iterable[Row], mapper: Mapper, report: ImportReport) -> Iterator[Prepared]:
    for row in rows:
        report.rows += 1
        try:
            found = mapper(row)
        except EventfoldError as error:
            report.refuse(row.line, error)
        else:
            report.unrelated += not found
            for event in found:
                report.out_of_order += event.late
                yield event


def _by_time(rows: Iterable[Prepared]) -> list[Prepared]:
    """All rows by time; one without a time stays with the row of its stream before it."""
    last: dict[str, int] = {}
    timed = []
    for row in rows:
        us = row.event.occurred_us
        us = last.get(row.stream, limits.INT_MIN) if us is None else us
        last[row.stream] = us
        timed.append((us, row))
    timed.sort(key=lambda pair: pair[0])
    return [row for _, row in timed]
