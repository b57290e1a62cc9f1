"""The streaming job: from the log by Spark into the published tables, each event once.

A batch is folded onto the rows that the newest version has and lands in one commit, whose stamp says what the table
contains from then on. Spark's own checkpoint only says where to read on; if it is lost, the job reads on where the
table stands. Whoever has a table is said by its stamp: one that another engine has is refused.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from eventfold.engines.spark.folding import folded
from eventfold.engines.spark.merging import merge
from eventfold.engines.spark.sources.port import MOST, Fresh, Source
from eventfold.errors import CursorLost, StaleCursor, TableInvalid
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.open import open_publication
from eventfold.readmodels.port import Scope
from eventfold.readmodels.publishing.ownership import check_owner
from eventfold.readmodels.publishing.publication import SPARK, LeftOut, Publication, Stamp, Version

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

_log = logging.getLogger("eventfold.spark")


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a job did with one table.

    Attributes:
        table: its name.
        events: how many new events it took.
        batches: in how many commits.
        version: the newest version of the Delta table.
        position: what that contains of the log.
        parked: how many streams wait.
        seconds: how long it took.
    """

    table: str
    events: int
    batches: int
    version: int
    position: int
    parked: int
    seconds: float


class TableJob:
    """Keeps one published table.

    Args:
        session: whose time zone is UTC.
        spec: of the table.
        registry: knows event types and upcasters.
        source: where it reads the log from.
        lake: the folder of the published tables.
        checkpoints: the folder where Spark notes how far it has read.
        most: events of one batch, at most.
        landed: called after each commit, with the version.
    """

    def __init__(
        self,
        session: "SparkSession",
        spec: TableSpec,
        registry: Registry,
        *,
        source: Source,
        lake: str,
        checkpoints: str,
        most: int = MOST,
        landed: Callable[[Version], object] = bool,
    ) -> None:
        self._session = session
        self._registry = registry
        self._source = source
        self._checkpoints = checkpoints
        self._most = most
        self._landed = landed
        self.events = self.batches = 0
        self._layout = bind(spec, total_order=source.total_order)
        self._publication = open_publication(lake, self._layout, source.log_id)
        self._path = str(Path(lake) / spec.name)
        there = self._publication.head() or self._made()
        source.check(there.stamp.cursor)
        self._epoch = there.stamp.epoch
        self._check(there.stamp)

    @property
    def publication(self) -> Publication:
        """Where it writes."""
        return self._publication

    def start(self, *, every: str = "") -> "StreamingQuery":
        """Begins.

        Args:
            every: a processing time, as `30 seconds`; empty: takes what is there now, in as many batches as that needs,
                and ends.

        Raises:
            EngineFenced: another engine has the table.
            TableInvalid: it was published under another definition.
        """
        there = self._head()
        stream = self._source.stream(self._session, there.stamp.cursor, self._most)
        # a checkpoint of another generation would go on with keys that mean something else
        noted = Path(self._checkpoints) / self._layout.spec.name / str(there.stamp.generation)
        place = noted / self._source.name
        writer = stream.writeStream.option("checkpointLocation", str(place)).foreachBatch(self.batch)
        trigger = writer.trigger(processingTime=every) if every else writer.trigger(availableNow=True)
        return trigger.start()

    def run(self) -> Ran:
        """Takes what is there now and ends."""
        began = time.monotonic()
        self.events = self.batches = 0
        query = self.start()
        try:
            query.awaitTermination()
        finally:
            query.stop()
        there = self._head()
        return Ran(
            table=there.stamp.table,
            events=self.events,
            batches=self.batches,
            version=there.number,
            position=max((mark.position for mark in there.stamp.cursor.marks.values()), default=0),
            parked=there.stamp.parked_count,
            seconds=time.monotonic() - began,
        )

    def batch(self, events: "DataFrame", _number: int) -> None:
        """Folds one batch and commits it; what the table contains already is left out.

        Raises:
            EngineFenced, StaleCursor: somebody else has the table, or was quicker; nothing was written.
            CursorLost, ForeignCursor: the batch does not go on where the table stands.
        """
        began = time.monotonic()
        there = self._head()
        with self._source.fresh(events, there.stamp.cursor, there.stamp.table) as new:
            if new is not None:
                self._fold(there, new, began)

    def _fold(self, there: Version, new: Fresh, began: float) -> None:
        name = there.stamp.table
        if not there.intact:
            raise CursorLost(
                f"The rows of {name} were changed by a program that leaves no stamp, so nobody can go on from them:"
                f" fold the table anew, `eventfold take-over {name} --rebuild`, and give it to Spark again,"
                f" `eventfold take-over {name} --engine spark`.",
                table=name,
            )
        left_out = self._publication.left_out(there.stamp)
        scope = Scope(
            skips=frozenset((skip.stream, skip.version) for skip in left_out.skips),
            parked={parked.stream: parked for parked in left_out.parked},
        )
        session = new.events.sparkSession
        base = session.read.format("delta").option("versionAsOf", self._newest()).load(self._path)
        with folded(new.events, base.select(*self._names), self._layout, self._registry, scope) as touched:
            stamp = structs.replace(there.stamp, change=there.stamp.change + 1, cursor=new.cursor)
            leaves = LeftOut(tuple(touched.parked.values()), left_out.skips)
            made = self._commit(there, stamp, leaves, touched.rows)
        self.events += new.number
        self.batches += 1
        _log.info(
            "%s: %s events in %.1f s, version %s",
            name,
            f"{new.number:,}",
            time.monotonic() - began,
            made.number,
        )
        self._landed(made)

    def _commit(self, there: Version, stamp: Stamp, left_out: LeftOut, rows: "DataFrame") -> Version:
        if not rows.isEmpty():
            prepared = self._publication.prepare(there, stamp, left_out)
            merge(self._path, rows, self._layout, prepared)
            try:
                return self._publication.landed(prepared)
            except StaleCursor:
                if self._head() != there:
                    raise
        # a MERGE that touches no row makes no commit, and so moves no stamp
        return self._publication.merge(there, schema(self._layout).empty_table(), (), stamp, left_out)

    @property
    def _names(self) -> Sequence[str]:
        return [slot.name for slot in self._layout.slots]

    def _newest(self) -> int:
        """Others may have put files together since the newest stamp; that is where the rows are."""
        return max(self._publication.versions())

    def _head(self) -> Version:
        there = self._publication.head()
        assert there is not None
        self._check(there.stamp)
        return there

    def _check(self, stamp: Stamp) -> None:
        check_owner(stamp, self._epoch, SPARK)
        if stamp.fingerprint != self._layout.fingerprint:
            raise TableInvalid(
                f"The table {stamp.table} was published under another definition: fold it anew under this one,"
                f" `eventfold rebuild {stamp.table}` where its state is, and give it to Spark,"
                f" `eventfold take-over {stamp.table} --engine spark`.",
                table=stamp.table,
            )

    def _made(self) -> Version:
        """The first version: no row, and the beginning of the log."""
        stamp = Stamp(
            log=self._source.log_id,
            table=self._layout.spec.name,
            generation=1,
            change=0,
            cursor=self._source.start(),
            fingerprint=self._layout.fingerprint,
            engine=SPARK,
        )
        return self._publication.overwrite(None, schema(self._layout).empty_table(), stamp)
