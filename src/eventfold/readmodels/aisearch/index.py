"""One table published in an index of Azure AI Search. Its promise: effect once, newest in the end.

The service has no transaction over documents and no condition on one. So a writer says first that it writes, sends
every document under its key, and says last what they contain. Who comes after one that did not end waits until no
request of that one can be under way, and sends again everything since what was said last. A rebuild fills an index of
its own, and an alias is pointed at it under a condition, in one step.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from azure.search.documents import SearchClient
from azure.search.documents.indexes.models import SearchAlias
from msgspec import structs

from eventfold.errors import (
    CursorLost,
    EventfoldError,
    ForeignCursor,
    StaleCursor,
)
from eventfold.feed.leases.owner import new_owner
from eventfold.readmodels.aisearch.address import read_url
from eventfold.readmodels.aisearch.asking import Asking
from eventfold.readmodels.aisearch.documents import STAMP_ID, Documents, id_of
from eventfold.readmodels.aisearch.errors import translated
from eventfold.readmodels.aisearch.examining import differences
from eventfold.readmodels.aisearch.fields import CHANGE, ID, compared_of, index_of
from eventfold.readmodels.aisearch.marking import Mark, found, read_mark
from eventfold.readmodels.aisearch.sending import Action, Sender
from eventfold.readmodels.aisearch.service import Service
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
from eventfold.readmodels.telling import rebuilding
from eventfold.store.findings import Finding

if TYPE_CHECKING:
    import pyarrow as pa

_log = logging.getLogger("eventfold.publisher")
VISIBLE_SECONDS = 30.0
"""How long a writer waits until what it sent is seen."""
ALIAS_SECONDS = 60.0
"""After which an alias that was pointed elsewhere sends nobody to the index before."""
_POLL_SECONDS = 0.2


def open_service(url: str, layout: Layout, log_id: str) -> "AISearchIndex":
    """The index of a table in a service, which need not exist yet.

    Raises:
        ConfigInvalid: the URL has another form, or nobody can sign in.
    """
    address = read_url(url)
    return AISearchIndex(Service(address, address.alias(layout.spec.name)), layout, log_id)


class AISearchIndex:
    """See `SearchPublication` for what each method promises.

    Args:
        service: with the alias of the table.
        layout: of the rows.
        log_id: of the log whose fold is published.
        sender: sends documents.
    """

    kind = "aisearch"
    capabilities = PublicationCapabilities(every=2.0)

    def __init__(self, service: Service, layout: Layout, log_id: str, sender: Sender | None = None) -> None:
        spec = layout.spec
        self._service = service
        self._layout = layout
        self._name = spec.name
        self._log_id = log_id
        self._declared = Declared(layout)
        self._documents = Documents(layout)
        self._asking = Asking(layout, compared_of(layout))
        self._sender = sender or Sender(spec.name)
        self._me = new_owner()
        self._writes = threading.Lock()
        self._mine: Mark | None = None
        """What was written from here last: the service may show it later than it has it."""
        self._shown: float | None = None
        """When the alias was pointed elsewhere, while the index before is still there."""

    def head(self) -> Version | None:
        """What the index behind the alias says of itself, or what was sent to it from here since."""
        there = self._look()
        if there is None:
            return None
        return Version(there.version, there.stamp, bounded=there.search == self._declared.search)

    def merge(
        self,
        on: Version,
        rows: "pa.RecordBatchReader",
        deleted: Sequence[str],
        stamp: Stamp,
        left_out: LeftOut = NOTHING,
    ) -> Version:
        """Documents sent by key; before them who writes, behind them what they contain."""
        with self._writes:
            mark = self._unchanged(on)
            if mark.search != self._declared.search:
                raise self._stale()
            client = self._service.documents(mark.index)
            if mark.writer not in {"", self._me}:
                _log.warning(
                    "table %s, %s: another writer did not end; waiting until nothing of it is under way.",
                    self._name,
                    self.kind,
                )
                self._sender.wait_out()
            self._say(client, structs.replace(mark, writer=self._me))
            try:
                last = self._send(client, chain(self._upserts(rows, stamp), _removals(deleted)))
            except Exception:
                self._give_up(client, mark)
                raise
            self._check_alone(client, on)
            made = Mark(mark.index, on.number + 1, self._declared.search, stamped(stamp, left_out))
            self._say(client, made)
            self._see(client, made, last)
            self._sweep(made.index)
            return Version(made.version, made.stamp)

    def overwrite(
        self, on: Version | None, rows: "pa.RecordBatchReader", stamp: Stamp, left_out: LeftOut = NOTHING
    ) -> Version:
        """Into an index of its own, at which the alias is pointed then."""
        with self._writes:
            before = self._replaced(on)
            index = self._fresh(before)
            if not self._service.make(index_of(index, self._layout)):
                raise self._stale()
            client, mine = self._service.documents(index), self._mine
            made = Mark(index, on.number + 1 if on else 1, self._declared.search, stamped(stamp, left_out))
            try:
                last = self._send(client, self._upserts(rows, stamp))
                self._say(client, made)
                self._see(client, made, last)
                if not self._service.show(before, index):
                    raise self._stale()
            except BaseException:
                self._mine = mine
                self._service.drop(index)
                raise
            self._shown = time.monotonic()
            return Version(made.version, made.stamp)

    def lacks_files(self) -> bool:
        """It has none that can be lacking."""
        return False

    def find(self, request: Request) -> Found:
        """The stamp is read before the hits: they contain it at least."""
        there = self._look()
        if there is None:
            raise self._declared.none_yet()
        self._declared.check(there.stamp, there.search)
        with translated("searching", there.index):
            return self._asking.find(self._service.documents(there.index), request, there.stamp)

    def examine(self) -> list[Finding]:
        """Whether the index is there, and is the one that the table's declaration makes; changes nothing."""
        what = f"search index of {self._name}"
        try:
            alias = self._service.live()
            if alias is None:
                told = (
                    self._lost().message if self._service.is_taken() else "there is none yet; `run` makes it"
                )
                return [Finding("problem" if self._service.is_taken() else "ok", what, told)]
            there = self._service.definition(alias.indexes[0])
        except EventfoldError as error:
            return [Finding("problem", what, error.message)]
        told = "; ".join(differences(there, index_of(there.name, self._layout)))
        if told:
            cure = f"{told}. Make it anew, with {rebuilding(self._name)}."
            return [Finding("problem", what, cure)]
        return [Finding("ok", what, f"{there.name} has the fields of the table")]

    def _look(self) -> Mark | None:
        """What the index behind the alias says of itself, or what was sent from here since.

        Raises:
            CursorLost: it says nothing.
            ForeignCursor: it is of another log.
        """
        mark, mine = read_mark(self._service.documents(self._service.alias), self._name), self._mine
        if mark is None or (mine is not None and mine.version >= mark.version):
            mark = mine
        if mark is None:
            if self._service.live() is not None or self._service.is_taken():
                raise self._lost()
            return None
        if mark.stamp.log != self._log_id:
            raise self._foreign(mark.stamp.log)
        return mark

    def _unchanged(self, on: Version) -> Mark:
        there = self._look()
        if there is None or (there.version, there.stamp) != (on.number, on.stamp):
            raise self._stale()
        return there

    def _replaced(self, on: Version | None) -> SearchAlias | None:
        """The alias that an overwrite is to point elsewhere; None where it makes one."""
        if on is not None:
            self._unchanged(on)
        else:
            try:
                if self._look() is not None:
                    raise self._stale()
            except CursorLost:
                # an index of ours that has lost its stamp; what somebody else made has another name
                alias = self._service.live()
                if alias is None or not self._service.number_of(alias.indexes[0]):
                    raise
        return self._service.live()

    def _fresh(self, before: SearchAlias | None) -> str:
        """A name for an index; what an overwrite that did not end has left is removed."""
        live = before.indexes[0] if before is not None else ""
        others = self._service.indexes()
        for name in others:
            if name != live:
                self._service.drop(name)
        return f"{self._service.alias}-{max(map(self._service.number_of, others), default=0) + 1}"

    def _check_alone(self, client: SearchClient, on: Version) -> None:
        there = read_mark(client, self._name)
        if there is not None and (there.writer not in {"", self._me} or there.version > on.number):
            self._mine = None
            raise self._stale()

    def _give_up(self, client: SearchClient, mark: Mark) -> None:
        """Says that nobody writes, where no request is under way: then nobody needs to wait for one."""
        if self._sender.is_quiet:
            with suppress(EventfoldError):
                self._say(client, structs.replace(mark, writer=""))

    def _say(self, client: SearchClient, mark: Mark) -> None:
        self._sender.send(client, [(STAMP_ID, mark.document())])
        self._mine = mark

    def _send(self, client: SearchClient, actions: Iterator[Action]) -> str:
        """Sends them; the key of the last document that was not removed."""
        last = ""

        def noted() -> Iterator[Action]:
            nonlocal last
            for key, document in actions:
                last = key if document is not None else last
                yield key, document

        self._sender.send(client, noted())
        return last

    def _see(self, client: SearchClient, made: Mark, last: str) -> None:
        """Until what was sent is seen by who asks now, for as long as that may take."""
        until = time.monotonic() + VISIBLE_SECONDS
        for key in filter(None, (STAMP_ID, last)):
            while True:
                there = found(client, self._name, key, CHANGE)
                if there is not None and there.get(CHANGE, -1) >= made.stamp.change:
                    break
                if time.monotonic() >= until:
                    _log.warning(
                        "table %s, %s: what was sent is not yet visible after %g s.",
                        self._name,
                        self.kind,
                        VISIBLE_SECONDS,
                    )
                    return
                time.sleep(_POLL_SECONDS)

    def _upserts(self, rows: "pa.RecordBatchReader", stamp: Stamp) -> Iterator[Action]:
        for batch in rows:
            for document in self._documents.of(batch, stamp.change):
                yield document[ID], document

    def _sweep(self, live: str) -> None:
        """Removes the indexes before the live one, once nobody is sent there by the alias any more."""
        if self._shown is not None and time.monotonic() - self._shown >= ALIAS_SECONDS:
            for name in self._service.indexes():
                if self._service.number_of(name) < self._service.number_of(live):
                    self._service.drop(name)
            self._shown = None

    def _stale(self) -> StaleCursor:
        return StaleCursor(
            f"Somebody else changed the search index of {self._name} meanwhile; look at it again.",
            table=self._name,
        )

    def _lost(self) -> CursorLost:
        return CursorLost(
            f"The search index {self._service.alias} does not say which events of {self._name} it contains: somebody"
            f" else filled it. Rebuild it, with {rebuilding(self._name)}; if it is not ours, give ours a prefix,"
            " aisearch://SERVICE/PREFIX.",
            table=self._name,
        )

    def _foreign(self, log: str) -> ForeignCursor:
        return ForeignCursor(
            f"The search index of {self._name} was made from the log {log:.60}, this is {self._log_id}: use another"
            " prefix, --search aisearch://SERVICE/PREFIX, or open the right log, --store URL.",
            table=self._name,
        )


def _removals(deleted: Sequence[str]) -> Iterator[Action]:
    return ((id_of(key), None) for key in deleted)
