"""The partitions: ranges of a hash of the stream's name, which may split; a stream lives in one at a time."""

import zlib
from collections.abc import Iterator

from msgspec import structs

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark

SPACE = 2**32


def place_of(stream: str) -> int:
    """Where a stream stands in the space that the partitions divide."""
    return zlib.crc32(stream.encode())


class Node:
    """A partition, and after a split its two children.

    Args:
        name: of the partition.
        low: first place of its range.
        high: first place beyond it.
        parent: what it came from.
    """

    def __init__(self, name: str, low: int, high: int, parent: "Node | None" = None) -> None:
        self.name = name
        self.low, self.high = low, high
        self.parent = parent
        self.base = parent.last if parent else 0
        """Positions go on from the parent's."""
        self.events: list[RecordedEvent] = []
        self.inner: list[int] = []
        """The place of each event in the log that is divided."""
        self.children: list[Node] = []

    @property
    def last(self) -> int:
        """The position of its last event."""
        return self.base + len(self.events)

    def leaf(self, place: int) -> "Node":
        """The partition that a place belongs to now."""
        if not self.children:
            return self
        return next(child for child in self.children if child.low <= place < child.high).leaf(place)

    def leaves(self) -> "Iterator[Node]":
        """The partitions of now."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def all(self) -> "Iterator[Node]":
        """It and all that came of it, parents first."""
        yield self
        for child in self.children:
            yield from child.all()

    def add(self, event: RecordedEvent) -> None:
        """Appends an event of the log."""
        self.events.append(structs.replace(event, position=self.last + 1, partition=self.name))
        self.inner.append(event.position)

    def split(self) -> None:
        """Ends this partition; its streams go on in two others."""
        middle = (self.low + self.high) // 2
        self.children = [
            Node(f"{self.name}.{n}", low, high, self)
            for n, (low, high) in enumerate(((self.low, middle), (middle, self.high)))
        ]

    def mark(self, position: int) -> Mark:
        """The mark of a place here; at the beginning the witness is the parent's last event."""
        return Mark(position, self.witness(position))

    def witness(self, position: int) -> str:
        """The id of the event at a position; empty before the first."""
        if position > self.base:
            return self.events[position - self.base - 1].id.hex
        return self.parent.witness(position) if self.parent else ""

    def reached(self, cursor: Cursor) -> int:
        """The position up to which this partition, or what it came from, has been read."""
        node: Node | None = self
        while node is not None:
            if node.name in cursor.marks:
                return cursor.marks[node.name].position
            node = node.parent
        # its children have marks: it is read to its end; or it is not in the cursor at all
        return self.last if any(n.name in cursor.marks for n in self.all()) else 0

    def after(self, cursor: Cursor) -> list[RecordedEvent]:
        """Its own events after a cursor."""
        return self.events[max(0, self.reached(cursor) - self.base) :]
