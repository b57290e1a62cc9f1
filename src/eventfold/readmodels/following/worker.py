"""The follower that keeps one table: it owns the table by a lease, folds page by page and publishes now and then."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from eventfold.errors import CursorLost, OwnerFenced, StaleCursor, StorageError
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.folding.projector import PAGE, Projector, Read, check_definition
from eventfold.readmodels.following.holding import Hold, Rival
from eventfold.readmodels.port import Head, TableState
from eventfold.readmodels.publishing.ownership import check_owner, is_ours
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.publishing.publisher import Publisher

_log = logging.getLogger("eventfold.worker")
SHARE = 5
"""Publishing takes at most about one part in so many of a worker's time, however large the table has grown."""


class TableWorker:
    """Keeps one table up to date; `handled` counts the events it was given, `made` is the last version it published.

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
        self._publication = publication
        self._every = every
        self._read = read or feed.read
        self.handled = 0
        self.made: int | None = None
        self._due = time.monotonic() + every
        self._state = open_live()
        self._projector = Projector(self._state, feed, registry, read=self._read)
        self._hold = Hold(self.table, owner)
        self._looked = self._allowed = False

    @property
    def table(self) -> str:
        """The name of the table."""
        return self._state.layout.spec.name

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return f"table {self.table}"

    @property
    def rival(self) -> Rival | None:
        """The worker that has the table instead; None while this one has it."""
        return self._hold.rival

    def where(self) -> Cursor | None:
        """How far the table has been folded; None while another worker keeps it."""
        return None if self._hold.rival is not None else self._projector.cursor

    def step(self) -> bool:
        """Folds and commits a page, and publishes when it is time to; stands by while another worker has the table.

        Raises:
            EngineFenced: another engine has the published table, or another state: looked at before anything is folded,
                and before each publication.
        """
        self._check_owner()
        try:
            epoch = self._hold.take(self._state)
            if epoch is None:
                return True
            self._projector.epoch = epoch
            page = self._projector.step(PAGE)
        except StaleCursor:
            self._open()  # rebuilt, or moved by a retry of parked events: begin where it stands now
            return False
        except OwnerFenced:
            self._hold.lose()  # it has passed on meanwhile, and nothing of the page was committed
            return False
        self.handled += len(page.events)
        if time.monotonic() >= self._due:
            self._publish_or_wait()
        return page.caught_up

    def finish(self) -> None:
        """Publishes what is left and gives the table back; looks whether what is published is all there."""
        if not self._hold.held:
            return
        try:
            self.publish()
        finally:
            self._hold.give_back(self._state)

    def kept(self) -> Head:
        """Where the table stands that another worker keeps.

        Raises:
            StaleCursor: it was rebuilt in this moment; look again.
            TableInvalid: its rows are kept under another definition.
        """
        try:
            head = self._state.head()
        except StaleCursor:
            self._open()
            raise
        check_definition(self._state.layout, head)
        return head

    def published(self, head: Head) -> bool:
        """Whether what stands there is published, or is to be published nowhere.

        Raises:
            EngineFenced: another engine has the published table, or another state.
        """
        if self._publication is None:
            return True
        there = self._publication.head()
        if there is None:
            return False
        owned = self._state.owned(self._publication.kind)
        check_owner(there.stamp, owned)
        contained = (there.stamp.generation, there.stamp.change) >= (head.generation, head.change)
        return contained and is_ours(there.stamp, owned) and not self._publication.lacks_files()

    def ever_published(self) -> bool:
        """Whether anybody has published this table from this state, or is about to."""
        return self._publication is not None and bool(self._state.noted(self._publication.kind))

    def publish(self, *, complete: bool = True) -> None:
        """Publishes what the table has, whoever keeps it.

        Args:
            complete: looks whether the files of what is published are there, too.

        Raises:
            StaleCursor: others published in the same moment; look again.
        """
        if self._publication is not None:
            made = Publisher(self._state, self._publication, self._feed).publish(complete=complete)
            self.made = self.made if made is None else made.number

    def _check_owner(self) -> None:
        if self._publication is None or self._allowed:
            return
        with suppress(CursorLost, StorageError):  # told where it is published; no fold waits for a lake
            there = self._publication.head()
            if there is not None:
                check_owner(there.stamp, self._state.owned(self._publication.kind))
        self._allowed = True

    def _open(self) -> None:
        self._state = self._open_live()
        self._projector = Projector(self._state, self._feed, self._registry, read=self._read)
        self._hold.lose()

    def _publish_or_wait(self) -> None:
        """A lake that is not there for a while stops no fold."""
        try:
            self._publish()
        except (StorageError, StaleCursor) as error:
            _log.warning("%s is not published now: %s", self.name, error)
            self._due = time.monotonic() + self._every

    def _publish(self) -> None:
        began = time.monotonic()
        self.publish(complete=not self._looked)  # once, and when it ends: there may be thousands of files
        self._looked = True
        ended = time.monotonic()
        self._due = ended + max(self._every, SHARE * (ended - began))
