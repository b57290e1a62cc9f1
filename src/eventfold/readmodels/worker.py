"""The follower that keeps one table: it owns the table by a lease, folds page by page and publishes now and then."""

import logging
import time
from collections.abc import Callable

from eventfold.errors import OwnerFenced, StaleCursor, StorageError
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.port import TableState
from eventfold.readmodels.projector import PAGE, Projector, Read
from eventfold.readmodels.publication import Publication
from eventfold.readmodels.publisher import Publisher

_log = logging.getLogger("eventfold.worker")
LEASE_SECONDS = 30.0
SHARE = 5
"""Publishing takes at most about one part in so many of a worker's time, however large the table has grown."""


class TableWorker:
    """Keeps one table up to date; `handled` counts the events it was given.

    Args:
        open_live: opens the live generation; called again after a rebuild has replaced it.
        feed: what is followed.
        registry: event types and upcasters.
        owner: who this worker is, unlike any other.
        publication: where the table is published, if anywhere.
        every: seconds between two publications, at least.
        read: reads pages; default: the feed itself.
    """

    def __init__(
        self,
        open_live: Callable[[], TableState],
        feed: Feed,
        registry: Registry,
        *,
        owner: str,
        publication: Publication | None = None,
        every: float = 5.0,
        read: Read | None = None,
    ) -> None:
        self._open_live = open_live
        self._feed = feed
        self._registry = registry
        self._owner = owner
        self._publication = publication
        self._every = every
        self._read = read or feed.read
        self.handled = 0
        self._leased_until = 0.0
        self._due = time.monotonic() + every
        self._open()

    @property
    def name(self) -> str:
        """The name of the table."""
        return f"table {self._state.layout.spec.name}"

    def where(self) -> Cursor | None:
        """How far the table has been folded."""
        return self._projector.cursor

    def step(self) -> bool:
        """Folds and commits a page, and publishes when it is time to.

        Raises:
            OwnerFenced: another worker keeps the table; try later.
        """
        try:
            self._hold()
            page = self._projector.step(PAGE)
        except StaleCursor:
            self._open()  # rebuilt, or moved by a retry of parked events: begin where it stands now
            return False
        except OwnerFenced:
            self._leased_until = 0.0
            raise
        self.handled += len(page.events)
        if time.monotonic() >= self._due:
            self._publish_or_wait()
        return page.caught_up

    def finish(self) -> None:
        """Publishes what is left and gives the table back."""
        if not self._leased_until:
            return
        try:
            self._publish()
        finally:
            self._leased_until = 0.0
            self._state.release(self._owner)

    def _open(self) -> None:
        self._state = self._open_live()
        self._projector = Projector(self._state, self._feed, self._registry, read=self._read)
        self._leased_until = 0.0

    def _hold(self) -> None:
        """Takes the lease, and renews it in the last two thirds of its time."""
        now = time.monotonic()
        if now > self._leased_until - LEASE_SECONDS * 2 / 3:
            self._projector.epoch = self._state.acquire(self._owner, LEASE_SECONDS)
            self._leased_until = now + LEASE_SECONDS

    def _publish_or_wait(self) -> None:
        """A lake that is not there for a while stops no fold."""
        try:
            self._publish()
        except (StorageError, StaleCursor) as error:
            _log.warning("%s is not published now: %s", self.name, error)
            self._due = time.monotonic() + self._every

    def _publish(self) -> None:
        if self._publication is None:
            return
        began = time.monotonic()
        Publisher(self._state, self._publication, self._feed).publish()
        ended = time.monotonic()
        self._due = ended + max(self._every, SHARE * (ended - began))
