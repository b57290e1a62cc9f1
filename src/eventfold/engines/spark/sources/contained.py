"""What a batch brings that a table does not contain yet: the cursor in its newest stamp decides, and nothing else.

A batch may come again, or with other borders; what the table contains of it is cut here. One that does not follow on
what the table contains is an error.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as f

from eventfold.engines.spark.sources.port import Fresh
from eventfold.errors import CursorLost, ForeignCursor
from eventfold.feed.cursor import Cursor, Mark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class _Span(NamedTuple):
    """The lowest and the highest position of some events, and their number."""

    low: int
    high: int
    number: int

    def joined(self, other: "_Span") -> "_Span":
        return _Span(min(self.low, other.low), max(self.high, other.high), self.number + other.number)


def fresh(events: "DataFrame", cursor: Cursor, table: str) -> Fresh | None:
    """The events of a batch behind a cursor; None where there are none.

    Args:
        events: of a log whose positions are dense; kept by Spark, since they are asked more than once.
        cursor: what the table contains.
        table: its name, for an error.

    Raises:
        CursorLost: events between the cursor and the batch are missing, or inside the batch.
        ForeignCursor: another event stands in the log where the cursor stands.
    """
    versions, spans = _surveyed(events)
    marks: dict[str, Mark] = {}
    count = 0
    for partition, (low, high, number) in spans.items():
        mark = cursor.marks.get(partition, Mark())
        if low > mark.position + 1 or number != high - low + 1:
            raise CursorLost(
                f"{table} contains the log up to position {mark.position:,}, and Spark gave {number:,} events from"
                f" {low:,} to {high:,}: some are missing. Nothing of them was folded. `eventfold verify` says"
                " what is wrong with the copy of a log; the next start reads on where the table stands.",
                table=table,
            )
        if low <= mark.position <= high:
            _check(events, partition, mark, table)
        if high > mark.position:
            marks[partition] = Mark(high, _event_at(events, partition, high))
            count += high - mark.position
    if not marks:
        return None
    return Fresh(_behind(events, cursor, marks), cursor.with_marks(marks), count, versions)


def _surveyed(events: "DataFrame") -> tuple[frozenset[tuple[str, int]], dict[str, _Span]]:
    """The versions of types that occur, and what each partition has.

    In one job; of numbers alone, since Spark sorts the events where bytes are among them.
    """
    kind = ("partition", "type", "schema_version")
    span = (f.min("position"), f.max("position"), f.count("*"))
    versions: set[tuple[str, int]] = set()
    spans: dict[str, _Span] = {}
    for partition, name, version, *found in events.groupBy(*kind).agg(*span).collect():
        versions.add((str(name), int(version)))
        one, other = _Span(*found), spans.get(partition)
        spans[partition] = one if other is None else one.joined(other)
    return frozenset(versions), spans


def _check(events: "DataFrame", partition: str, mark: Mark, table: str) -> None:
    if mark.event and _event_at(events, partition, mark.position) != mark.event:
        raise _foreign(mark.position, table)


def _foreign(position: int, table: str) -> ForeignCursor:
    return ForeignCursor(
        f"Another event stands at position {position:,} of the log than when it was read for {table}: the log was"
        f" restored or swapped. Open the right log (--store URL), or fold {table} anew:"
        f" `eventfold take-over {table} --rebuild`.",
        position=position,
    )


def _event_at(events: "DataFrame", partition: str, position: int) -> str:
    here = events.where((f.col("partition") == partition) & (f.col("position") == position))
    return "".join(bytes(row["id"]).hex() for row in here.select("id").collect())


def _behind(events: "DataFrame", cursor: Cursor, marks: Mapping[str, Mark]) -> "DataFrame":
    is_new = f.expr("FALSE")
    for partition in marks:
        held = cursor.marks.get(partition, Mark())
        is_new = is_new | ((f.col("partition") == partition) & (f.col("position") > held.position))
    return events.where(is_new)
