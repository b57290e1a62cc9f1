"""The port of sources: a feed as Spark follows it, with the cursors that stand in the stamps of tables."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from eventfold.feed.cursor import Cursor

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Fresh(NamedTuple):
    """The new events of a batch.

    Attributes:
        events: them, with the columns of the feed (`log.COLUMNS`).
        cursor: behind them.
        number: how many they are.
        versions: the types that occur among them, each with a schema version, and maybe others; None where nobody has
            looked.
    """

    events: "DataFrame"
    cursor: Cursor
    number: int
    versions: frozenset[tuple[str, int]] | None = None


class Source(Protocol):
    """Gives every event of a log once, to who keeps the cursor."""

    @property
    def name(self) -> str:
        """What `--from` calls it; Spark notes under it how far it has read."""

    @property
    def log_id(self) -> str:
        """Of the log."""

    @property
    def total_order(self) -> bool:
        """Whether positions order all events of the log."""

    def start(self) -> Cursor:
        """Before the first event."""

    def check(self, cursor: Cursor) -> None:
        """Verifies that what stands at a cursor can be gone on with from here, whatever feed it came by.

        Raises:
            ForeignCursor, CheckpointBeyondHead: it is of another log, or of a longer one.
            CursorInvalid: this source has no such place; the sentence says the way out.
        """

    def lag(self, cursor: Cursor) -> int | None:
        """The number of events behind a cursor; None where that cannot be counted."""

    def stream(self, session: "SparkSession", after: Cursor, most: int) -> "DataFrame":
        """A stream for `foreachBatch`, each batch of which `fresh` understands.

        Args:
            session: of Spark.
            after: behind which it begins.
            most: events of one batch, about; whole commits or transactions are kept together.
        """

    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> AbstractContextManager[Fresh | None]:
        """What a batch brings behind a cursor; None where that is nothing.

        A batch may come again, with other borders, or after one that was never seen: each event is given once all the
        same, or nothing is.

        Args:
            batch: of the stream.
            after: what the table contains.
            table: its name, for an error.

        Yields:
            them; they are kept by Spark until the end of the `with`.

        Raises:
            CursorLost: events between the cursor and the end of the batch are missing.
            ForeignCursor: another event stands where the cursor stands.
        """
