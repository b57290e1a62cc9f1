"""Importing documents of the pattern's form, as a file of JSON Lines or from a container that others filled.

    {"id", "aggregateId", "eventType", "version", "timestamp", "data", "metadata"?}

What others wrote may have two events of one version, holes, or times without a zone. Nothing of that is repaired in
silence: it is listed, and events keep the order in which they come.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from eventfold.errors import EventfoldError, NotFound, PayloadInvalid, TimeInvalid
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.ids import row_event_id
from eventfold.events.jsontext import encode_text
from eventfold.events.metadata import RESERVED, check_metadata_size
from eventfold.events.times import parse_time
from eventfold.imports.categories import prefix_for
from eventfold.imports.mapping import Prepared
from eventfold.imports.reading import opened
from eventfold.imports.report import ImportReport
from eventfold.imports.rows import Cells
from eventfold.imports.settling import settle
from eventfold.imports.versions import Versions
from eventfold.store.checks import check_event
from eventfold.store.names import category_of
from eventfold.store.open import open_documents
from eventfold.store.port import Capabilities, Store

BATCH = 5_000
Document = Mapping[str, Any]


class Found(NamedTuple):
    """A document and where it stood, or what is wrong with it."""

    line: int
    document: Document
    error: EventfoldError | None = None


def import_documents(
    store: Store,
    pages: Iterable[list[Found]],
    source: str,
    *,
    category: str = "",
    naive_is_utc: bool = False,
    cut_times: bool = False,
    dry_run: bool = False,
    progress: Callable[[ImportReport], object] | None = None,
) -> ImportReport:
    """Writes documents as events, each once, however often it is run.

    Args:
        store: where to.
        pages: the documents, page by page.
        source: the name of the log; part of the id of every event whose own id is no UUID.
        category: stands before the `aggregateId` in the stream's name, where that has no category of its own.
        naive_is_utc: takes times without a zone for UTC instead of refusing them.
        cut_times: drops what a time says finer than a microsecond, instead of refusing it.
        dry_run: looks at everything and writes nothing.
        progress: is called after each page.

    Returns:
        What was written, known and refused; `double_versions` and `missing_versions` by stream.

    Raises:
        ConfigInvalid: no stream can have the category.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    report = ImportReport(source, dry_run)
    versions = Versions()
    prefix = prefix_for(store, category, report)
    reader = _Reader(source, prefix, store.capabilities, naive_is_utc=naive_is_utc, cut_times=cut_times)
    for page in pages:
        batch: list[Prepared] = []
        for line, document, fault in page:
            if reader.is_ours(document):
                continue
            report.rows += 1
            try:
                if fault is not None:
                    raise fault
                row = reader(line, document)
            except EventfoldError as error:
                report.refuse(line, error)
                continue
            versions.add(row.stream, document.get("version"))
            batch.append(row)
        settle(store, batch, report)
        report.streams = versions.streams
        report.double_versions, report.missing_versions = versions.double(), versions.missing()
        if progress is not None:
            progress(report)
    return report


def file_pages(path: Path | str) -> Iterator[list[Found]]:
    """The documents of a file of JSON Lines, plain or gzipped.

    Raises:
        NotFound: there is no such file.
        RowInvalid: also while reading: it is damaged or ends in the middle.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    with opened(path, "jsonl", ",") as file:
        while rows := list(islice(file.rows, BATCH)):
            yield [Found(row.line, _decoded(row.cells), row.error) for row in rows]


def container_pages(url: str, container: str, stop: Callable[[], bool]) -> Iterator[list[Found]]:
    """The documents of a container that others filled, in the order of its change feed.

    Args:
        url: of its account and database, as for a log.
        container: its name.
        stop: is asked whenever nothing more is there at the moment; True ends it.

    Raises:
        LogNotFound: there is no such container.
        StorageError: the account did not answer.
    """
    line = 0
    for page in open_documents(url, container):
        if not page and stop():
            return
        yield [Found(line + n, document) for n, document in enumerate(page, 1)]
        line += len(page)


def _decoded(cells: Cells) -> Document:
    return {name: msgspec.json.decode(cell) for name, cell in cells.items()}


class _Reader:
    """Makes events of documents."""

    def __init__(
        self, source: str, category: str, can: Capabilities, *, naive_is_utc: bool, cut_times: bool
    ) -> None:
        self._source = source
        self._category = category
        self._can = can
        self._naive_is_utc = naive_is_utc
        self._cut_times = cut_times

    def is_ours(self, document: Document) -> bool:
        """Whether it is no event but belongs to the system."""
        return str(document.get("aggregateId", "")).startswith("$")

    def __call__(self, line: int, document: Document) -> Prepared:
        stream = self._text(document, "aggregateId")
        if self._category:
            stream = f"{self._category}-{stream}"
        category_of(stream)
        metadata = document.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise PayloadInvalid("The metadata of a document are an object.")
        data = document.get("data")
        if not isinstance(data, Mapping):
            raise PayloadInvalid("The document has no data, or they are no object.")
        kept = {name: value for name, value in metadata.items() if name not in RESERVED}
        if "version" in document:
            kept["sourceVersion"] = document["version"]
        text = encode_text(kept) if kept else "{}"
        check_metadata_size(text)
        occurred = metadata.get("occurredAt") or document.get("timestamp")
        schema_version = metadata.get("schemaVersion", document.get("schemaVersion", 1))
        event = NewEvent(
            self._id(stream, document),
            self._text(document, "eventType"),
            schema_version,
            encode_text(dict(data)),
            text,
            None if occurred is None else self._time(occurred),
        )
        check_event(event, self._can)
        return Prepared(line, stream, event)

    def _id(self, stream: str, document: Document) -> UUID:
        given = str(document.get("eventId") or document.get("id") or "")
        try:
            return UUID(given)
        except ValueError:
            row = given or encode_text({k: v for k, v in document.items() if not k.startswith("_")})
            return row_event_id(self._source, stream, row, 0)

    def _text(self, document: Document, name: str) -> str:
        found = document.get(name)
        if not isinstance(found, str):
            raise PayloadInvalid(f"The document has no {name}, or it is no text.", field=name)
        return found

    def _time(self, text: object) -> int:
        found = parse_time(text, "timestamp", cut=self._cut_times)
        if found.utcoffset() is None:
            if not self._naive_is_utc:
                raise TimeInvalid(
                    f"The time {str(text)[:40]!r} has no zone. Where it was made by utcnow(), say --naive-is-utc.",
                    field="timestamp",
                )
            found = found.replace(tzinfo=UTC)
        return to_us(found)
