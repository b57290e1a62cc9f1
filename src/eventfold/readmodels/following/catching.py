"""Catching up once: by folding, or, where another worker keeps the table, by waiting until that one has come as far."""

import time
from collections.abc import Callable

from eventfold.errors import StaleCursor, TableBehind
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.following.worker import TableWorker

POLL_SECONDS = 0.05
PUBLISH_SECONDS = 10.0
"""How long the worker that keeps a table is given to publish what it has folded, before we do."""
FIRST_SECONDS = 1.0
"""The same, where nobody has published the table yet: perhaps that worker publishes nothing."""


class CatchingUp:
    """A follower that reaches the end of the log as it was when it was asked, and then has nothing more to do.

    Args:
        worker: of the table.
        feed: compares cursors.
        target: the end of the log when it was asked; called where another worker keeps the table.
        timeout: seconds to wait for another worker.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        worker: TableWorker,
        feed: Feed,
        *,
        target: Callable[[], Cursor],
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._feed = feed
        self._target = target
        self._timeout = timeout
        self._clock = clock
        self._began: float | None = None
        self._reached: float | None = None

    @property
    def name(self) -> str:
        """That of the worker."""
        return self._worker.name

    def where(self) -> Cursor | None:
        """Where the worker is."""
        return self._worker.where()

    def step(self) -> bool:
        """Lets the worker step; True where the table has come as far as was asked, and is published.

        Raises:
            TableBehind: the worker that keeps the table has not come as far in time.
            OwnerFenced: a worker of which nothing is known holds it for longer.
            TableInvalid: the rows are kept under another definition.
        """
        idle = self._worker.step()
        rival = self._worker.rival
        if rival is None:
            self._began = self._reached = None
            return idle
        now = self._clock()
        self._began = now if self._began is None else self._began
        if self._is_done(now):
            return True
        if now - self._began >= self._timeout:
            if rival.life != "runs":
                raise rival.refusal
            raise TableBehind(
                f"{rival.name} keeps the table {self._worker.table} and has not come to the end of the log within"
                f" {self._timeout:g} s: `eventfold status` shows how far it is; look at that worker, or repeat.",
                table=self._worker.table,
                owner=rival.name,
            )
        time.sleep(POLL_SECONDS)
        return False

    def finish(self) -> None:
        """Lets the worker finish."""
        self._worker.finish()

    def _is_done(self, now: float) -> bool:
        """Whether what was asked for is reached and published; by us, where the other worker does not do it."""
        try:
            head = self._worker.kept()
            if self._feed.compare(head.cursor, self._target()) not in {"equal", "after"}:
                return False
            self._reached = now if self._reached is None else self._reached
            if self._worker.published(head):
                return True
            if not self._is_ours_to_publish(now):
                return False
            self._worker.publish()
            return True
        except StaleCursor:
            return False  # rebuilt, or another published in the same moment: look again

    def _is_ours_to_publish(self, now: float) -> bool:
        """Whether the worker that keeps the table has had its time to do it."""
        assert self._began is not None
        assert self._reached is not None
        given = PUBLISH_SECONDS if self._worker.ever_published() else FIRST_SECONDS
        return now - self._reached >= given or now - self._began >= self._timeout
