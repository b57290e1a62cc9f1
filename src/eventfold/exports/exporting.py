"""Exporting a log: selected batches, upcast or as they are stored, into one file that is there whole or not at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, get_args

import msgspec

from eventfold.errors import ConfigInvalid
from eventfold.events.registry import Registry
from eventfold.exports.placing import placed
from eventfold.exports.protected import Protected
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor
from eventfold.store.port import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from eventfold.exports.selecting import Selected

Format = Literal["jsonl", "parquet"]
_ENDINGS: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
Progress = Callable[[int, int | None], object]
"""Called with the events that were written, and how many are looked at where that can be counted."""


class ExportReport(msgspec.Struct):
    """What was exported.

    Attributes:
        log: the id of the log.
        form: `jsonl` or `parquet`.
        upcast: whether the data are in the schema versions of the app, else as they are stored.
        events: how many.
        upgraded: how many were upcast from an older schema version.
        cursor: the next export goes on after it, as text; empty where no cursor says it: of single streams, and of a
            time in a log without a total order.
    """

    log: str
    form: Format
    upcast: bool
    events: int = 0
    upgraded: int = 0
    cursor: str = ""


class _Writer(Protocol):
    def write(self, batch: "pa.RecordBatch") -> None:
        """Writes a batch."""

    def close(self) -> None:
        """Completes the file."""

    def abandon(self) -> None:
        """Leaves it incomplete."""


def export_log(
    store: Store,
    target: Path | str | BinaryIO,
    form: Format | None = None,
    *,
    streams: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    after: Cursor | None = None,
    until_us: int | None = None,
    registry: Registry | None = None,
    overwrite: bool = False,
    protected: Protected | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Writes the events of a log to a file, in the order of the feed: in order inside each stream.

    Args:
        store: the log.
        target: the file, gzipped where its name ends in `.gz`; or an open stream. Never a database, a file beside one
            or in a table of Delta Lake, however it is spelled: the log itself is such a file.
        form: default: told by the name; a stream takes `jsonl`.
        streams: only these.
        categories: only streams of these categories.
        after: only what stands after this cursor, as an export before answered it.
        until_us: only what was recorded at or before this time, microseconds since 1970.
        registry: upcasts the data to its schema versions; None = as they are stored, byte for byte.
        overwrite: whether a file that is there may be replaced.
        protected: what may not be replaced all the same.
        progress: called after each batch.

    Returns:
        What was written; the file is durable then.

    Raises:
        ConfigInvalid: the form cannot be told, or the file is there already or is protected.
        NotFound: no such folder or stream.
        InvalidStream: a category that no stream can have.
        UpcasterFailed, EventTypeUnknown, SchemaVersionUnknown: an event that the app cannot read; nothing is written.
        LogMismatch: `after` belongs to another log.
        StorageError: log or file did not do their work; no file is left.
    """
    path = Path(target) if isinstance(target, str | Path) else None
    zipped = path is not None and path.name.lower().endswith(".gz")
    form = _form_of(path, form, zipped=zipped)
    _needs_arrow()
    from eventfold.exports.selecting import Selection, select

    report = ExportReport(store.log_id, form, registry is not None)
    chosen = select(store, Selection(streams, categories, after, until_us))
    protected = protected or Protected()
    with _opened(target, zipped=zipped, overwrite=overwrite, protected=protected) as file:
        writer = _writer(form, file, store.log_id)
        try:
            _write(chosen, writer, registry, report, progress)
        except BaseException:
            writer.abandon()
            raise
        writer.close()
    report.cursor = chosen.cursor.to_json() if chosen.cursor is not None else ""
    return report


def _form_of(path: Path | None, form: str | None, *, zipped: bool) -> Format:
    if form not in (None, *get_args(Format)):
        raise ConfigInvalid(
            f"{form!r:.60} is no form of an export: use --format jsonl or --format parquet.", key="format"
        )
    if form is None and path is not None:
        form = _ENDINGS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
        if form is None:
            raise ConfigInvalid(
                f"The name {path.name} does not say the form: end it in .jsonl, .jsonl.gz or .parquet, or say"
                " --format.",
                key="format",
            )
    if form == "parquet" and zipped:
        raise ConfigInvalid("A Parquet file is compressed inside: leave the .gz away.", key="file")
    return "parquet" if form == "parquet" else "jsonl"


def _needs_arrow() -> None:
    with needing("an export", "lake"):
        import pyarrow.parquet  # noqa: F401 - whether it is there


def _opened(
    target: Path | str | BinaryIO, *, zipped: bool, overwrite: bool, protected: Protected
) -> AbstractContextManager[BinaryIO]:
    if isinstance(target, str | Path):
        return placed(Path(target), zipped=zipped, overwrite=overwrite, protected=protected)
    protected.check_stream(target)
    return nullcontext(target)


def _writer(form: Format, file: BinaryIO, log_id: str) -> _Writer:
    if form == "parquet":
        from eventfold.exports.rows import Rows

        return Rows(file, log_id)
    from eventfold.exports.lines import Lines

    return Lines(file)


def _write(
    chosen: "Selected",
    writer: _Writer,
    registry: Registry | None,
    report: ExportReport,
    progress: Progress | None,
) -> None:
    from eventfold.exports.upcasting import as_stored, upcast

    for batch in chosen.batches:
        ready = as_stored(batch) if registry is None else upcast(batch, registry)
        writer.write(ready)
        report.events += ready.num_rows
        upgraded = ready.column("upgraded_from")
        report.upgraded += len(upgraded) - upgraded.null_count
        if progress is not None:
            progress(report.events, chosen.looked_at)
