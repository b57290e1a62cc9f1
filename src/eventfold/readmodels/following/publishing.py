"""A worker's publications: each when it is due, in its own time, and with its own failures."""

import logging
import threading
import time
from collections.abc import Callable

from eventfold.errors import EventfoldError, StaleCursor, StorageError
from eventfold.feed.port import Feed
from eventfold.readmodels.port import TableState
from eventfold.readmodels.publishing.publication import Publication, Version
from eventfold.readmodels.publishing.publisher import KEEP_SECONDS, Publisher

_log = logging.getLogger("eventfold.worker")
SHARE = 5
"""Publishing takes at most about one part in so many of the time, however large the table has grown."""
LONGEST_PAUSE = 60.0
"""Seconds between two attempts, at most, where a publication fails again and again."""


class Publishing:
    """One publication of one table; used by one thread at a time, whichever.

    Args:
        table: its name.
        publication: where it is published.
        feed: compares cursors.
        every: seconds between two publications, at least; None: what suits the place.
        bears: whether the table cannot go on where this publication cannot; the lake, which says who keeps the table.
        keep: seconds for which marks of deletions are kept for a publication that does not come.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        table: str,
        publication: Publication,
        feed: Feed,
        *,
        every: float | None,
        bears: bool = False,
        keep: float = KEEP_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.publication = publication
        self.made: int | None = None
        """The last version that was published here."""
        self.problem = ""
        """Why it could not be published when it was tried last."""
        self.failed: Exception | None = None
        """Why the table cannot go on, until its worker has raised it."""
        self._name = f"{table}, {publication.kind}"
        self._feed = feed
        self._every = publication.capabilities.every if every is None else every
        self._bears = bears
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = False
        self._failures = 0
        self.due = clock() + self._every
        """When it is published next, by the clock."""

    def turn(self, state: TableState) -> None:
        """Publishes what the table has, if it is time to; a place that is not there for a while stops nothing.

        Raises:
            EventfoldError: of a publication without which the table cannot go on, where no repeat mends it.
        """
        if self._clock() < self.due:
            return
        began = self._clock()
        try:
            self.publish(
                state, complete=not self._looked
            )  # once, and at the end: there may be thousands of files
        except (StorageError, StaleCursor) as error:
            self._missed(error)
        except EventfoldError as error:
            self._missed(error)
            if self._bears:
                raise
        else:
            self._looked = True
            took = self._clock() - began
            self.due = self._clock() + max(self._every, SHARE * took)

    def publish(self, state: TableState, *, complete: bool) -> Version | None:
        """Publishes what the table has now; see `Publisher.publish`."""
        with self._lock:
            publisher = Publisher(state, self.publication, self._feed, keep=self._keep)
            made = publisher.publish(complete=complete)
        self.made = self.made if made is None else made.number
        self.problem, self._failures = "", 0
        return made

    def _missed(self, error: EventfoldError) -> None:
        if error.message != self.problem:
            _log.warning("table %s is not published now: %s", self._name, error)
        self.problem = error.message
        # the lake keeps its interval: others wait for it, as `catch_up` of another process
        pause = self._every if self._bears else max(self._every, min(LONGEST_PAUSE, 0.5 * 2**self._failures))
        self._failures = min(self._failures + 1, 10)
        self.due = self._clock() + pause
