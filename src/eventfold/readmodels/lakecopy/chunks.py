"""What the next commit of a copy brings: events of the log up to a border, by columns and bounded."""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from eventfold.feed.cursor import Cursor
from eventfold.feed.port import IRREGULAR, Feed
from eventfold.readmodels.lakecopy.columns import FEED
from eventfold.store.arrow import batches

EVENTS = 100_000
"""Events of one commit, at most."""
BYTES = 64 * 1024 * 1024
"""Bytes of data and metadata of one commit, at most; one event may be larger."""
_COLUMNS = (*FEED, IRREGULAR)
_BATCH = 1_000
"""SQLite joins a batch of the largest events into one text of just below a gigabyte."""


class Chunk(NamedTuple):
    """Some events.

    Attributes:
        events: with the columns `FEED` and `irregular`, in the order of the feed.
        cursor: where they end.
        caught_up: nothing more was there.
    """

    events: pa.Table
    cursor: Cursor
    caught_up: bool


def next_chunk(
    feed: Feed,
    after: Cursor,
    *,
    events: int = EVENTS,
    size: int = BYTES,
    hurry: Callable[[], bool] = bool,
) -> Chunk:
    """The events after a cursor, as many as one commit takes.

    Args:
        feed: of the log.
        after: where the copy ends.
        events: at most.
        size: bytes of data and metadata, at most; at least one event is taken.
        hurry: whether what was read so far is to be enough, where reading on may take long.

    Raises:
        LogMismatch: the cursor and the log do not belong together.
    """
    feed.check(after)
    if feed.capabilities.total_order:
        return _by_position(feed, after, events, size)
    return _by_pages(feed, after, events, size, hurry)


def _by_position(feed: Feed, after: Cursor, most: int, size: int) -> Chunk:
    """Where every position has a cursor, the columns are cut where they are full."""
    end = feed.end()
    begins, ends = _position(after), _position(end)
    last = min(begins + most, ends)
    to = end if last == ends else feed.at_position(last)
    found: list[pa.RecordBatch] = []
    left = size
    for batch in feed.arrow(after, to, _COLUMNS, limit=_BATCH) if last > begins else ():
        fitting, taken = _fitting(batch, left, at_least=not found)
        if fitting:
            found.append(batch.slice(0, fitting))
        if fitting < batch.num_rows:
            last = found[-1].column("position")[-1].as_py()
            to = feed.at_position(last)
            break
        left -= taken
    return Chunk(gathered(found), to if last > begins else after, last == ends)


def _by_pages(feed: Feed, after: Cursor, most: int, size: int, hurry: Callable[[], bool]) -> Chunk:
    """Where only a page has a cursor, whole pages are taken: smaller ones, where the events are large."""
    found: list[pa.RecordBatch] = []
    cursor, rows, left, limit = after, 0, size, min(most, _BATCH)
    while rows < most and not (found and hurry()):
        page = feed.read(cursor, min(limit, most - rows))
        batch = pa.Table.from_batches(batches(page.events, _COLUMNS, max(1, len(page.events))), _SCHEMA)
        taken = sum(batch.column(name).nbytes for name in ("data", "metadata"))
        if taken > left and (found or limit > 1):
            if found and (taken <= size or limit == 1):
                return Chunk(gathered(found), cursor, caught_up=False)
            limit = max(1, limit // 2)
            continue
        found += batch.to_batches()
        rows, left, cursor = rows + batch.num_rows, left - taken, page.cursor
        if page.caught_up:
            return Chunk(gathered(found), cursor, caught_up=True)
    return Chunk(gathered(found), cursor, caught_up=False)


def _fitting(batch: pa.RecordBatch, left: int, *, at_least: bool) -> tuple[int, int]:
    """How many rows of a batch fit, and their bytes."""
    sizes = pc.add(pc.binary_length(batch.column("data")), pc.binary_length(batch.column("metadata")))
    total = pc.sum(sizes).as_py() or 0
    if total <= left:
        return batch.num_rows, total
    fitting = pc.sum(pc.less_equal(pc.cumulative_sum(sizes.cast(pa.int64())), left)).as_py()
    return max(fitting, 1 if at_least else 0), total


def _position(cursor: Cursor) -> int:
    return max((mark.position for mark in cursor.marks.values()), default=0)


_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("partition", pa.string()),
        ("stream", pa.string()),
        ("version", pa.int64()),
        ("type", pa.string()),
        ("schema_version", pa.int64()),
        ("id", pa.binary(16)),
        ("recorded_us", pa.int64()),
        ("occurred_or_none_us", pa.int64()),
        ("data", pa.string()),
        ("metadata", pa.string()),
        (IRREGULAR, pa.bool_()),
    ]
)


def gathered(found: list[pa.RecordBatch]) -> pa.Table:
    """Batches of a feed as one table, with those of the columns that they have; of none, with all."""
    schema = pa.schema([_SCHEMA.field(name) for name in found[0].schema.names]) if found else _SCHEMA
    return pa.Table.from_batches([batch.cast(schema) for batch in found], schema)
