"""The batches of a relay: what is read of the log, less what the topic has of it, as messages in order."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from msgspec import structs

from eventfold.bus.marks import Marks, Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message
from eventfold.bus.messages.rows import row_messages
from eventfold.errors import CursorInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed, Page
from eventfold.feed.rows import RowFeed, RowPage

PAGE = 10_000
"""Events of one batch, at most: a transaction costs as much as some hundred messages."""
_FIRST = 2_000
"""Events of the first batch; each has at most twice as many as the one before."""
_BYTES = 16 * 1024 * 1024
"""Of the data of one batch, about: the next one has fewer events where they are large."""
_data = itemgetter(8)


class Batch(NamedTuple):
    """What is sent next.

    Attributes:
        cursor: of the log, behind it.
        caught_up: nothing more was there.
        fresh: how many of its events are not in the topic.
        known: how many are.
        messages: those of the fresh ones; to be taken to the end before the next batch is read.
    """

    cursor: Cursor
    caught_up: bool
    fresh: int
    known: int
    messages: Iterator[Message]


class Batches:
    """Reads batches of a log for a topic.

    Args:
        feed: of the log.
        encoder: of the messages.
        sent: of each partition of the topic, what is there; counted on batch by batch.
        page: events of one batch, at most.
    """

    def __init__(self, feed: Feed, encoder: MessageEncoder, sent: Sequence[Marks], page: int) -> None:
        self._feed = feed
        self._encoder = encoder
        self._sent = sent
        self._page = page
        self._limit = min(page, _FIRST)

    def read(self, cursor: Cursor) -> Batch:
        """The batch behind a place of the log."""
        if isinstance(self._feed, RowFeed) and self._is_new(cursor):
            return self._of_rows(self._feed.rows(cursor, self._limit))
        return self._of_events(self._feed.read(cursor, self._limit))

    def _is_new(self, cursor: Cursor) -> bool:
        """Whether the topic has nothing that stands behind a place of the log, nor partitions that are no more."""
        return all(
            name in cursor.marks and place.position <= cursor.marks[name].position
            for marks in self._sent
            for name, place in marks.last.items()
        )

    def _of_rows(self, page: RowPage) -> Batch:
        self._resize(len(page.rows), sum(map(len, map(_data, page.rows))))
        messages = row_messages(self._encoder, page, self._sent)
        return Batch(page.cursor, page.caught_up, len(page.rows), 0, messages)

    def _of_events(self, page: Page) -> Batch:
        events = page.events
        self._resize(len(events), sum(len(event.data) for event in events))
        partition_of, sent = self._encoder.partition, self._sent
        fresh: list[tuple[RecordedEvent, Place]] = []
        parts = {name: self._parts(name) for name in {event.partition for event in events}}
        is_split = any(parts.values())
        new, stream, take = tuple.__new__, "", sent[0].take
        for event in events:
            if event.stream != stream:
                stream = event.stream
                take = sent[partition_of(stream)].take
            name = event.partition
            if is_split and parts[name]:
                name = self._part_of(event, parts[name])
                event = structs.replace(event, partition=name)  # noqa: PLW2901 - the event as it is sent
            before = take(name, new(Place, (event.position, event.version)))
            if before is not None:
                fresh.append((event, before))
        encode = self._encoder.event
        messages = (encode(event, before) for event, before in fresh)
        return Batch(page.cursor, page.caught_up, len(fresh), len(events) - len(fresh), messages)

    def _resize(self, events: int, size: int) -> None:
        if events:
            self._limit = max(1, min(self._page, 2 * self._limit, _BYTES * events // (size + 1)))

    def _parts(self, partition: str) -> Sequence[str]:
        """Those that a partition was split into, as a predecessor had seen it."""
        return sorted({name for marks in self._sent for name in marks.parts(partition)})

    def _part_of(self, event: RecordedEvent, parts: Sequence[str]) -> str:
        try:
            return self._feed.partition_of(event.stream, parts)
        except CursorInvalid:
            return event.partition
