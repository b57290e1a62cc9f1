"""The streaming job: from the log by Spark into the published tables, each event once.

A batch is folded onto the rows that the newest version has and lands in one commit, whose stamp says what the table
contains from then on. Each start reads on where the table stands, and Spark's own checkpoint ends with it: one that
outlived it would be ahead of a table that was restored, and say that there is nothing to do. Whoever has a table is
said by its stamp: one that another engine has is refused.
"""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import structs

from eventfold.engines.port import MOST, Ran
from eventfold.engines.spark.batch import Chosen, choose, current_versions
from eventfold.engines.spark.failures import typed
from eventfold.engines.spark.folding import Counted, folded, parts
from eventfold.engines.spark.merging import Merge, NotCertain, merge, merge_parts
from eventfold.engines.spark.running.reaching import remove
from eventfold.engines.spark.settings import RELIES_ON, setting
from eventfold.engines.spark.sources.port import Fresh, Source
from eventfold.errors import CursorLost, EventfoldError, StaleCursor, TableInvalid
from eventfold.events.registry import Registry
from eventfold.readmodels.address import is_address
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.open import open_publication
from eventfold.readmodels.port import Scope
from eventfold.readmodels.publishing.ownership import check_owner
from eventfold.readmodels.publishing.publication import SPARK, LakePublication, LeftOut, Stamp, Version
from eventfold.words import how_many

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

_log = logging.getLogger("eventfold.spark")


class TableJob:
    """Keeps one published table.

    Args:
        session: of Spark; what the fold relies on is set for the time of a query alone.
        spec: of the table.
        registry: knows event types and upcasters.
        source: where it reads the log from.
        lake: the folder of the published tables.
        checkpoints: the folder where Spark notes how far it has read, while it runs.
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
        self._noted = ""
        self._most = most
        self._landed = landed
        self._failed: Exception | None = None
        self._seconds = 0.0
        self.events = self.batches = 0
        self.rate: float | None = None
        self._layout = bind(spec, total_order=source.total_order)
        self._supposed = current_versions(self._layout, registry)
        self._publication = open_publication(lake, self._layout, source.log_id)
        self._path = f"{lake}/{spec.name}"
        there = self._publication.head() or self._made()
        source.check(there.stamp.cursor)
        self._epoch = there.stamp.epoch
        self._check(there.stamp)

    @property
    def table(self) -> str:
        """The name of the table."""
        return self._layout.spec.name

    @property
    def publication(self) -> LakePublication:
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
        self._failed = None
        stream = self._source.stream(self._session, there.stamp.cursor, self._most)
        self.forget()
        folder = f"{self._checkpoints}/{self.table}/{there.stamp.generation}"
        self._noted = f"{folder}/{self._source.name}-{uuid4().hex}"
        writer = stream.writeStream.option("checkpointLocation", self._noted).foreachBatch(self.batch)
        trigger = writer.trigger(processingTime=every) if every else writer.trigger(availableNow=True)
        with setting(self._session, RELIES_ON):  # a query goes on with the settings that it was started with
            return trigger.start()

    def forget(self) -> None:
        """Removes what Spark noted for the last start, whose query has ended."""
        if self._noted and not is_address(self._noted):
            shutil.rmtree(self._noted, ignore_errors=True)
        elif self._noted:
            remove(self._session, self._noted)
        self._noted = ""

    def run(self) -> Ran:
        """Takes what is there now and ends.

        Raises:
            EventfoldError: as `start` and `batch`; StorageFailed where Spark itself could not go on.
        """
        began = time.monotonic()
        self.events, self.batches, self._seconds = 0, 0, 0.0
        query = self.start()
        try:
            query.awaitTermination()
        except Exception as error:
            raise self.fault(error) from error
        finally:
            query.stop()
            self.forget()
            self._seconds = time.monotonic() - began
        return self.ran()

    def ran(self) -> Ran:
        """What it did since it was begun; the seconds of its batches, or of the whole run."""
        there = self._publication.head()  # whoever keeps it now
        assert there is not None
        return Ran(
            table=self.table,
            events=self.events,
            batches=self.batches,
            version=there.number,
            position=max((mark.position for mark in there.stamp.cursor.marks.values()), default=0),
            parked=there.stamp.parked_count,
            seconds=self._seconds,
        )

    def fault(self, error: Exception | None) -> EventfoldError:
        """Why a query ended by itself: the error of its batch, which Spark gives on as text alone."""
        return typed(self._failed or error, self.table)

    def batch(self, events: "DataFrame", _number: int) -> None:
        """Folds one batch and commits it; what the table contains already is left out.

        Raises:
            EngineFenced, StaleCursor: somebody else has the table, or was quicker; nothing was written.
            CursorLost, ForeignCursor: the batch does not go on where the table stands.
        """
        try:
            self._take(events)
        except Exception as error:
            self._failed = error
            raise

    def _take(self, events: "DataFrame") -> None:
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
        stamp = structs.replace(there.stamp, change=there.stamp.change + 1, cursor=new.cursor)
        supposed = None if new.versions is not None else self._supposed
        chosen = self._chosen(new, scope, supposed)
        made = None
        with suppress(NotCertain):
            made = self._added(there, stamp, chosen, left_out)
            if made is None and supposed is not None:
                self._supposed = None  # where there are events of earlier versions, others follow
                chosen = self._chosen(new, scope, None)
                made = self._added(there, stamp, chosen, left_out)
        if made is None:
            made = self._laid_over(there, stamp, chosen, left_out)
        self.events += new.number
        self.batches += 1
        self._tell(new.number, time.monotonic() - began, made)
        self._landed(made)

    def _chosen(self, new: Fresh, scope: Scope, supposed: frozenset[tuple[str, int]] | None) -> Chosen:
        versions = new.versions if supposed is None else supposed
        return choose(
            new.events, self._layout, self._registry, scope, versions, supposed=supposed is not None
        )

    def _added(self, there: Version, stamp: Stamp, chosen: Chosen, left_out: LeftOut) -> Version | None:
        """What the batch was folded to, added to the rows by the MERGE; None where SQL is not certain of all.

        Raises:
            NotCertain: what is there and what comes are not to be added.
        """
        leaves = LeftOut(tuple(chosen.parked.values()), left_out.skips)
        with parts(chosen, self._layout) as rows:
            return None if rows is None else self._commit(there, stamp, leaves, rows, merge_parts)

    def _laid_over(self, there: Version, stamp: Stamp, chosen: Chosen, left_out: LeftOut) -> Version:
        """The rows as they are to be, of those that are there and the batch."""
        session = chosen.events.sparkSession
        base = session.read.format("delta").option("versionAsOf", self._newest()).load(self._path)
        held = base.select(*self._names)
        skips = frozenset((skip.stream, skip.version) for skip in left_out.skips)
        with folded(chosen, held, self._layout, self._registry, skips) as touched:
            leaves = LeftOut(tuple(touched.parked.values()), left_out.skips)
            return self._commit(there, stamp, leaves, Counted(touched.rows, touched.rows.count()), merge)

    def _commit(self, there: Version, stamp: Stamp, left_out: LeftOut, rows: Counted, how: Merge) -> Version:
        if rows.number:
            prepared = self._publication.prepare(there, stamp, left_out)
            how(self._path, rows.rows, self._layout, prepared)
            try:
                return self._publication.landed(prepared)
            except StaleCursor:
                if self._head() != there:
                    raise
        # a MERGE that touches no row makes no commit, and so moves no stamp
        return self._publication.merge(
            there, schema(self._layout).empty_table().to_reader(), (), stamp, left_out
        )

    def _tell(self, number: int, seconds: float, made: Version) -> None:
        self.rate = number / max(seconds, 0.001)
        self._seconds += seconds
        lag = None
        with suppress(EventfoldError):  # the batch has landed
            lag = self._source.lag(made.stamp.cursor)
        facts = {"table": self.table, "events": number, "rate": self.rate, "lag": lag, "version": made.number}
        _log.info(
            "%s: %s in %.1f s (%s a second), version %s; %s",
            self.table,
            how_many(number, "event"),
            seconds,
            f"{self.rate:,.0f}",
            f"{made.number:,}",
            "how far behind is not known" if lag is None else f"{how_many(lag, 'event')} behind",
            extra={"facts": facts},
        )

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
        return self._publication.overwrite(None, schema(self._layout).empty_table().to_reader(), stamp)
