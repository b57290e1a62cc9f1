"""A job as a follower: a loop runs it beside others, tries again what passes and stops what does not."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from eventfold.engines.port import Ran
from eventfold.engines.spark.job import TableJob
from eventfold.feed.cursor import Cursor

if TYPE_CHECKING:
    from pyspark.sql.streaming import StreamingQuery

_log = logging.getLogger("eventfold.spark")
_PAUSE = (1.0, 60.0)
"""Seconds before a query that landed nothing is started again: at first, and at most."""
_PATIENCE = 60.0
"""Seconds for which a batch that has begun is waited for; it may be interrupted then, and is made anew later."""
_LOOK = 0.1


class Following:
    """The job of one table.

    Args:
        table: its name.
        make: the job, when its turn comes.
        every: a processing time; empty: what is there is taken, and then there is nothing more to do.
    """

    def __init__(self, table: str, make: Callable[[], TableJob], *, every: str = "") -> None:
        self._table = table
        self._make = make
        self._made: TableJob | None = None
        self._every = every
        self._query: StreamingQuery | None = None
        self._landed = 0
        self._failures = 0
        self._not_before = 0.0

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return f"table {self._table}"

    @property
    def handled(self) -> int:
        """Events that it took."""
        return 0 if self._made is None else self._made.events

    @property
    def rate(self) -> float | None:
        """Events a second of the last batch."""
        return None if self._made is None else self._made.rate

    def where(self) -> Cursor | None:
        """Spark looks for new events by itself."""
        return None

    def step(self) -> bool:
        """Takes what is there; or sees that its query runs, where it is to go on.

        Raises:
            EventfoldError: why there is no job, or its query ended.
        """
        if self._made is None:
            self._made = self._make()
        job = self._made
        if not self._every:
            job.run()
        elif self._query is None:
            if time.monotonic() >= self._not_before:
                self._landed = job.batches
                self._query = job.start(every=self._every)
        elif not self._query.isActive:
            ended, self._query = self._query, None
            job.forget()
            self._failures = 0 if job.batches > self._landed else self._failures + 1
            first, longest = _PAUSE
            self._not_before = time.monotonic() + min(longest, first * 2 ** min(self._failures, 10))
            raise job.fault(ended.exception())
        return True

    def finish(self) -> None:
        """Ends the query between two batches."""
        query, self._query = self._query, None
        if query is None:
            return
        until = time.monotonic() + _PATIENCE
        try:
            while query.isActive and query.status["isTriggerActive"] and time.monotonic() < until:
                time.sleep(_LOOK)
            query.stop()
            if self._made is not None:
                self._made.forget()
        except Exception as error:  # noqa: BLE001 - Java has gone, and the query with it
            _log.warning("The query of %s could not be ended: %s", self._table, type(error).__name__)

    def ran(self) -> Ran | None:
        """What it did; None where it never had its turn."""
        return None if self._made is None else self._made.ran()
