"""The feed: events of any partition in any mixture, each partition in its order, parents before their children."""

import random
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from eventfold.errors import (
    CapabilityMissing,
    CheckpointBeyondHead,
    CursorInvalid,
    ForeignCursor,
)
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark, Order, Token
from eventfold.feed.port import Feed, FeedCapabilities, Page, Partition, check_page, held_by_none
from eventfold.store.names import category_of, check_categories, stored_category
from eventfold.testing.partitioned.nodes import SPACE, Node, place_of

if TYPE_CHECKING:
    import pyarrow as pa

_ALL = 1_000_000


class PartitionedFeed:
    """Divides the feed of a store among partitions; see `Feed` for what each method promises.

    Args:
        feed: the feed that is divided; it has one partition and a total order.
        partitions: how many.
        seed: of the mixture in which partitions are read.
    """

    def __init__(self, feed: Feed, partitions: int = 4, *, seed: int = 0) -> None:
        self.log_id = feed.log_id
        self.capabilities = FeedCapabilities(total_order=False, filters_in_store=False, countable=True)
        self._feed = feed
        self._cursor = feed.start()
        self._dice = random.Random(seed)  # noqa: S311 - a mixture to be repeated, no secret
        self._lock = threading.RLock()
        borders = [SPACE * n // partitions for n in range(partitions + 1)]
        self._roots = [Node(str(n), borders[n], borders[n + 1]) for n in range(partitions)]

    def split(self, partition: str) -> None:
        """Ends a partition after the events of now; its streams go on in two new ones."""
        with self._lock:
            self._sync()
            next(node for node in self._leaves() if node.name == partition).split()

    def partitions(self) -> Sequence[Partition]:
        """The partitions of now, with what they came from."""
        self._feed.partitions()
        with self._lock:
            return [Partition(n.name, (n.parent.name,) if n.parent else ()) for n in self._leaves()]

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """By its place."""
        self._feed.partitions()
        category_of(stream)
        with self._lock:
            known = {node.name: node for node in self._nodes()}
            if unknown := set(among) - known.keys():
                raise CursorInvalid(f"The feed never had a partition {min(unknown)!r}.")
            place = place_of(stream)
            found = next((name for name in among if known[name].low <= place < known[name].high), None)
        if found is None:
            raise held_by_none(stream, among)
        return found

    def start(self) -> Cursor:
        """Before the first event of every first partition."""
        self._feed.partitions()
        return Cursor(self.log_id, {root.name: Mark() for root in self._roots})

    def end(self) -> Cursor:
        """After the last event of every partition of now."""
        with self._lock:
            self._sync()
            return Cursor(self.log_id, {leaf.name: leaf.mark(leaf.last) for leaf in self._leaves()})

    def check(self, cursor: Cursor) -> None:
        """Verifies log id and every witness."""
        self._same_log(cursor.log)
        with self._lock:
            self._sync()
            known = {node.name: node for node in self._nodes()}
            for name, mark in cursor.marks.items():
                node = known.get(name)
                if node is None:
                    raise ForeignCursor(f"The feed never had a partition {name!r}.")
                if mark.position > node.last:
                    raise CheckpointBeyondHead(
                        f"The partition {name} ends at {node.last}, the cursor stands at {mark.position}."
                    )
                if mark.position < node.base or node.witness(mark.position) != mark.event:
                    raise ForeignCursor(f"Another event stands at position {mark.position} of {name}.")

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        partitions: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """A mixture of what comes next in some partitions."""
        check_page(limit, categories)
        with self._lock:
            self.check(after)
            events: list[RecordedEvent] = []
            cursor = after
            while len(events) < limit:
                cursor = self._descended(cursor)
                open_now = [
                    node for node in self._readable(cursor) if partitions is None or node.name in partitions
                ]
                if not open_now:
                    break
                node = self._dice.choice(open_now)
                some = node.after(cursor)[: self._dice.randint(1, limit - len(events))]
                events.extend(some)
                cursor = cursor.with_marks({node.name: node.mark(some[-1].position)})
            cursor = self._descended(cursor)
            caught_up = not self._readable(cursor)
        return Page([e for e in events if _fits(e, categories, types)], cursor, caught_up)

    def compare(self, a: Cursor, b: Cursor) -> Order:
        """By what has been read of each partition of now."""
        self._same_log(a.log)
        self._same_log(b.log)
        with self._lock:
            self._sync()
            signs = {
                (node.reached(a) > node.reached(b)) - (node.reached(a) < node.reached(b))
                for node in self._leaves()
            } - {0}
        if len(signs) == 2:
            return "mixed"
        return "equal" if not signs else "before" if signs == {-1} else "after"

    def lag(self, cursor: Cursor) -> int | None:
        """The events after the cursor."""
        with self._lock:
            self.check(cursor)
            return sum(len(node.after(cursor)) for node in self._nodes())

    def at(self, token: Token) -> Cursor:
        """The place of an append of the divided log."""
        self._same_log(token.log)
        with self._lock:
            self._sync()
            position = max(token.positions.values(), default=0)
            marks: dict[str, Mark] = {}
            for root in self._roots:
                self._mark_until(root, position, marks)
            return Cursor(self.log_id, marks)

    def at_position(self, position: int) -> Cursor:
        """Not without a total order."""
        self._feed.partitions()
        raise CapabilityMissing(
            f"This feed has several partitions: position {position} of one says nothing about the others."
        )

    def at_time(self, recorded_us: int) -> Cursor:
        """Not without a total order."""
        self._feed.partitions()
        raise CapabilityMissing(
            f"This feed has several partitions: the time {recorded_us} is no prefix of it."
        )

    def wait(self, cursor: Cursor, timeout: float) -> bool:
        """Waits for the divided log."""
        inner = self._feed.end()
        return self.compare(cursor, self.end()) == "before" or self._feed.wait(inner, timeout)

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
        """The events between two cursors, partition by partition."""
        from eventfold.store.arrow import batches

        check_categories(categories)
        with self._lock:
            self.check(after)
            self.check(to)
            events = [
                e
                for node in self._nodes()
                for e in node.after(after)
                if e.position <= node.reached(to) and _fits(e, categories, types)
            ]
        for batch in batches(events, columns, limit):
            self._feed.partitions()  # of a log that was closed meanwhile nothing more is given
            yield batch

    def _sync(self) -> None:
        """Takes over what was appended since."""
        while True:
            page = self._feed.read(self._cursor, _ALL)
            for event in page.events:
                place = place_of(event.stream)
                root = next(r for r in self._roots if r.low <= place < r.high)
                root.leaf(place).add(event)
            self._cursor = page.cursor
            if page.caught_up:
                return

    def _nodes(self) -> Iterator[Node]:
        return (node for root in self._roots for node in root.all())

    def _leaves(self) -> Iterator[Node]:
        return (leaf for root in self._roots for leaf in root.leaves())

    def _readable(self, cursor: Cursor) -> list[Node]:
        return [node for node in self._nodes() if node.name in cursor.marks and node.after(cursor)]

    def _descended(self, cursor: Cursor) -> Cursor:
        """Where a partition that was split has been read to its end, its children take its place."""
        marks = dict(cursor.marks)
        for node in self._nodes():
            if node.children and node.name in marks and marks[node.name].position == node.last:
                del marks[node.name]
                marks.update({child.name: child.mark(child.base) for child in node.children})
        return Cursor(cursor.log, marks)

    def _mark_until(self, node: Node, position: int, marks: dict[str, Mark]) -> None:
        count = sum(1 for inner in node.inner if inner <= position)
        if node.children and count == len(node.events):
            for child in node.children:
                self._mark_until(child, position, marks)
        else:
            marks[node.name] = node.mark(node.base + count)

    def _same_log(self, log_id: str) -> None:
        if log_id != self.log_id:
            raise ForeignCursor(f"The cursor belongs to the log {log_id}, this is {self.log_id}.")


def _fits(event: RecordedEvent, categories: Collection[str] | None, types: Collection[str] | None) -> bool:
    if types is not None and event.type not in types:
        return False
    return categories is None or stored_category(event.stream) in categories
