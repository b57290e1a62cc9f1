"""One table published in an index of tantivy: each commit carries its stamp, and nobody else writes in between.

The stamp is a document of the commit, which no search finds: what else a commit can carry the library does not tell.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from tantivy import Schema

from eventfold.errors import (
    CursorLost,
    EventfoldError,
    ForeignCursor,
    StaleCursor,
    StorageFailed,
)
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import (
    NOTHING,
    LeftOut,
    PublicationCapabilities,
    Stamp,
    Version,
)
from eventfold.readmodels.search.answering import Declared, stamped
from eventfold.readmodels.search.port import Found
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.tantivy.asking import Asking
from eventfold.readmodels.tantivy.documents import Documents
from eventfold.readmodels.tantivy.errors import translated
from eventfold.readmodels.tantivy.exact import term_of
from eventfold.readmodels.tantivy.fields import KEY, MARK, fields_of
from eventfold.readmodels.tantivy.folder import Folder, Live
from eventfold.readmodels.tantivy.opened import Mark, Opened, Writing, decode_mark
from eventfold.readmodels.tantivy.queries import Queries
from eventfold.readmodels.telling import rebuilding
from eventfold.store.findings import Finding

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = 1_000
"""How many keys are looked for at once."""
_ATTEMPTS = 5
_LOCKED_SECONDS = 60.0
_POLL_SECONDS = 0.02


def open_folder(folder: Path, layout: Layout, log_id: str) -> "TantivyIndex":
    """The index of a table in a folder, which need not exist yet."""
    return TantivyIndex(folder, layout, log_id)


class TantivyIndex:
    """See `SearchPublication` for what each method promises.

    Args:
        folder: of the table's indexes.
        layout: of the rows.
        log_id: of the log whose fold is published.
    """

    kind = "tantivy"
    capabilities = PublicationCapabilities(every=1.0)

    def __init__(self, folder: Path, layout: Layout, log_id: str) -> None:
        spec = layout.spec
        self._folder = Folder(folder)
        self._layout = layout
        self._name = spec.name
        self._log_id = log_id
        self._declared = Declared(layout)
        self._fields = fields_of(layout)
        self._documents = Documents(layout, self._fields)
        self._queries = Queries(self._fields, spec.key_name)
        self._reads, self._writes = threading.Lock(), threading.Lock()
        self._opened: tuple[int, Opened] | None = None

    def head(self) -> Version | None:
        """The stamp of the live index."""
        found = self._look()
        if found is None:
            return None
        mark, asking = found
        return Version(
            mark.version, mark.stamp, mark.rows == asking.documents - 1, mark.search == self._declared.search
        )

    def merge(
        self,
        on: Version,
        rows: "pa.RecordBatchReader",
        deleted: Sequence[str],
        stamp: Stamp,
        left_out: LeftOut = NOTHING,
    ) -> Version:
        """Documents removed by key and added anew, in one commit with the stamp."""
        with self._writes, self._alone("publishing"):
            mark, asking = self._unchanged(on)
            if mark.search != self._declared.search:
                raise self._stale()
            with self._writing() as writing:
                count = mark.rows
                for batch in rows:
                    documents = list(self._documents.of(batch))
                    count += len(documents) - self._there(asking, [key for key, _ in documents])
                    for key, document in documents:
                        writing.remove(KEY, key)
                        writing.add(document)
                keys = [term_of(key) for key in deleted]
                count -= self._there(asking, keys)
                for key in keys:
                    writing.remove(KEY, key)
                made = self._commit(writing, on.number + 1, count, stamped(stamp, left_out))
            writing.end_apart()
            return made

    def overwrite(
        self, on: Version | None, rows: "pa.RecordBatchReader", stamp: Stamp, left_out: LeftOut = NOTHING
    ) -> Version:
        """An index of its own, which then takes the place of the one before."""
        with self._writes, ExitStack() as open_to_write:
            with self._alone("publishing"):
                self._check_replaceable(on)
                number = self._folder.fresh()
                writing = open_to_write.enter_context(self._writing(self._fields.schema, number))
            with translated("publishing", self._folder.path):
                count = 0
                for batch in rows:
                    for _, document in self._documents.of(batch):
                        writing.add(document)
                    count += batch.num_rows
                made = self._commit(writing, on.number + 1 if on else 1, count, stamped(stamp, left_out))
                writing.end()
            with self._alone("publishing"):
                self._check_replaceable(on)
                if not self._folder.place(number).exists():
                    raise self._stale()  # taken for one that was left behind
                self._folder.show(Live(self._log_id, number))
        return made

    def lacks_files(self) -> bool:
        """Looked for by the names of the committed segments."""
        with self._reads, translated("reading", self._folder.path):
            live = self._folder.live()
            return live is not None and self._open(live.index).lacks_files()

    def find(self, request: Request) -> Found:
        """All of it on one instant of the index."""
        found = self._look()
        if found is None:
            raise self._declared.none_yet()
        mark, asking = found
        self._declared.check(mark.stamp, mark.search)
        with translated("searching", self._folder.path):
            total, rows = asking.page(request)
            return Found(total, rows, asking.facets(request), mark.stamp)

    def examine(self) -> Sequence[Finding]:
        """An index that was made for another declaration is made anew by the next publication."""
        what = f"search index of {self._name}"
        try:
            found = self._look()
        except EventfoldError as error:
            return [Finding("problem", what, error.message)]
        if found is None:
            return [Finding("ok", what, "there is none yet; `run` makes it")]
        same = found[0].search == self._declared.search
        told = (
            "it is that of the table" if same else "it was made for another ef.search(); `run` makes it anew"
        )
        return [Finding("ok", what, told)]

    def _look(self) -> tuple[Mark, Asking] | None:
        """The live index at this instant, and what it says of itself.

        Raises:
            CursorLost: it says nothing.
            ForeignCursor: it is of another log.
        """
        with self._reads, translated("reading", self._folder.path):
            for attempt in range(1, _ATTEMPTS + 1):
                live = self._folder.live()
                if live is None:
                    if self._folder.is_taken():
                        raise self._lost()
                    return None
                if live.log != self._log_id:
                    raise self._foreign(live.log)
                try:
                    return self._marked(self._open(live.index))
                except (OSError, ValueError):
                    self._opened = None
                    # another process may have replaced it in this moment, and removed it
                    if attempt == _ATTEMPTS or self._folder.live() == live:
                        raise
            raise AssertionError("unreachable")

    def _open(self, number: int) -> Opened:
        if self._opened is None or self._opened[0] != number:
            self._opened = (number, Opened(self._folder.place(number)))
        else:
            self._opened[1].renew()
        return self._opened[1]

    def _marked(self, opened: Opened) -> tuple[Mark, Asking]:
        asking = Asking(opened.searcher, self._layout, self._fields, self._queries)
        text = asking.stored(self._queries.mark)
        try:
            mark = None if text is None else decode_mark(text)
        except msgspec.MsgspecError:
            mark = None
        if mark is None:
            raise self._lost()
        if mark.stamp.log != self._log_id:
            raise self._foreign(mark.stamp.log)
        return mark, asking

    def _unchanged(self, on: Version) -> tuple[Mark, Asking]:
        found = self._look()
        if found is None or (found[0].version, found[0].stamp) != (on.number, on.stamp):
            raise self._stale()
        return found

    def _check_replaceable(self, on: Version | None) -> None:
        if on is not None:
            self._unchanged(on)
            return
        try:
            if self._look() is not None:
                raise self._stale()
        except (CursorLost, StorageFailed):
            live = self._folder.live_or_none()
            if live is None or live.log != self._log_id:
                raise

    def _open_to_write(self, schema: Schema | None = None, number: int | None = None) -> Writing:
        """The writer of an index, by default of the live one; what another one still puts together is waited for."""
        live = self._folder.live()
        place = self._folder.place(number or (live.index if live else 0))
        until = time.monotonic() + _LOCKED_SECONDS
        while True:
            try:
                return Writing(place, schema)
            except ValueError as error:
                if "LockBusy" not in str(error):
                    raise
            if time.monotonic() >= until:
                raise StorageFailed(
                    f"Another process has the search index of {self._name} open to write for {_LOCKED_SECONDS:g} s: end"
                    " it; this one goes on at the next attempt.",
                    table=self._name,
                )
            time.sleep(_POLL_SECONDS)

    def _there(self, asking: Asking, keys: Sequence[str]) -> int:
        """How many of some keys have a document."""
        pieces = (keys[at : at + _KEYS] for at in range(0, len(keys), _KEYS))
        return sum(asking.count(self._queries.keys(piece)) for piece in pieces)

    def _commit(self, writing: Writing, version: int, rows: int, stamp: Stamp) -> Version:
        writing.remove(MARK, MARK)
        writing.add(
            self._documents.mark(msgspec.json.encode(Mark(version, rows, self._declared.search, stamp)))
        )
        writing.commit()
        return Version(version, stamp)

    @contextmanager
    def _writing(self, schema: Schema | None = None, number: int | None = None) -> Iterator[Writing]:
        """Arguments as `_open_to_write`; where it fails, what was not committed is forgotten."""
        writing = self._open_to_write(schema, number)
        try:
            yield writing
        except BaseException:
            writing.abandon()
            raise

    @contextmanager
    def _alone(self, doing: str) -> Iterator[None]:
        with translated(doing, self._folder.path), self._folder.locked():
            yield

    def _stale(self) -> StaleCursor:
        return StaleCursor(
            f"Somebody else changed the search index of {self._name} meanwhile: nothing was written.",
            table=self._name,
        )

    def _lost(self) -> CursorLost:
        return CursorLost(
            f"The search index of {self._name} does not say which events it contains: somebody else filled it. Rebuild"
            f" it, with {rebuilding(self._name)}; if it is not ours, move {self._folder.path} away first.",
            table=self._name,
        )

    def _foreign(self, log: str) -> EventfoldError:
        return ForeignCursor(
            f"The search index of {self._name} was made from the log {log:.60}, this is {self._log_id}: use another"
            " folder, --search FOLDER, or open the right log, --store URL.",
            table=self._name,
        )
