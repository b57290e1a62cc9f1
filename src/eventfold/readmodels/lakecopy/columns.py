"""The columns of the lake copy, and what its digests are made of. A name means what it means in the view `events`."""

import hashlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

_TIME = pa.timestamp("us", "UTC")
DAY = "recorded_day"
"""The column by which the files of the copy are divided."""
SCHEMA = pa.schema(
    [
        pa.field("partition", pa.string(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("schema_version", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("recorded_at", _TIME, nullable=False),
        pa.field("occurred_at", _TIME, nullable=False),
        pa.field("actor", pa.string()),
        pa.field("correlation_id", pa.string()),
        pa.field("causation_id", pa.string()),
        pa.field("data", pa.string(), nullable=False),
        pa.field("metadata", pa.string(), nullable=False),
        pa.field("_occurred_given", pa.bool_(), nullable=False),
        pa.field("_irregular", pa.bool_(), nullable=False),
        pa.field("_commit", pa.int64(), nullable=False),
        pa.field(DAY, pa.date32(), nullable=False),
    ]
)
BOUNDED = ("partition", "position", "stream", "category", "version", "type", "schema_version", "_commit")
"""Columns whose bounds stand in the log of the table.

Not those of times, which are written there in whole milliseconds, rounded down: who skips files by them would lose
events. Not data and metadata, whose texts would stand in the log too.
"""
FEED = (
    "position",
    "partition",
    "stream",
    "version",
    "type",
    "schema_version",
    "id",
    "recorded_us",
    "occurred_or_none_us",
    "data",
    "metadata",
)
"""The columns of the feed that are copied."""
_DIGESTED = tuple(name for name in FEED if name != "partition")  # whose name changes when it is split
ORDER = ("position", "stream", "version")
"""The order of the events of a commit: that of the log inside each partition, and of each stream across a split."""


def in_order(events: pa.Table) -> pa.Table:
    """Events in the order of their digest, in which a log with one partition gives them."""
    places = events.column("position")
    if pc.all(pc.less(places.slice(0, max(0, len(places) - 1)), places.slice(1)), min_count=0).as_py():
        return events
    return events.sort_by([(name, "ascending") for name in ORDER])


def digest(events: pa.Table) -> str:
    """A hash of events, with the columns `FEED`, in the order of `ORDER`."""
    found = hashlib.sha256()
    for name in _DIGESTED:
        for part in _content(events.column(name).combine_chunks()):
            found.update(part)
    return found.hexdigest()


def chained(chain: str, of: str) -> str:
    """The chain after one more digest."""
    return hashlib.sha256(f"{chain}{of}".encode()).hexdigest()


def _content(column: pa.Array | pa.ChunkedArray) -> Iterator[bytes | memoryview]:
    """What a column says, whatever chunks and offsets it has come in."""
    array = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
    if pa.types.is_integer(array.type):
        yield _plain(pc.is_valid(array).cast(pa.uint8()), 1)
        yield _plain(pc.fill_null(array.cast(pa.int64()), 0), 8)
    elif pa.types.is_fixed_size_binary(array.type):
        yield _plain(array, array.type.byte_width)
    else:
        yield _plain(pc.binary_length(array).cast(pa.int64()), 8)
        texts = array.cast(pa.large_binary())
        offsets = memoryview(texts.buffers()[1]).cast("q")
        if len(texts):
            first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
            yield memoryview(texts.buffers()[2] or b"")[first:last]


def _plain(array: pa.Array, width: int) -> memoryview:
    at = array.offset * width
    return memoryview(array.buffers()[1] or b"")[at : at + len(array) * width]
