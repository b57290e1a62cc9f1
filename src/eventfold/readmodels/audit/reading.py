"""Reads a log that may be damaged: each event between two cursors, also where one is missing or a witness is gone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pyarrow as pa

from eventfold.errors import FeedBroken, LogMismatch, StorageFailed
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import ARROW_COLUMNS, Feed, Page
from eventfold.readmodels.folding.history import recorded
from eventfold.store.arrow import batches

PAGE = 2_000
Events = Sequence[RecordedEvent]


class Look(Protocol):
    """Looks at the events between two cursors, in one reading with others."""

    since: Cursor
    until: Cursor

    def take(self, events: Events) -> None:
        """The next events, in the order of the feed."""


def reach(cursor: Cursor) -> int:
    """The position of a cursor of a log with a total order."""
    return max((mark.position for mark in cursor.marks.values()), default=0)


def read_all(
    feed: Feed,
    looks: Sequence[Look],
    failed: Callable[[Look, LogMismatch | StorageFailed], object],
    done: Callable[[int], object],
) -> None:
    """Gives each look its events.

    With a total order the log is read once, and cursors count by their positions, whatever became of their witnesses.
    Else each look is one reading between its cursors; one whose cursor no longer fits is told as failed.
    """
    if feed.capabilities.total_order:
        last = max((reach(look.until) for look in looks), default=0)
        for events in pages(feed, last):
            for look in looks:
                low, high = reach(look.since), reach(look.until)
                inside = low < events[0].position and events[-1].position <= high
                look.take(events if inside else [e for e in events if low < e.position <= high])
            done(len(events))
        return
    for look in looks:
        try:
            for batch in feed.arrow(look.since, look.until, ARROW_COLUMNS):
                look.take(list(recorded(batch)))
                done(batch.num_rows)
        except (LogMismatch, StorageFailed) as error:
            failed(look, error)


def pages(feed: Feed, last: int) -> Iterator[Events]:
    """The events up to a position, page by page from the first one; none is empty."""
    cursor, caught_up = feed.start(), False
    while not caught_up and reach(cursor) < last:
        page = _page(feed, cursor)
        cursor, caught_up = page.cursor, page.caught_up
        events = [e for e in page.events if e.position <= last]
        if events:
            yield events


def arrow(feed: Feed, to: Cursor, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """As `Feed.arrow` from the start, of a log with a total order that does not read back as it was written."""
    for events in pages(feed, reach(to)):
        yield from batches(events, columns, PAGE)


def _page(feed: Feed, cursor: Cursor) -> Page:
    """The next page; one that would end where an event is missing is made longer."""
    limit = PAGE
    while True:
        try:
            return feed.read(cursor, limit)
        except FeedBroken:
            if limit > 1000 * PAGE:
                raise
            limit += 1 if limit < 2 * PAGE else limit
