"""What whoever is shown rows is told: that streams are parked, that a table is behind the log, and the way out."""

import time
from collections.abc import Mapping
from datetime import datetime

from eventfold.errors import LogMismatch, NotFound, StorageError
from eventfold.events.times import instant
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.port import Head
from eventfold.words import how_many

_END_SECONDS = 5.0
"""How long the end of a log that a service keeps is not asked for again: a request for each of its partitions."""


def parked_warnings(parked: Mapping[str, int]) -> list[str]:
    """A sentence for each table with parked streams.

    Args:
        parked: how many streams are parked, by table.
    """
    return [
        f"{table}: {count:,} {'stream is' if count == 1 else 'streams are'} parked"
        for table, count in parked.items()
        if count
    ]


def not_parked(table: str, stream: str) -> NotFound:
    """What is said of a stream that does not wait."""
    return NotFound(
        f"The stream {stream} is not parked for {table}; `eventfold parked list {table}` lists what is.",
        stream=stream,
    )


def rebuilding(table: str) -> str:
    """How a table is rebuilt, for a sentence."""
    return f"table.rebuild() or `eventfold rebuild {table}`"


def place(cursor: Cursor) -> str:
    """Where a cursor stands: `at position 3`; of a log of several partitions `in 4 partitions`."""
    if len(cursor.marks) > 1:
        return f"in {len(cursor.marks):,} partitions"
    return f"at position {sum(mark.position for mark in cursor.marks.values()):,}"


def as_of(moment: datetime, clock: str) -> str:
    """Which moment a time stands for: `as recorded up to 2026-03-31 00:00:00Z`.

    Args:
        moment: an aware time.
        clock: `recorded` or `occurred`.
    """
    return f"as {clock} up to {instant(moment)}"


class Distance:
    """How far tables are behind a log, of which nothing is read; kept between questions, each costs next to nothing.

    Where a feed counts its events, they are counted. The end of another is asked for once in some seconds at most: no
    table is said to be behind that is not, and one that has fallen behind is named some seconds later.

    Args:
        feed: the log.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._end: Cursor | LogMismatch | StorageError | None = None
        self._asked = 0.0

    def __call__(self, heads: Mapping[str, Head]) -> tuple[dict[str, int | None], list[str]]:
        """By how many events each table is behind, None where that cannot be counted; and the sentences about it.

        Args:
            heads: where the tables stand, by name.
        """
        behind: dict[str, int | None] = {}
        warnings = []
        for table, head in heads.items():
            try:
                count = self._count(head.cursor)
            except (LogMismatch, StorageError) as error:  # the rows are answered all the same
                warnings.append(f"{table}: it cannot be told whether it is behind the log: {error.message}")
                continue
            if count == 0:
                continue
            behind[table] = count
            much = "" if count is None else f"{how_many(count, 'event')} "
            warnings.append(
                f"{table} is {much}behind the log: `eventfold run --once` (live.catch_up()) brings it there"
            )
        return behind, warnings

    def _count(self, cursor: Cursor) -> int | None:
        if self._feed.capabilities.countable:
            return self._feed.lag(cursor)
        if self._end is None or time.monotonic() - self._asked > _END_SECONDS:
            try:
                self._end = self._feed.end()
            except (LogMismatch, StorageError) as error:
                self._end = error
            self._asked = time.monotonic()
        if not isinstance(self._end, Cursor):
            raise self._end
        return 0 if self._feed.compare(cursor, self._end) in {"equal", "after"} else None
