"""The log as a source of Spark: `spark.read.format("eventfold")`, and the same for `readStream`.

    session.dataSource.register(EventfoldSource)
    events = session.readStream.format("eventfold").option("log", "sqlite:////data/shop.db").load()

Ranges of positions are read side by side, each in a process of its own, as Arrow batches with the columns of the feed.
The offset of a stream is the feed's own cursor: a log that was swapped or restored is noticed, and never skipped over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader, InputPartition

from eventfold.engines.port import MOST
from eventfold.engines.spark.sources.admission import ReadLimit, ReadMaxRows, SupportsTriggerAvailableNow
from eventfold.errors import (
    CapabilityMissing,
    CheckpointBeyondHead,
    ForeignCursor,
    RangeInvalid,
    UnsupportedUrl,
)
from eventfold.feed.cursor import Cursor, Mark, read_cursor
from eventfold.feed.port import IRREGULAR, Feed
from eventfold.store.open import open_store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

T = TypeVar("T")
COLUMNS = pa.schema(
    [
        ("position", pa.int64()),
        ("partition", pa.string()),
        ("stream", pa.string()),
        ("version", pa.int64()),
        ("type", pa.string()),
        ("schema_version", pa.int64()),
        ("id", pa.binary()),
        ("recorded_us", pa.int64()),
        ("occurred_us", pa.int64()),
        ("data", pa.string()),
        ("metadata", pa.string()),
        (IRREGULAR, pa.bool_()),
    ]
)
_TYPES = {
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.string(): "STRING",
    pa.binary(): "BINARY",
    pa.bool_(): "BOOLEAN",
}
_RANGES = 2
_ROWS = 10_000


def to_sql(kind: pa.DataType) -> str:
    """The name of a type in Spark's SQL."""
    return _TYPES[kind]


SCHEMA = ", ".join(f"{column.name} {to_sql(column.type)}" for column in COLUMNS)
"""The same in Spark's SQL."""


class EventfoldSource(DataSource):  # type: ignore[misc]  # pyspark is not everywhere, and has no types there
    """The log.

    Options: `log`, the URL of the store, which every worker opens, so that a file must be in reach of all; `ranges`,
    into how many ranges of positions a read is cut (2); `after` and `to`, cursors as text, between which `read` reads
    and not all; `most`, the events of a batch of a stream at most (1,000,000); `after` is also where a stream begins
    that has no checkpoint.
    """

    @classmethod
    def name(cls) -> str:
        """What `format` calls it."""
        return "eventfold"

    def schema(self) -> str:
        """The columns of the feed, and whether an event holds JSON that engines may read differently."""
        return SCHEMA

    def reader(self, schema: "StructType") -> DataSourceReader:  # noqa: ARG002 - Spark gives it by name
        """For `read`: everything between `after` and `to`, or up to the end of now."""
        return _Reader(_Log(self.options))

    def streamReader(self, schema: "StructType") -> DataSourceStreamReader:  # noqa: ARG002, N802 - as above
        """For `readStream`."""
        return _StreamReader(_Log(self.options))


def between(session: "SparkSession", url: str, after: Cursor, to: Cursor) -> "DataFrame":
    """The events between two cursors of a log, in ranges side by side.

    Args:
        session: of Spark.
        url: of the log, which every worker can open.
        after: a cursor of it.
        to: a later one.
    """
    log = _Log({"log": url})
    return read_pieces(session, log.cut(after, to), log.read)


def read_pieces(
    session: "SparkSession", pieces: Sequence[T], read: Callable[[T], Iterator[pa.RecordBatch]]
) -> "DataFrame":
    """What pieces of a log hold, each read in a task of its own.

    Not by a Python data source, for which Spark starts two processes more, and so would for each batch.

    Args:
        session: of Spark.
        pieces: one at least; they are sent to the workers.
        read: gives the events of one, with the columns of the feed.
    """

    def numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from read(pieces[number])

    return session.range(0, len(pieces), 1, len(pieces)).mapInArrow(numbered, SCHEMA)


class _Range(InputPartition):  # type: ignore[misc]  # as above
    """Events after one position up to another, and the two cursors of the batch that it was cut from."""

    def __init__(self, after: int, to: int, batch: tuple[Cursor, Cursor]) -> None:
        super().__init__((after, to))
        self.after, self.to, self.batch = after, to, batch


class _Log:
    """The log that is read; it is sent to the workers."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._url = options.get("log") or ""
        if self._url in {"", "sqlite://"}:
            raise UnsupportedUrl(
                'format("eventfold") needs the URL of a log that every worker can open:'
                ' .option("log", "sqlite:////data/shop.db").'
            )
        self._ranges = _whole(options, "ranges", _RANGES)
        self.most = _whole(options, "most", MOST)
        self._after = options.get("after") or ""
        self._to = options.get("to") or ""

    def begin(self) -> Cursor:
        """Where a stream begins that has no checkpoint."""
        if self._after:
            return self.checked(read_cursor(self._after))
        return Cursor(self.end().log, {})

    def end(self) -> Cursor:
        with open_store(self._url, create=False) as store:
            return _ordered(store.feed()).end()

    def checked(self, after: Cursor, to: int | None = 0) -> Cursor:
        """The cursor at a position (None: at the end), never before one that must still hold."""
        with open_store(self._url, create=False) as store:
            feed = _ordered(store.feed())
            feed.check(after)
            end = feed.end()
            wanted = position_of(end) if to is None else min(to, position_of(end))
            return feed.at_position(max(wanted, position_of(after)))

    def until(self) -> Cursor:
        """Where a read ends."""
        return self.checked(read_cursor(self._to)) if self._to else self.end()

    def cut(self, after: Cursor, to: Cursor) -> list[_Range]:
        first, last = position_of(after), position_of(to)
        count = max(1, min(self._ranges, last - first))
        borders = [first + (last - first) * n // count for n in range(count + 1)]
        return [_Range(borders[n], borders[n + 1], (after, to)) for n in range(count)]

    def read(self, wanted: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(wanted, _Range)
        with open_store(self._url, create=False) as store:
            feed = store.feed()
            for cursor in wanted.batch:
                self._check(feed, cursor)
            after, to = feed.at_position(wanted.after), feed.at_position(wanted.to)
            for batch in feed.arrow(after, to, COLUMNS.names, limit=_ROWS):
                yield batch.cast(COLUMNS)

    def _check(self, feed: Feed, cursor: Cursor) -> None:
        try:
            feed.check(cursor)
        except (ForeignCursor, CheckpointBeyondHead) as error:
            raise ForeignCursor(
                f"{self._url} is another log than the one this batch was cut from: {error} Start the query on the log"
                " that it began with, or with a new checkpoint."
            ) from None


class _Reader(DataSourceReader):  # type: ignore[misc]  # as above
    def __init__(self, log: _Log) -> None:
        self._log = log

    def partitions(self) -> Sequence[InputPartition]:
        """Never none: Spark would read once without a range."""
        return self._log.cut(self._log.begin(), self._log.until())

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self._log.read(partition)


class _StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):  # type: ignore[misc]  # as above
    """Offsets are cursors, always written alike: Spark compares them as text."""

    def __init__(self, log: _Log) -> None:
        self._log = log
        self._until: int | None = None

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Where it begins."""
        return _offset(self._log.begin())

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - as above
        """Batches are capped, always."""
        return ReadMaxRows(self._log.most)

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - as above
        """What is there now is read to its end, in as many batches as that takes."""
        self._until = position_of(self._log.end())

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - as above
        """Where the next batch ends."""
        after = _cursor(start)
        to = position_of(after) + limit.max_rows if isinstance(limit, ReadMaxRows) else None
        if self._until is not None:
            to = self._until if to is None else min(to, self._until)
        return _offset(self._log.checked(after, to))

    def reportLatestOffset(self) -> dict[str, Any]:  # noqa: N802 - as above
        """The end of the log, from which Spark tells the lag."""
        return _offset(self._log.end())

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """The ranges between two offsets; none where they are the same, as at each restart."""
        after, to = _cursor(start), _cursor(end)
        if position_of(after) == position_of(to):
            return []
        return self._log.cut(self._log.checked(after), self._log.checked(to))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self._log.read(partition)


def _ordered(feed: Feed) -> Feed:
    if not feed.capabilities.total_order:
        raise CapabilityMissing(
            'format("eventfold") reads ranges of positions, and the partitions of this log are not ordered among each'
            " other."
        )
    return feed


def _whole(options: Mapping[str, str], name: str, otherwise: int) -> int:
    text = options.get(name) or str(otherwise)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:10]) <= 10**9:
        raise RangeInvalid(
            f"{name} = {text[:40]!r}: it is a whole number from 1 to 1,000,000,000.", field=name
        )
    return int(text)


def position_of(cursor: Cursor) -> int:
    """Where a cursor of such a log stands."""
    return next((mark.position for mark in cursor.marks.values()), 0)


def _offset(cursor: Cursor) -> dict[str, Any]:
    marks = {name: msgspec.to_builtins(mark) for name, mark in sorted(cursor.marks.items()) if mark != Mark()}
    return {"log": cursor.log, "marks": marks}


def _cursor(offset: dict[str, Any]) -> Cursor:
    return msgspec.convert(offset, Cursor)
