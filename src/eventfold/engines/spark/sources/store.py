"""A log in a file as a source: batches are ranges of positions, cut where the table stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventfold.engines.spark.registering import register
from eventfold.engines.spark.sources.contained import fresh
from eventfold.engines.spark.sources.log import EventfoldSource
from eventfold.engines.spark.sources.ofstore import OfStore
from eventfold.engines.spark.sources.port import Fresh
from eventfold.engines.spark.sources.translated import own
from eventfold.feed.cursor import Cursor
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
        """By `format("eventfold")`."""
        reader = session.readStream.format(register(session, EventfoldSource)).option("log", self._url)
        return reader.option("most", str(most)).option("after", own(after).to_json()).load()

    @contextmanager
    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> Iterator[Fresh | None]:
        """By position. What is read twice costs less than what is kept."""
        yield fresh(batch, own(after), table, self._event_at)

    def _event_at(self, _partition: str, position: int) -> str:
        with open_store(self._url, create=False) as store:
            (mark,) = store.feed().at_position(position).marks.values()
        return mark.event
