"""Restoring: what was exported becomes an equal log again, each event in its version, with its id and its times.

An event that does not fit what stands in the log is refused by its line, and so is what follows it in its stream.
Running it again adds what is missing: an event that is there, and equal in everything, is known.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from eventfold import limits
from eventfold.errors import NotFound
from eventfold.imports.report import ImportReport
from eventfold.imports.restoring.exported import exported_events, exported_times
from eventfold.imports.restoring.fitting import Fitting
from eventfold.imports.restoring.handlers import Handlers, check_handlers, passed_by
from eventfold.imports.restoring.recorded import Recorded
from eventfold.imports.restoring.sorting import by_recorded, in_order
from eventfold.imports.restoring.versions import Versions
from eventfold.store.irregular import irregular
from eventfold.store.port import Store
from eventfold.words import how_many

BATCH = 5_000
BATCH_CHARS = 16 * 1024 * 1024


def restore(
    store: Store,
    path: Path | str,
    *,
    dry_run: bool = False,
    handlers: Handlers = "refuse",
    begin: Iterable[str] = (),
    progress: Callable[[ImportReport], object] | None = None,
) -> ImportReport:
    """Writes the events of an exported file as they were recorded: ids, versions, times, metadata and data are equal.

    What cannot be equal is the id of the log; positions are, where a whole log with a total order is restored into an
    empty one of its kind.

    Args:
        store: where to: an empty log, or one that has a beginning of the same history.
        path: JSON Lines, plain or gzipped, or Parquet, as `export_log` wrote it without upcasting.
        handlers: "skip" moves the handlers of the log to its end, so that they never handle what is restored; while
            that goes on they handle nothing, and so they do after a crash, until it was restored again. The same
            becomes of those that begin meanwhile, whatever is said here.
        begin: with "skip": names of handlers that begin at the end of what is restored, if they have not begun.
        dry_run: looks at everything and writes nothing; that a time lies before the end of the log is not seen then.
        progress: called after each batch.

    Returns:
        What was written, known and refused; `double_versions` and `missing_versions` by stream.

    Raises:
        NotFound: there is no such file.
        QueryInvalid: it is no export.
        HandlersBegun: handlers of the log have begun, and nothing was said of them; nothing is written.
        RowInvalid: it is damaged or ends in the middle; nothing is written.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    if handlers == "skip" and not dry_run:
        for name in begin:
            store.effects().begin(name, store.feed().end())
    begun = check_handlers(store, handlers)
    report = ImportReport(path.name, dry_run)
    versions = Versions()
    ordered = in_order(exported_times(path))  # to its end, so that half a file restores nothing
    events = exported_events(path)
    if store.capabilities.total_order and not ordered:
        events = by_recorded(events)
    holding: AbstractContextManager[Callable[[], None]] = (
        nullcontext(lambda: None)
        if dry_run
        else passed_by(store, begun, versions.names, path.name, lambda: bool(report.written))
    )
    with holding as hold_them:
        fitting = Fitting(store, report, hold_them)
        for batch in _batches(events):
            good: list[Recorded] = []
            for row in batch:
                report.rows += 1
                if row.error is not None:
                    report.refuse(row.line, row.error)
                    continue
                versions.add(row.stream, row.version, fitting.head)
                report.irregular += _is_irregular(row)
                good.append(row)
            fitting.settle(good)
            report.streams = versions.streams
            report.double_versions, report.missing_versions = versions.double(), versions.missing()
            if progress is not None:
                progress(report)
    if begun and (report.written or dry_run):
        report.note(_passed_by(begun, dry_run=dry_run))
    return report


def _passed_by(begun: Sequence[str], *, dry_run: bool) -> str:
    what = "would be moved" if dry_run else "moved"
    return f"{how_many(len(begun), 'handler')} {what} to the end of the log: {', '.join(begun)}."


def _is_irregular(row: Recorded) -> bool:
    event = row.event
    # refused for its size, unread
    if event is None or len(event.data) + len(event.metadata) > limits.EVENT_BYTES:
        return False
    return bool(irregular(row.stream, event.id.bytes, event.data, event.metadata))


def _batches(events: Iterator[Recorded]) -> Iterator[Sequence[Recorded]]:
    batch: list[Recorded] = []
    size = 0
    for row in events:
        batch.append(row)
        size += len(row.event.data) + len(row.event.metadata) if row.event is not None else 0
        if len(batch) >= BATCH or size >= BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
