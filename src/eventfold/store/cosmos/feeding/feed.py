"""The feed of a log in Cosmos DB: the change feed of its container, one partition per feed range.

Nothing is ever replaced in the container, so the change feed gives each event once, in order inside its stream. Inside
a physical partition it is in the order of transactions, and a reader that was given one is never given an earlier one.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from azure.cosmos import ContainerProxy

from eventfold.errors import (
    CapabilityMissing,
    FeedBroken,
    FeedRebased,
    ForeignCursor,
    StorageBusy,
)
from eventfold.events.envelope import RecordedEvent
from eventfold.extras import needing
from eventfold.feed.cursor import Cursor, Mark, Order, Token
from eventfold.feed.port import FeedCapabilities, Page, Partition, check_page, held_by_none
from eventfold.store.cosmos.feeding.changes import Changes, read_changes
from eventfold.store.cosmos.feeding.marks import Place, compare, reached, read_place, to_mark
from eventfold.store.cosmos.feeding.spans import EVERYWHERE, Span, holding, place_of, read_span, spans_of
from eventfold.store.cosmos.feeding.splits import Splits
from eventfold.store.cosmos.feeding.witness import Witness
from eventfold.store.cosmos.requests.calls import Calls
from eventfold.store.cosmos.requests.documents import of_container, to_event
from eventfold.store.cosmos.requests.governor import Governor
from eventfold.store.names import category_of

if TYPE_CHECKING:
    import pyarrow as pa

CAPABILITIES = FeedCapabilities(total_order=False, filters_in_store=False, countable=False)
_POLL_SECONDS = (0.05, 1.0)
_KNOWN = 10_000
BEHIND_SECONDS = 15.0
"""How long a range of events waits for replicas that have not come as far as it reaches."""


class CosmosFeed:
    """Follows one container; see `Feed` for what each method promises."""

    def __init__(
        self, container: ContainerProxy, log_id: str, rid: str, calls: Calls, governor: Governor
    ) -> None:
        self.log_id = log_id
        self.capabilities = CAPABILITIES
        self._container = container
        self._rid = rid
        self._calls = calls
        self._governor = governor
        self._splits = Splits(container, calls, rid)
        self._witness = Witness(container, calls)
        self._known: OrderedDict[tuple[str, Mark], None] = OrderedDict()
        self._lock = threading.Lock()
        self._written = threading.Condition()
        self._turn = 0

    def notify(self) -> None:
        """Something was appended by this process."""
        with self._written:
            self._written.notify_all()

    def partitions(self) -> Sequence[Partition]:
        """The feed ranges of now; the service does not say what they came from."""
        self._calls.check()
        return [Partition(span.name) for span in spans_of(self._container, self._calls, refresh=True)]

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """By the hash of its name, which no split changes."""
        self._calls.check()
        category_of(stream)
        spans = [read_span(name) for name in among]
        place = place_of(self._container, stream)
        found = next((span for span in spans if span.low <= place < span.high), None)
        if found is None:
            raise held_by_none(stream, among)
        return found.name

    def start(self) -> Cursor:
        """Before the first event of every range."""
        self._calls.check()
        return Cursor(self.log_id, {span.name: Mark() for span in spans_of(self._container, self._calls)})

    def end(self) -> Cursor:
        """After the last event of every range."""
        self._calls.check()
        return Cursor(self.log_id, dict(self._ends(EVERYWHERE, None)))

    def check(self, cursor: Cursor) -> None:
        """Verifies log, container, place and witness; what this feed itself has given is known."""
        self._calls.check()
        self._same_log(cursor.log)
        for name, mark in cursor.marks.items():
            with self._lock:
                known = (name, mark) in self._known
            if not known:
                self._verify(read_span(name), mark)
                self._remember({name: mark})

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """The next events, range by range; caught up when every range had nothing more."""
        check_page(limit, categories)
        self.check(after)
        marks = dict(after.marks)
        waiting = deque(sorted(name for name in marks if partitions is None or name in partitions))
        self._turn += 1
        waiting.rotate(-self._turn)  # so that a busy range does not keep the others waiting
        events: list[RecordedEvent] = []
        looked = 0
        while waiting and looked < limit:
            name = waiting.popleft()
            documents, moved, more, parts = self._advance(name, marks.pop(name), limit - looked)
            marks |= moved
            looked += len(documents)
            if more or name not in moved:
                waiting.extendleft(moved)
            events += [
                to_event(document, partition=self._part_of(document, name, parts), position=document["_lsn"])
                for document in _fitting(documents, categories, types)
            ]
        self._remember(marks)
        return Page(events, Cursor(after.log, marks), not waiting)

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """By transactions, wherever ranges overlap."""
        self._calls.check()
        self._same_log(a.log)
        self._same_log(b.log)
        return compare(a, b)

    def lag(self, cursor: Cursor) -> int | None:
        """Not countable: the service tells transactions, not events."""
        self.check(cursor)
        return None

    def at(self, token: Token) -> Cursor:
        """The end, as of now, of the ranges of the streams that were appended to; the others are not in it."""
        self._calls.check()
        self._same_log(token.log)
        marks: dict[str, Mark] = {}
        for stream, session in token.opaque.items():
            span = holding(spans_of(self._container, self._calls), place_of(self._container, stream))
            marks.update(self._ends(span, session or None))
        return Cursor(self.log_id, marks)

    def at_position(self, position: int) -> Cursor:
        """Not without a total order."""
        self._calls.check()
        raise CapabilityMissing(
            f"A log in Cosmos DB has no total order: position {position} of one range says nothing about the others."
        )

    def at_time(self, recorded_us: int) -> Cursor:
        """Not without a total order."""
        self._calls.check()
        raise CapabilityMissing(
            f"A log in Cosmos DB has no total order: the time {recorded_us} is no prefix of it."
        )

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Woken by an append of this process at once, of another one at the next poll: within a second."""
        until = time.monotonic() + timeout
        pause, longest = _POLL_SECONDS
        self.check(cursor)
        while True:
            with self._written:
                if self._has_more(cursor):
                    return True
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._written.wait(min(pause, left))
            pause = min(pause * 2, longest)

    def arrow(
        self,
        after: Cursor,
        to: Cursor,
        columns: Sequence[str],
        *,
        limit: int = 50_000,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> "Iterator[pa.RecordBatch]":
        """The events between two cursors; what lies beyond the second is left out."""
        with needing("Reading by columns", "lake"):
            from eventfold.store.arrow import batches
        self.check(to)
        cursor, until = after, time.monotonic() + BEHIND_SECONDS
        while self.compare(cursor, to) not in {"equal", "after"}:
            page = self.read(cursor, limit, categories=categories, types=types)
            inside = [event for event in page.events if event.position <= self._bound(to, event)]
            yield from self._calls.while_open(batches(inside, columns, limit))
            cursor = page.cursor
            if page.events:
                until = time.monotonic() + BEHIND_SECONDS
            elif page.caught_up:
                # the end of a replica that lags: what it lacks must not be left out in silence
                if time.monotonic() > until:
                    raise StorageBusy(
                        "The replicas of Cosmos DB lag behind the moment that was asked for; ask again."
                    )
                time.sleep(_POLL_SECONDS[0])

    def _bound(self, to: Cursor, event: RecordedEvent) -> int:
        mark = to.marks.get(event.partition)
        if mark is not None and not read_place(mark).seen:
            return mark.position
        return reached(to, place_of(self._container, event.stream))

    def _advance(
        self, name: str, mark: Mark, limit: int
    ) -> tuple[list[dict[str, Any]], dict[str, Mark], bool, Sequence[Span]]:
        """The next documents of a range, its mark after them (or its children's), whether more follow, its parts."""
        span, place = read_span(name), read_place(mark)
        self._governor.wait()
        page = read_changes(self._container, self._calls, span, place.sdk, limit)
        self._governor.spend(page.charge)
        self._check_place(page)
        spans = self._spans(span)
        if len(spans) > 1 and not place.sdk:
            # the SDK cannot resume a continuation in which a child has no place yet: begin with the children instead
            return [], {child.name: Mark() for child in spans}, True, spans
        documents = [
            d for d in page.documents if d["_lsn"] > place.floor and not d["aggregateId"].startswith("$")
        ]
        _check_holes(documents)
        if len(spans) > 1:
            return documents, self._splits.follow(name, mark, place, page, spans), bool(page.documents), spans
        return documents, {name: self._moved(mark, place, page, documents)}, bool(page.documents), spans

    def _part_of(self, document: dict[str, Any], name: str, parts: Sequence[Span]) -> str:
        """The partition of an event: where one was split, the places of its parts are no one order any more."""
        return (
            name
            if len(parts) < 2
            else holding(parts, place_of(self._container, document["aggregateId"])).name
        )

    def _check_place(self, page: Changes) -> None:
        """The SDK follows a container that was made anew under the same name; a cursor does not."""
        if page.documents and not of_container(page.documents[0], self._rid):
            raise _made_anew()

    def _moved(self, mark: Mark, place: Place, page: Changes, documents: list[dict[str, Any]]) -> Mark:
        lsn = max(mark.position, page.answers[-1].lsn)
        event = documents[-1]["eventId"].replace("-", "") if documents else mark.event
        floor = place.floor if page.answers[-1].lsn < place.floor else 0
        return to_mark(lsn, event, Place(self._rid, page.continuation, floor))

    def _spans(self, span: Span) -> list[Span]:
        """The physical partitions of now that a range consists of."""
        found = [other for other in spans_of(self._container, self._calls) if other.overlaps(span)]
        if any(not other.within(span) for other in found):
            raise FeedRebased(
                f"The range {span.name} was merged into a larger one, which counts its places anew. Rebuild what"
                " follows it: `eventfold rebuild`.",
                partition=span.name,
            )
        return found

    def _ends(self, within: Span, session: str | None) -> Iterator[tuple[str, Mark]]:
        """The end of every physical partition inside a range, each read on its own."""
        for span in spans_of(self._container, self._calls):
            if span.overlaps(within):
                page = read_changes(self._container, self._calls, span, "", 1, start="Now", session=session)
                children = [s for s in spans_of(self._container, self._calls) if s.overlaps(span)]
                if len(children) > 1:  # it was split just now
                    yield from self._ends(span, session)
                else:
                    place = Place(self._rid, page.continuation)
                    yield span.name, to_mark(page.answers[-1].lsn, "", place)

    def _verify(self, span: Span, mark: Mark) -> None:
        place = read_place(mark)
        if (place.rid and place.rid != self._rid) or self._witness.rid() != self._rid:
            raise _made_anew()
        self._spans(span)
        if mark == Mark():
            return
        self._witness.reached(span, mark.position, lambda: max(m.position for _, m in self._ends(span, None)))
        if not place.sdk:
            raise ForeignCursor(f"The cursor has no place in the range {span.name}: it is not of this log.")
        self._witness.stands(span, mark.event)

    def _has_more(self, cursor: Cursor) -> bool:
        for name, mark in cursor.marks.items():
            place = read_place(mark)
            page = read_changes(self._container, self._calls, read_span(name), place.sdk, 10)
            if any(d["_lsn"] > place.floor and not d["aggregateId"].startswith("$") for d in page.documents):
                return True
        return False

    def _remember(self, marks: dict[str, Mark]) -> None:
        with self._lock:
            for item in marks.items():
                self._known[item] = None
                self._known.move_to_end(item)
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def _same_log(self, log_id: str) -> None:
        if log_id != self.log_id:
            raise ForeignCursor(
                f"The cursor belongs to the log {log_id}, this is {self.log_id}: open the right log, --store URL, or"
                " rebuild what follows it: `eventfold rebuild`.",
                cursor_log=log_id,
                log=self.log_id,
            )


def _made_anew() -> FeedRebased:
    return FeedRebased(
        "The cursor was written for another container: this one was made anew or restored. Open the log again, and"
        " rebuild what follows it: `eventfold rebuild`."
    )


def _fitting(
    documents: Sequence[dict[str, Any]], categories: Collection[str] | None, types: Collection[str] | None
) -> Sequence[dict[str, Any]]:
    if types is not None:
        documents = [d for d in documents if d["eventType"] in types]
    if categories is not None:
        prefixes = tuple(f"{category}-" for category in categories)
        documents = [d for d in documents if d["aggregateId"].startswith(prefixes)]
    return documents


def _check_holes(documents: Sequence[dict[str, Any]]) -> None:
    """A stream inside one page has no hole; looked for where it costs nothing."""
    last: dict[str, int] = {}
    for document in documents:
        stream, version = document["aggregateId"], document["version"]
        if last.get(stream, version - 1) != version - 1:
            raise FeedBroken(
                f"The change feed gave version {version} of {stream} after version {last[stream]}: a document between"
                " them was changed or removed. Compare with the stream itself before anything is rebuilt.",
                stream=stream,
                version=version,
            )
        last[stream] = version
