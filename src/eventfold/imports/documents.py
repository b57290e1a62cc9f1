"""Importing documents of the pattern's form, as a file of JSON Lines or from a container that others filled.

    {"id", "aggregateId", "eventType", "version", "timestamp", "data", "metadata"?}

What others wrote may have two events of one version, holes, or times without a zone. Nothing of that is repaired in
silence: it is listed, and events keep the order in which they come.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import structs

from eventfold import limits
from eventfold.errors import EventfoldError, NotFound, PayloadInvalid, RowInvalid, TimeInvalid
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.ids import row_id
from eventfold.events.jsontext import encode_text
from eventfold.events.metadata import RESERVED, check_metadata_size
from eventfold.events.names import composed
from eventfold.events.times import parse_time
from eventfold.imports.files.reading import opened
from eventfold.imports.files.rows import Cells, bare
from eventfold.imports.mapping.categories import prefix_for
from eventfold.imports.mapping.naming import Naming
from eventfold.imports.report import ImportReport
from eventfold.imports.restoring.versions import Versions
from eventfold.imports.settling.identity import Source, equal_rows, named
from eventfold.imports.settling.knowing import IMPORTED_FROM, Knowing
from eventfold.imports.settling.prepared import Prepared, Wrong, missing
from eventfold.imports.settling.repeats import Repeats
from eventfold.imports.settling.settling import Settling
from eventfold.store.checks import check_event
from eventfold.store.open import open_documents
from eventfold.store.port import Capabilities, Store

BATCH = 5_000
_NOBODY = UUID(int=0)
Document = Mapping[str, Any]


class Found(NamedTuple):
    """A document and where it stood, or what is wrong with it."""

    line: int
    document: Document
    error: EventfoldError | None = None


def import_documents(
    store: Store,
    pages: Iterable[list[Found]],
    source: str | Source,
    *,
    category: str = "",
    replace: bool = False,
    same: bool = False,
    other: bool = False,
    naive_is_utc: bool = False,
    cut_times: bool = False,
    keep_going: bool = False,
    dry_run: bool = False,
    progress: Callable[[ImportReport], object] | None = None,
) -> ImportReport:
    r"""Writes documents as events, each once, however often it is run.

    Args:
        store: where to.
        pages: the documents, page by page.
        source: the name of the log; where a person chose it, equal documents of a log with another name are others,
            as far as their own id is no UUID.
        category: stands before the `aggregateId` in the stream's name, where that does not begin with it.
        replace: writes `%2F`, `%5C`, `%3F` and `%23` for `/ \ ? #` in names of streams, instead of refusing them.
        same: documents that equal those of another log are the same, and known.
        other: they are others, and written.
        naive_is_utc: takes times without a zone for UTC instead of refusing them.
        cut_times: drops what a time says finer than a microsecond, instead of refusing it.
        keep_going: writes what follows a refused document in its stream, instead of holding it back.
        dry_run: looks at everything and writes nothing.
        progress: is called after each page.

    Returns:
        What was written, known and refused; `double_versions` and `missing_versions` by stream.

    Raises:
        ConfigInvalid: no stream can have the category.
        Refused: documents equal those of another log, and nothing says whether they are the same. Nothing is written
            where the pages can be read again; else nothing of the page.
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    log = source if isinstance(source, Source) else named(source)
    equal = equal_rows(log, keyed=False, same=same, other=other)
    report = ImportReport(log.name, dry_run)
    versions = Versions()
    prefix = prefix_for(store, category, report)
    knowing = Knowing(store, log, equal, keyed=True, keep_going=keep_going)
    settling = Settling(store, knowing, report)
    naming = Naming(prefix, None if knowing.empty else store, replace=replace)

    def prepared(page: Iterable[Found], reader: _Reader, into: ImportReport) -> Iterator[Prepared]:
        for line, document, fault in page:
            if reader.is_ours(document):
                continue
            into.rows += 1
            try:
                if fault is not None:
                    raise fault
                row = reader(line, document)
            except EventfoldError as error:
                places = reader.missing(line, document, error)
                if not places:
                    into.refuse(line, error)
                    into.unplaced += 1
                yield from places
            else:
                if into is report:
                    versions.add(row.stream, document.get("version"))
                yield row

    def new_reader() -> _Reader:
        return _Reader(log.name, naming, store.capabilities, naive_is_utc=naive_is_utc, cut_times=cut_times)

    if equal == "ask" and not knowing.empty and not isinstance(pages, Iterator):
        reader, new = new_reader(), False
        with suppress(RowInvalid):  # the second reading tells of damage
            for page in pages:
                new |= bool(knowing.sort(list(prepared(page, reader, ImportReport(log.name)))).new)
        if new:
            knowing.decide()
    reader = new_reader()
    for page in pages:
        settling.settle(list(prepared(page, reader, report)))
        report.streams = versions.streams
        report.double_versions, report.missing_versions = versions.double(), versions.missing()
        if progress is not None:
            progress(report)
    return report


def file_pages(path: Path | str) -> Iterable[list[Found]]:
    """The documents of a file of JSON Lines, plain or gzipped, page by page; they can be read again.

    Raises:
        NotFound: while reading: there is no such file.
        RowInvalid: while reading: it is damaged or ends in the middle.
    """
    return _FilePages(Path(path))


class _FilePages:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[list[Found]]:
        if not self._path.is_file():
            raise NotFound(f"There is no file {self._path}.", file=str(self._path))
        with opened(self._path, "jsonl") as file:
            page: list[Found] = []
            size = 0
            for row in file.rows:
                page.append(Found(row.line, _decoded(row.cells, row.error), bare(row.error)))
                size += sum(map(len, row.cells.values()))
                if len(page) >= BATCH or size >= limits.PAGE_BYTES:
                    yield page
                    page, size = [], 0
            if page:
                yield page


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


def _decoded(cells: Cells, error: EventfoldError | None) -> Document:
    """The members of a document; of one that is wrong, those that can be read."""
    if error is None:
        return {name: msgspec.json.decode(cell) for name, cell in cells.items()}
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found[name] = msgspec.json.decode(cell)
    return found


def _given(document: Document) -> str:
    return str(document.get("eventId") or document.get("id") or "")


def _own_id(document: Document) -> UUID | None:
    try:
        return UUID(_given(document))
    except ValueError:
        return None


class _Reader:
    """Makes events of documents."""

    def __init__(
        self, source: str, naming: Naming, can: Capabilities, *, naive_is_utc: bool, cut_times: bool
    ) -> None:
        self._source = source
        self._naming = naming
        self._can = can
        self._naive_is_utc = naive_is_utc
        self._cut_times = cut_times
        self._repeats = Repeats()

    def is_ours(self, document: Document) -> bool:
        """Whether it is no event but belongs to the system."""
        return str(document.get("aggregateId", "")).startswith("$")

    def __call__(self, line: int, document: Document) -> Prepared:
        stream = self._stream(document)
        metadata = document.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise PayloadInvalid("The metadata of a document are an object.")
        data = document.get("data")
        if not isinstance(data, Mapping):
            raise PayloadInvalid("The document has no data, or they are no object.")
        kept = {name: value for name, value in metadata.items() if name not in RESERVED}
        if "version" in document:
            kept["sourceVersion"] = document["version"]
        if _own_id(document) is None:
            kept[IMPORTED_FROM] = self._source
        text = encode_text(kept) if kept else "{}"
        check_metadata_size(text)
        occurred = metadata.get("occurredAt") or document.get("timestamp")
        schema_version = metadata.get("schemaVersion", document.get("schemaVersion", 1))
        event = NewEvent(
            _NOBODY,
            composed(self._text(document, "eventType")),
            schema_version,
            encode_text(dict(data)),
            text,
            None if occurred is None else self._time(occurred),
        )
        check_event(event, self._can)
        return self._identified(Prepared(line, stream, event), document)

    def missing(self, line: int, document: Document, error: EventfoldError) -> list[Prepared]:
        """Where a refused document is missing, as far as that can be read."""
        try:
            place = missing(line, self._stream(document), Wrong(error))
        except EventfoldError:
            return []
        with suppress(EventfoldError):
            return [self._identified(place, document)]
        return [place]

    def _stream(self, document: Document) -> str:
        return self._naming(self._text(document, "aggregateId"))

    def _identified(self, place: Prepared, document: Document) -> Prepared:
        """Its own id; or one that is made of it, and what an earlier release made one of."""
        event_id = _own_id(document)
        if event_id is not None:
            place.fixed = True
        elif given := _given(document):
            event_id, place.former = row_id(place.stream, encode_text(["document", given])), given
        else:
            text = encode_text({k: v for k, v in document.items() if not k.startswith("_")})
            event_id, repeat = self._repeats.id_of(place.stream, text, "")
            place.former = "" if repeat else text
        place.event = structs.replace(place.event, id=event_id)
        return place

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
