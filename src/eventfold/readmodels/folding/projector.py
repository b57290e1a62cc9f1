"""The projector of one table: reads a page, folds it, commits rows and cursor together. Also retries and skips.

Its promise, at every instant and after any crash: state = fold(log up to the cursor, minus parked and skipped events).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from eventfold.errors import RangeInvalid, TableInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.feed.port import Feed, Page
from eventfold.readmodels.counting.tally import identity, tally
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.batch import Batch, stopped
from eventfold.readmodels.folding.reference import Reference, Taken
from eventfold.readmodels.port import Changes, Head, TableState
from eventfold.readmodels.telling import not_parked, rebuilding
from eventfold.store.port import Store

PAGE = 2000


class Read(Protocol):
    """Reads a page of a feed: `Feed.read`, or a read that several followers share."""

    def __call__(
        self,
        after: Cursor,
        limit: int,
        *,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """As `Feed.read`."""


class Projector:
    """Keeps one generation of a table up to date.

    Args:
        state: where the rows are.
        feed: what is followed.
        registry: event types and upcasters.
        read: reads pages; default: the feed itself.
    """

    def __init__(
        self, state: TableState, feed: Feed, registry: Registry, *, read: Read | None = None
    ) -> None:
        self.state = state
        self._read: Read = read or feed.read
        self.layout: Layout = state.layout
        self._feed = feed
        self._registry = registry
        self._reference = Reference(state.layout, registry)
        self._cursor: Cursor | None = None
        self._change = 0
        self._parked: dict[str, ParkedStream] = {}
        self._skips: frozenset[tuple[str, int]] = frozenset()
        self.epoch = 0

    @property
    def cursor(self) -> Cursor | None:
        """How far the state is known to stand; None where it must be read first."""
        return self._cursor

    def begin(self) -> Head:
        """Reads where the state stands; checks the cursor's witness and the definition.

        Raises:
            TableInvalid: the rows were folded under another definition.
            LogMismatch: the cursor and the log do not belong together.
        """
        head = self.state.head()
        check_definition(self.layout, head)
        self._feed.check(head.cursor)
        self._cursor, self._change = head.cursor, head.change
        self._parked = self.state.parked()
        self._skips = frozenset((s.stream, s.version) for s in self.state.skips())
        return head

    def step(self, limit: int = PAGE) -> Page:
        """Folds the next page and commits it; an empty page still moves the cursor.

        A table that stops at an event that fails first commits what comes before it, in smaller pages.

        Raises:
            TableStopped: the next event fails, and the table is to stop at it.
            StaleCursor, OwnerFenced: another worker was quicker; `begin` again.
        """
        if self._cursor is None:
            self.begin()
        assert self._cursor is not None
        spec = self.layout.spec
        categories = [spec.category] if spec.category else None
        page = self._read(self._cursor, limit, categories=categories, types=spec.types)
        if page.cursor != self._cursor:
            batch = self._fold(page.events)
            if batch.failed is not None and spec.on_error == "stop":
                if limit == 1:
                    raise stopped(spec.name, batch.failed)
                return self.step(limit // 2)
            try:
                self._change = self.state.commit(
                    batch.changes(passed=tally(page.events, identity)),
                    read=self._cursor,
                    then=page.cursor,
                    epoch=self.epoch,
                    change=self._change,
                )
            except BaseException:
                self._cursor = None  # what is stored now is not known: read it again before the next step
                raise
            self._parked, self._cursor = batch.parked, page.cursor
        return page

    def retry(self, store: Store, stream: str) -> bool:
        """Folds the parked events of a stream in order, in one commit; False where it is parked again.

        Raises:
            NotFound: the stream is not parked.
            StaleCursor: the table moved meanwhile; call again.
        """
        return self._refold(store, stream, ())

    def skip(self, store: Store, stream: str, skip: Skip) -> bool:
        """Leaves the failed event out for a recorded reason, then folds the rest of the stream.

        Raises:
            NotFound: the stream is not parked.
            RangeInvalid: the reason is empty, or the version is not the one that failed.
        """
        return self._refold(store, stream, (skip,))

    def note(self, stream: str, skip: Skip) -> None:
        """Records the decision to skip the failed event and folds nothing; the next rebuild leaves it out.

        Raises:
            NotFound, RangeInvalid: as `skip`.
        """
        head = self.begin()
        self._check_skip(self._waiting(stream), skip)
        self.state.commit(
            Changes(skips=(skip,)), read=head.cursor, then=head.cursor, epoch=self.epoch, change=head.change
        )
        self._cursor = None

    def _waiting(self, stream: str) -> ParkedStream:
        waiting = self._parked.get(stream)
        if waiting is None:
            raise not_parked(self.layout.spec.name, stream)
        return waiting

    def _check_skip(self, waiting: ParkedStream, skip: Skip) -> None:
        if not skip.reason.strip() or skip.version != waiting.version:
            raise RangeInvalid(
                f"Skip version {waiting.version} of {waiting.stream}, the one that failed, and say why: `eventfold"
                f" parked skip {self.layout.spec.name} {waiting.stream} --reason WHY`.",
                stream=waiting.stream,
            )

    def _refold(self, store: Store, stream: str, skips: tuple[Skip, ...]) -> bool:
        head = self.begin()
        waiting = self._waiting(stream)
        for skip in skips:
            self._check_skip(waiting, skip)
        if not self.layout.spec.takes_late_events:
            raise TableInvalid(
                f"{self.layout.spec.name}: a fold that needs its events in order cannot take some of them late; rebuild"
                f" it instead: {rebuilding(self.layout.spec.name)}."
            )
        left_out = self._skips.union((s.stream, s.version) for s in skips)
        others = {name: parked for name, parked in self._parked.items() if name != stream}
        batch = Batch(self._reference, others, left_out)
        self._fold_into(batch, self._waiting_events(store, waiting))
        if stream not in batch.parked:
            batch.parked_now[stream] = None
        changes = batch.changes(skips)
        self.state.commit(changes, read=head.cursor, then=head.cursor, epoch=self.epoch, change=head.change)
        self._cursor = None
        return stream not in batch.parked

    def _waiting_events(self, store: Store, waiting: ParkedStream) -> Iterator[RecordedEvent]:
        events = store.read(waiting.stream, after=waiting.version - 1, to=waiting.last_version)
        spec = self.layout.spec
        return (e for e in events if spec.types is None or e.type in spec.types)

    def _fold(self, events: Sequence[RecordedEvent]) -> Batch:
        batch = Batch(self._reference, self._parked, self._skips)
        self._fold_into(batch, events)
        return batch

    def _fold_into(self, batch: Batch, events: Sequence[RecordedEvent] | Iterator[RecordedEvent]) -> None:
        taken: list[Taken] = [t for event in events if (t := batch.take(event)) is not None]
        batch.rows.update(self.state.rows({t.key for t in taken}))
        before = dict(batch.rows)
        for one in taken:
            batch.absorb(one)
        for key, row in before.items():
            if batch.rows[key] is row:  # nothing changed it: it need not be written
                del batch.rows[key]
        for key in [k for k, row in batch.rows.items() if row is None and k not in before]:
            del batch.rows[key]  # it came and went within these events


def check_definition(layout: Layout, head: Head) -> None:
    """Refuses rows that were folded under another definition.

    Raises:
        TableInvalid: naming the table.
    """
    if head.fingerprint != layout.fingerprint:
        raise TableInvalid(
            f"The table {layout.spec.name} was folded under another definition: rebuild it, with"
            f" {rebuilding(layout.spec.name)}; its rows stay as they are until then.",
            table=layout.spec.name,
        )
