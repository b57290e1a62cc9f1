"""A log in a file as a source: what lies between the place where the table stands and the end of a batch is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventfold.engines.spark.registering import register
from eventfold.engines.spark.sources.ends import Ends, end_of
from eventfold.engines.spark.sources.log import between, position_of
from eventfold.engines.spark.sources.ofstore import OfStore
from eventfold.engines.spark.sources.port import Fresh
from eventfold.engines.spark.sources.ranges import LogEnd, LogEnds
from eventfold.engines.spark.sources.translated import own
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.store.open import open_store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class StoreSource(OfStore):
    """Implements `Source`."""

    total_order = True

    def start(self) -> Cursor:
        """Position 0."""
        return Cursor(self.log_id, {})

    def stream(self, session: "SparkSession", after: Cursor, most: int) -> "DataFrame":
        """Where batches end."""
        options = {"log": self._url, "most": str(most), "begun": own(after).to_json()}
        return session.readStream.format(register(session, CappedEnds)).options(**options).load()

    @contextmanager
    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> Iterator[Fresh | None]:  # noqa: ARG002 - it cannot be missing
        """By position; who reads a range verifies that it is whole, and of this log."""
        end, begun = end_of(batch), own(after)
        to = None if end is None else self._checked(begun, read_cursor(end))
        number = 0 if to is None else position_of(to) - position_of(begun)
        if to is None or number <= 0:
            yield None
            return
        yield Fresh(between(batch.sparkSession, self._url, begun, to), to, number)

    def _checked(self, after: Cursor, to: Cursor) -> Cursor:
        with open_store(self._url, create=False) as store:
            for cursor in (after, to):
                store.feed().check(cursor)
        return to


class CappedEnds(LogEnds):
    """Ends of a log whose positions say how many events lie before them: `format("eventfold-log-positions")`."""

    @classmethod
    def name(cls) -> str:
        """What `format` calls it."""
        return "eventfold-log-positions"

    def ends(self) -> Ends:
        """Of the options `log` and `begun`."""
        return _Capped(self.options["log"], self.options["begun"])


class _Capped(LogEnd):
    def next(self, after: str, until: str | None, most: int) -> str:
        begun = read_cursor(after)
        with open_store(self._log, create=False) as store:
            feed = store.feed()
            feed.check(begun)
            end = feed.end() if until is None else read_cursor(until)
            to = min(position_of(begun) + most, position_of(end))
            return feed.at_position(to).to_json() if to > position_of(begun) else after
