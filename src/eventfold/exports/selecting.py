"""Which events are exported: batches of columns from the feed, or of some streams, with the rest masked away."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from eventfold.errors import ConfigInvalid
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import ARROW_COLUMNS
from eventfold.store.arrow import batches
from eventfold.store.names import check_categories, no_events
from eventfold.store.port import Store

BATCH = 1_000
"""Events of one batch; SQLite joins a batch of the largest ones into one text of just below a gigabyte."""

COLUMNS = tuple(name for name in ARROW_COLUMNS if name != "occurred_us")


class Selection(NamedTuple):
    """What is exported.

    Attributes:
        streams: only these, one after the other; with `after`, in the order of the feed. Empty = all.
        categories: only streams of these categories; empty = all.
        after: only what stands after this cursor.
        until_us: only what was recorded at or before this time, microseconds since 1970.
    """

    streams: Sequence[str] = ()
    categories: Sequence[str] = ()
    after: Cursor | None = None
    until_us: int | None = None


class Selected(NamedTuple):
    """The events that are exported.

    Attributes:
        batches: their columns, `COLUMNS`; in order inside each stream.
        cursor: where the next export goes on; None where no cursor says it.
        looked_at: how many events are looked at, where that can be counted.
    """

    batches: Iterator[pa.RecordBatch]
    cursor: Cursor | None
    looked_at: int | None


def select(store: Store, selection: Selection) -> Selected:
    """The events of now; what is appended meanwhile belongs to the next export.

    Raises:
        StreamNotFound: a stream without events is named.
        InvalidStream: a category that no stream can have.
        LogMismatch: `after` is a cursor of another log.
    """
    if selection.streams and selection.categories:
        raise ConfigInvalid("Name streams or categories, --stream or --category, not both.", key="streams")
    if selection.streams and selection.after is None:
        heads = {stream: store.head(stream) for stream in selection.streams}
        for stream, version in heads.items():
            if not version:
                raise no_events(stream)
        return Selected(_masked(_of_streams(store, heads), selection), None, sum(heads.values()))
    check_categories(selection.categories)
    feed = store.feed()
    after, to = selection.after or feed.start(), feed.end()
    feed.check(after)
    cursor: Cursor | None = to
    if selection.until_us is not None:
        if feed.capabilities.total_order:
            cursor = to = feed.at_time(selection.until_us)
        else:
            cursor = None  # the events of a time are no prefix of such a feed
    if feed.compare(after, to) in {"equal", "after"}:
        return Selected(iter(()), after if cursor is not None else None, 0)
    rest = feed.lag(after)
    beyond = feed.lag(to)
    total = None if rest is None or beyond is None else rest - beyond
    return Selected(_masked(feed.arrow(after, to, COLUMNS, limit=BATCH), selection), cursor, total)


def _of_streams(store: Store, heads: dict[str, int]) -> Iterator[pa.RecordBatch]:
    for stream, version in heads.items():
        events = store.read(stream, to=version)
        while some := list(islice(events, BATCH)):
            yield from batches(some, COLUMNS, BATCH)


def _masked(found: Iterator[pa.RecordBatch], selection: Selection) -> Iterator[pa.RecordBatch]:
    """The batches without the rows that were not asked for."""
    streams, categories, until_us = selection.streams, selection.categories, selection.until_us
    for batch in found:
        masks = []
        if streams:
            masks.append(pc.is_in(batch.column("stream"), pa.array(streams, pa.string())))
        if categories:
            before = pc.list_element(pc.split_pattern(batch.column("stream"), "-", max_splits=1), 0)
            masks.append(pc.is_in(before, pa.array(categories, pa.string())))
        if until_us is not None:
            masks.append(pc.less_equal(batch.column("recorded_us"), until_us))
        for mask in masks[1:]:
            masks[0] = pc.and_(masks[0], mask)
        yield batch.filter(masks[0]) if masks else batch
