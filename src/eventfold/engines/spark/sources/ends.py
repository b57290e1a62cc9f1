"""A stream that only says up to where there is something to read.

Each batch is one row, its end. What is read is from where the table stands up to there, by Spark itself, so that no
note of how far a stream had come can lose or double anything.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition

from eventfold.engines.port import MOST
from eventfold.engines.spark.sources.admission import ReadLimit, ReadMaxRows, SupportsTriggerAvailableNow

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

END = "end"
_SCHEMA = pa.schema([(END, pa.string())])


class Ends(Protocol):
    """Where a feed may be read up to; an end is text, and means something to its feed only."""

    def start(self) -> str:
        """Where a stream begins."""

    def now(self) -> str:
        """The end of now."""

    def next(self, after: str, until: str | None, most: int) -> str:
        """The end of the next batch; `after` itself where nothing has come.

        Args:
            after: the end of the last one.
            until: not beyond; None: as far as there is something now.
            most: events, about.
        """


class EndsSource(DataSource):  # type: ignore[misc]  # pyspark is not everywhere, and has no types there
    """Of one kind of feed; who derives it says the name and the ends. Option: `most`, events of one batch, about."""

    def ends(self) -> Ends:
        """Those of the feed that the options name; asked for in a process of its own."""
        raise NotImplementedError

    def schema(self) -> str:
        """One column."""
        return f"{END} STRING"

    def streamReader(self, schema: "StructType") -> DataSourceStreamReader:  # noqa: ARG002, N802 - Spark's names
        """For `readStream`."""
        return _Reader(self.ends(), int(self.options.get("most") or MOST))


class _Reader(DataSourceStreamReader, SupportsTriggerAvailableNow):  # type: ignore[misc]  # as above
    def __init__(self, ends: Ends, most: int) -> None:
        self._ends = ends
        self._most = most
        self._until: str | None = None

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Where it begins."""
        return {END: self._ends.start()}

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - as above
        """Batches are capped, as far as their feed allows."""
        return ReadMaxRows(self._most)

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - as above
        """What is there now is read to its end."""
        self._until = self._ends.now()

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - as above
        """Where the next batch ends."""
        most = limit.max_rows if isinstance(limit, ReadMaxRows) else self._most
        return {END: self._ends.next(start[END], self._until, most)}

    def reportLatestOffset(self) -> dict[str, Any]:  # noqa: N802 - as above
        """The end of now."""
        return {END: self._ends.now()}

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """None where nothing has come, as at each restart."""
        return [] if start == end else [InputPartition(end[END])]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The end."""
        yield pa.RecordBatch.from_pydict({END: [partition.value]}, _SCHEMA)


def end_of(batch: "DataFrame") -> str | None:
    """The end that a batch says; None of an empty one."""
    row = batch.select(END).first()
    return None if row is None else str(row[0])
