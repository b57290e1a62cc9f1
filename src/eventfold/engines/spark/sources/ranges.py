"""A log whose partitions are not ordered among each other as a source, such as one in Cosmos DB: its feed ranges.

A batch is what has come since the table stood where it stands, in every range, up to one end. Ranges are read side by
side by the feed of the log, which knows what to do where one was split. A batch has no cap: where a service begins at
a place, only reading tells how many events lie before it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
from pyspark.sql import functions as f

from eventfold.engines.spark.registering import register
from eventfold.engines.spark.sources.ends import Ends, EndsSource, end_of
from eventfold.engines.spark.sources.log import COLUMNS, read_pieces
from eventfold.engines.spark.sources.ofstore import OfStore
from eventfold.engines.spark.sources.port import Fresh
from eventfold.engines.spark.sources.translated import own
from eventfold.errors import StorageBusy
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.lineage import within
from eventfold.feed.port import Feed
from eventfold.store.open import open_store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PATIENCE = 15.0
"""Seconds for which replicas that lag are waited for."""
_PAUSE = 0.1


class RangesSource(OfStore):
    """Implements `Source`."""

    total_order = False

    def start(self) -> Cursor:
        """Of every range of now."""
        with open_store(self._url, create=False) as store:
            return store.feed().start()

    def stream(self, session: "SparkSession", after: Cursor, most: int) -> "DataFrame":  # noqa: ARG002 - see above
        """Where the log ended, again and again."""
        name = register(session, LogEnds)
        options = {"log": self._url, "begun": own(after).to_json()}
        return session.readStream.format(name).options(**options).load()

    @contextmanager
    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> Iterator[Fresh | None]:  # noqa: ARG002 - it cannot be missing
        """What the ranges have between the table and the end."""
        end, begun = end_of(batch), own(after)
        to = None if end is None else self._behind(begun, read_cursor(end))
        if to is None:
            yield None
            return
        events = read_pieces(batch.sparkSession, _pieces(begun, to), _reading(self._url)).persist()
        try:
            newest = events.groupBy("partition").agg(
                f.max_by("id", f.struct("position", "version")), f.count("*")
            )
            ids: dict[str, str] = {}
            number = 0
            for partition, event, count in newest.collect():
                ids[partition], number = bytes(event).hex(), number + count
            yield Fresh(events, _witnessed(to, begun, ids), number)
        finally:
            events.unpersist()

    def _behind(self, after: Cursor, end: Cursor) -> Cursor | None:
        """The end, or a later one where it is no place behind the table; None where that contains it."""
        until = time.monotonic() + _PATIENCE
        with open_store(self._url, create=False) as store:
            feed = store.feed()
            while True:
                order = feed.compare(end, after)
                if order in {"before", "equal"}:
                    return None
                if order == "after" and all(_holder(name, after) for name in end.marks):
                    return end
                # a replica that lags told it
                if time.monotonic() > until:
                    raise StorageBusy("The replicas of the log lag behind the table; run the job again.")
                time.sleep(_PAUSE)
                end = feed.end()


class LogEnds(EndsSource):
    """Where a log ends: `format("eventfold-log-ends")`."""

    @classmethod
    def name(cls) -> str:
        """What `format` calls it."""
        return "eventfold-log-ends"

    def ends(self) -> Ends:
        """Of the options `log` and `begun`."""
        return LogEnd(self.options["log"], self.options["begun"])


class LogEnd:
    """Implements `Ends`: an end is a cursor."""

    def __init__(self, log: str, begun: str) -> None:
        self._log = log
        self._begun = begun

    def start(self) -> str:
        """As `Ends`."""
        return self._begun

    def now(self) -> str:
        """As `Ends`."""
        with open_store(self._log, create=False) as store:
            return store.feed().end().to_json()

    def next(self, after: str, until: str | None, most: int) -> str:  # noqa: ARG002 - see the module
        """As `Ends`."""
        with open_store(self._log, create=False) as store:
            feed = store.feed()
            end = feed.end() if until is None else read_cursor(until)
            # a cursor of the same place may be another text, which would be a batch without an event
            return end.to_json() if _is_ahead(feed, end, read_cursor(after)) else after


def _is_ahead(feed: Feed, end: Cursor, after: Cursor) -> bool:
    return feed.compare(end, after) in {"after", "mixed"}


def _reading(url: str) -> Callable[[tuple[Cursor, Cursor]], Iterator[pa.RecordBatch]]:
    """What gives the events between two cursors of a log."""

    def read(piece: tuple[Cursor, Cursor]) -> Iterator[pa.RecordBatch]:
        with open_store(url, create=False) as store:
            for batch in store.feed().arrow(*piece, COLUMNS.names):
                yield batch.cast(COLUMNS)

    return read


def _pieces(after: Cursor, to: Cursor) -> list[tuple[Cursor, Cursor]]:
    """By range: where the table stands in it, and the end of it, or of what it was split into."""
    found = []
    for name, mark in after.marks.items():
        ends = {other: end for other, end in to.marks.items() if within(other, name)}
        found.append((Cursor(after.log, {name: mark}), Cursor(to.log, ends)))
    return found


def _holder(name: str, cursor: Cursor) -> str | None:
    """The range of a cursor that a range is, or came from."""
    return next((other for other in cursor.marks if within(name, other)), None)


def _witnessed(to: Cursor, after: Cursor, ids: dict[str, str]) -> Cursor:
    """The end, with the last event of each range, by which it is told later whether the log is still the same."""
    marks = {}
    for name, mark in to.marks.items():
        before = after.marks.get(name)
        event = ids.get(name) or mark.event or ("" if before is None else before.event)
        marks[name] = msgspec.structs.replace(mark, event=event)
    return Cursor(to.log, marks)
