"""Rows: a page of a feed as a store keeps it, for who copies events on and needs no object of each."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor

Row = tuple[int, int, int, int, int, bytes, int, int | None, str, str]
"""Of an event: position, number of its stream, version, number of its type, schema version, id as 16 bytes, recorded
and occurred time as microseconds since 1970 (None where the producer said none), data, metadata."""


class RowPage(msgspec.Struct, frozen=True):
    """What one read gives, as `Page` does.

    Attributes:
        rows: in order, each at a position of its own.
        streams: number -> name, of at least those in the rows.
        types: number -> stored name, of at least those in the rows.
        partition: the one that all of them are of.
        cursor: where to go on.
        caught_up: nothing more was there when the page was read.
    """

    rows: Sequence[Row]
    streams: Mapping[int, str]
    types: Mapping[int, str]
    partition: str
    cursor: Cursor
    caught_up: bool

    def event(self, row: Row) -> RecordedEvent:
        """The event that a row of the page is."""
        (
            position,
            stream,
            version,
            kind,
            schema_version,
            event_id,
            recorded_us,
            occurred_us,
            data,
            metadata,
        ) = row
        return RecordedEvent(
            position,
            self.streams[stream],
            version,
            self.types[kind],
            schema_version,
            event_id,
            recorded_us,
            occurred_us,
            data,
            metadata,
            self.partition,
        )


@runtime_checkable
class RowFeed(Protocol):
    """A feed of one partition that also gives its pages as rows."""

    def rows(self, after: Cursor, limit: int) -> RowPage:
        """The next events after the cursor; checks the cursor first, as `Feed.read` does, and fails as that.

        Args:
            after: where the reader stands.
            limit: how many events, at least 1.
        """
