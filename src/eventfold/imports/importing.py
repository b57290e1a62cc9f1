"""Importing a file: rows are read, made into events and settled, batch after batch.

Running it twice, or again after a crash or after rows were inserted, adds just what is new: an event's id is made of
the source, the stream and the row itself.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from eventfold.errors import ConfigInvalid, EventfoldError, NotFound
from eventfold.imports.mapping import Mapper, Mapping, Prepared
from eventfold.imports.reading import Format, Row, opened
from eventfold.imports.report import ImportReport
from eventfold.imports.settling import settle
from eventfold.store.port import Store

BATCH = 5_000
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
        path: a CSV or JSON Lines file, plain or gzipped.
        mapping: which column means what.
        source: the name of the log; part of every event id. Default: the name of the file without its endings.
        form: default: told by the name.
        delimiter: between the cells of a CSV file.
        order: `file`: events of a stream in the order of their rows; `time`: by their time, rows of equal time as in
            the file; this holds the whole file in memory.
        dry_run: looks at everything and writes nothing.
        progress: called after each batch.

    Returns:
        What was written, what was known, what was refused and why, row by row.

    Raises:
        NotFound: there is no such file.
        QueryInvalid, EncodingInvalid, ConfigInvalid: the file or the mapping cannot be used at all.
        RowInvalid: the file ends in the middle; what came before is written.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    if len(delimiter) != 1:
        raise ConfigInvalid("A delimiter is one character.", key="delimiter")
    source = source or path.name.split(".")[0]
    report = ImportReport(source, dry_run)
    mapper = Mapper(mapping, source, store.capabilities)
    size = path.stat().st_size
    with opened(path, form, delimiter) as file:
        rows = _prepared(file.rows, mapper, report)
        if order == "time":
            rows = iter(_by_time(rows))
        while batch := list(islice(rows, BATCH)):
            settle(store, batch, report)
            if progress is not None:
                progress(file.read_bytes(), size)
    report.streams = mapper.streams
    return report


def _prepared(rows: Iterable[Row], mapper: Mapper, report: ImportReport) -> Iterator[Prepared]:
    for row in rows:
        report.rows += 1
        try:
            found = mapper(row)
        except EventfoldError as error:
            report.refuse(row.line, error)
        else:
            for event in found:
                report.out_of_order += event.late
                yield event


def _by_time(rows: Iterable[Prepared]) -> list[Prepared]:
    """All rows by time; one without a time stays with the row of its stream before it."""
    last: dict[str, int] = {}
    timed = []
    for row in rows:
        us = row.event.occurred_us
        us = last.get(row.stream, 0) if us is None else us
        last[row.stream] = us
        timed.append((us, row))
    timed.sort(key=lambda pair: pair[0])
    return [row for _, row in timed]
