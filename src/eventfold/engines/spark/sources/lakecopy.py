"""The lake copy as a source: Spark reads its Delta table by commits, and never the log itself.

Batches end at borders, whose stamps say the cursor of the log there. Where positions order the log, a table may stand
between two of them: the commit around it is read, and cut by position.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyspark.sql import functions as f

from eventfold.engines.spark.registering import register
from eventfold.engines.spark.sources.contained import fresh
from eventfold.engines.spark.sources.ends import Ends, EndsSource, end_of
from eventfold.engines.spark.sources.log import COLUMNS
from eventfold.engines.spark.sources.port import Fresh
from eventfold.engines.spark.sources.translated import own
from eventfold.errors import CheckpointBeyondHead, CursorInvalid, CursorLost, ForeignCursor, LogNotFound
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.lakecopy.borders import Borders
from eventfold.readmodels.lakecopy.port import TABLE, CopyStamp
from eventfold.readmodels.open import open_copy

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_COLUMNS = {
    "id": "unhex(replace(event_id, '-', ''))",
    "recorded_us": "unix_micros(recorded_at)",
    "occurred_us": "unix_micros(occurred_at)",
    "irregular": "_irregular",
}
"""Those of the feed that stand in the copy in another form."""


class LakeCopySource:
    """Implements `Source`.

    Args:
        lake: the folder of the Delta tables.

    Raises:
        LogNotFound: there is no copy in it.
    """

    name = "lake-copy"

    def __init__(self, lake: str) -> None:
        self._lake = lake
        table = open_copy(lake, None)
        self.log_id = table.log_id
        self._borders = Borders(table)
        self.total_order = self._now()[-1].total_order

    def start(self) -> Cursor:
        """The first border, which has no event."""
        return self._now()[0].cursor

    def check(self, cursor: Cursor) -> None:
        """It is a border, or positions tell what of a commit is behind it."""
        self._commit_of(own(cursor))

    def lag(self, cursor: Cursor) -> int | None:
        """Of the copy; where the table stands inside a commit, up to the events of that too many."""
        low, borders = self._commit_of(own(cursor)), self._now()
        return borders[-1].total - borders[low].total

    def stream(self, session: "SparkSession", after: Cursor, most: int) -> "DataFrame":
        """The borders."""
        name = register(session, CopyBorders)
        begun = self._now()[self._commit_of(own(after))].total
        options = {"lake": self._lake, "most": str(most), "begun": str(begun)}
        return session.readStream.format(name).options(**options).load()

    @contextmanager
    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> Iterator[Fresh | None]:
        """Whole commits, counted."""
        end, cursor = end_of(batch), own(after)
        if end is None:
            yield None
            return
        low, to = self._commit_of(cursor), _last(self._now(), int(end))
        if to <= low:
            yield None
            return
        events = self._rows(batch.sparkSession, low, to).persist()
        try:
            number = self._counted(events, low, to)
            border = self._now()[to].cursor
            if not self.total_order:
                yield Fresh(events, border, number)
                return
            new = fresh(events, cursor, table)
            yield None if new is None else new._replace(cursor=border)
        finally:
            events.unpersist()

    def _rows(self, session: "SparkSession", low: int, to: int) -> "DataFrame":
        copy = session.read.format("delta").load(f"{self._lake}/{TABLE}")
        chosen = copy.where((f.col("_commit") > low) & (f.col("_commit") <= to))
        return chosen.select(*(f.expr(_COLUMNS.get(name, name)).alias(name) for name in COLUMNS.names))

    def _counted(self, events: "DataFrame", low: int, to: int) -> int:
        found, borders = int(events.count()), self._now()
        wanted = borders[to].total - borders[low].total
        if found != wanted:
            raise CursorLost(
                f"The copy in the lake has {found:,} events in its commits {low + 1} to {to}, whose stamps say"
                f" {wanted:,}: somebody else changed it. Move its folder, {TABLE!r}, out of the lake: `eventfold run"
                " --once` copies the log anew.",
                table=TABLE,
            )
        return found

    def _commit_of(self, cursor: Cursor) -> int:
        """The commit behind which a batch that goes on at a cursor begins."""
        self._now()
        if cursor.log != self.log_id:
            raise ForeignCursor(
                f"The table belongs to the log {cursor.log}, the copy in the lake is of {self.log_id}: take the right"
                " lake, --lake FOLDER, or rebuild the table: `eventfold rebuild`.",
                cursor_log=cursor.log,
                log=self.log_id,
            )
        if all(mark.position == 0 for mark in cursor.marks.values()):
            return 0
        low = self._borders.before(cursor)
        here = low.cursor.marks
        if self.total_order and any(m.position > here[name].position for name, m in cursor.marks.items()):
            return low.commit
        try:
            return self._borders.index(cursor)
        except (CheckpointBeyondHead, CursorInvalid) as error:
            raise CursorInvalid(
                "The table stands at no border of the copy in the lake, and the partitions of this log have no order by"
                " which a commit could be cut: go on from the log, --from store, or rebuild the table: `eventfold"
                " rebuild`.",
                **error.facts,
            ) from None

    def _now(self) -> Sequence[CopyStamp]:
        found = self._borders.now()
        if not found:
            raise LogNotFound(
                f"There is no copy of the log in the lake {self._lake}: `eventfold run --once --copy` makes it."
            )
        return found


class CopyBorders(EndsSource):
    """The borders of a copy: `format("eventfold-lake-copy")`."""

    @classmethod
    def name(cls) -> str:
        """What `format` calls it."""
        return "eventfold-lake-copy"

    def ends(self) -> Ends:
        """Of the options `lake` and `begun`."""
        return _Borders(self.options["lake"], self.options["begun"])


class _Borders:
    """Implements `Ends`: an end is how many events the copy has there, whatever commits have brought them."""

    def __init__(self, lake: str, begun: str) -> None:
        self._lake = lake
        self._begun = begun
        self._found: Borders | None = None  # what it holds cannot be sent to the process that asks

    def start(self) -> str:
        return self._begun

    def now(self) -> str:
        return str(self._now()[-1].total)

    def next(self, after: str, until: str | None, most: int) -> str:
        borders, begun = self._now(), int(after)
        to = _last(borders, begun)
        last = len(borders) - 1 if until is None else _last(borders, int(until))
        while to < last and (borders[to].total <= begun or borders[to + 1].total - begun <= most):
            to += 1
        return str(max(begun, borders[to].total))

    def _now(self) -> Sequence[CopyStamp]:
        if self._found is None:
            self._found = Borders(open_copy(self._lake, None))
        return self._found.now()


def _last(borders: Sequence[CopyStamp], total: int) -> int:
    """The last border with so many events at most."""
    return next((b.commit for b in reversed(borders) if b.total <= total), 0)
