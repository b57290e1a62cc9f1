"""How long the first event after a cursor has been there."""

import time

from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed


def age(feed: Feed, cursor: Cursor) -> float:
    """Seconds since the first event after a cursor was recorded; 0 where there is none.

    A request for one event of each partition that is behind; of partitions that have split, for one.

    Raises:
        ForeignCursor, CheckpointBeyondHead, CursorExpired: as `Feed.read`.
    """
    end = feed.end()
    if feed.compare(cursor, end) in {"equal", "after"}:
        return 0.0
    behind = [name for name, mark in end.marks.items() if mark != cursor.marks.get(name)]
    if len(behind) > 1 and cursor.marks.keys() >= end.marks.keys():
        pages = [feed.read(cursor, 1, partitions=[name]) for name in behind]
    else:
        pages = [feed.read(cursor, 1)]
    first = min((event.recorded_us for page in pages for event in page.events), default=None)
    return 0.0 if first is None else max(0.0, time.time() - first / 1e6)
