"""Indexes as they are open: one to read, which follows what is committed, and one to write."""

import threading
from contextlib import suppress
from pathlib import Path

import msgspec
from tantivy import Document, Index, IndexWriter, Schema, Searcher

from eventfold.readmodels.publishing.publication import Stamp

HEAP = 15_000_000
"""Bytes that a writer keeps before it writes a segment; more are no faster."""
_META = "meta.json"


class Mark(msgspec.Struct, frozen=True):
    """What the document of the stamp says.

    Attributes:
        version: counts the commits of the table.
        rows: how many documents there are beside this one.
        search: the fingerprint of what the table declares to be searched.
        stamp: what the rows contain.
    """

    version: int
    rows: int
    search: str
    stamp: Stamp


decode_mark = msgspec.json.Decoder(Mark).decode


class Opened:
    """An index that is read.

    Args:
        path: its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = Index.open(str(path))
        self._index.config_reader("manual")
        self._seen = self._sight()
        self._index.reload()
        self.searcher: Searcher = self._index.searcher()

    def renew(self) -> None:
        """Looks whether something was committed, and reads that from here on."""
        now = self._sight()
        if now != self._seen:
            self._index.reload()
            self._seen, self.searcher = now, self._index.searcher()

    def lacks_files(self) -> bool:
        """Whether a file of what is committed is gone."""
        meta = msgspec.json.decode((self._path / _META).read_bytes(), type=_Meta)
        there = {path.name.partition(".")[0] for path in self._path.glob("*.store")}
        return any(segment.segment_id.replace("-", "") not in there for segment in meta.segments)

    def _sight(self) -> tuple[int, int, int]:
        found = (self._path / _META).stat()  # which each commit replaces
        return found.st_ino, found.st_mtime_ns, found.st_size


class Writing:
    """An index that is written: nobody else can while this is open.

    Args:
        path: its folder.
        schema: of a new index; None = it is there.

    Raises:
        ValueError: somebody else writes it, or it cannot be opened.
    """

    def __init__(self, path: Path, schema: Schema | None = None) -> None:
        index = Index.open(str(path)) if schema is None else Index(schema, str(path), reuse=False)
        index.config_reader("manual")
        self._writer: IndexWriter = index.writer(HEAP, 1)
        self.clean()

    def clean(self) -> None:
        """Removes what belongs to no commit: a killed writer may have left the very file that the next one makes."""
        self._writer.garbage_collect_files()

    def add(self, document: Document) -> None:
        """Adds one, at the next commit."""
        self._writer.add_document(document)

    def remove(self, field: str, term: str) -> None:
        """Removes what has a term, and was added before, at the next commit."""
        self._writer.delete_documents_by_term(field, term)

    def commit(self) -> None:
        """Makes all of it visible and durable at once."""
        self._writer.commit()

    def end(self) -> None:
        """Puts segments together that are due, and lets others write."""
        self._writer.wait_merging_threads()

    def end_apart(self) -> None:
        """As `end`, in a thread of its own, which a program waits for at its end: what was committed is visible now."""

        def end() -> None:
            with suppress(Exception):  # the index may be replaced by now; what was committed stands
                self.end()

        threading.Thread(target=end, name="eventfold-search-segments").start()

    def abandon(self) -> None:
        """Forgets what was added since the last commit, and lets others write, whatever has failed."""
        with suppress(Exception):
            self._writer.rollback()
        with suppress(Exception):
            self._writer.wait_merging_threads()


class _Segment(msgspec.Struct):
    segment_id: str


class _Meta(msgspec.Struct):
    segments: list[_Segment]
