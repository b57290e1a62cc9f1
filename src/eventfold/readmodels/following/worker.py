"""The follower that keeps one table: it owns the table by a lease, folds page by page and publishes now and then."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from eventfold.errors import CursorLost, OwnerFenced, StaleCursor, StorageError
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.folding.projector import PAGE, Projector, Read, check_definition
from eventfold.readmodels.following.holding import Hold, Rival
from eventfold.readmodels.following.publishing import Publishing
from eventfold.readmodels.port import Head, TableState
from eventfold.readmodels.publishing.ownership import check_owner, is_ours
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.publishing.publisher import KEEP_SECONDS


class TableWorker:
    """Keeps one table up to date; `handled` counts the events it was given, `made` is the last version it published.

    Args:
        open_live: opens the live generation; called again after a rebuild has replaced it.
        feed: what is followed.
        registry: event types and upcasters.
        owner: who this worker is, unlike any other.
        publication: the lake that the table is published in, if any.
        others: the other places where it is published.
        every: seconds between two publications, at least; None: what suits each place.
        keep: seconds for which marks of deletions are kept for a publication that does not come.
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
        others: Sequence[Publication] = (),
        every: float | None = None,
        keep: float = KEEP_SECONDS,
        read: Read | None = None,
    ) -> None:
        self._open_live = open_live
        self._feed = feed
        self._registry = registry
        self._publication = publication
        self._read = read or feed.read
        self.handled = 0
        self.publishes = True
        """Whether it publishes in its own steps; not where that is done apart."""
        self._state = open_live()
        given = [publication] if publication is not None else []
        self.publishings = [
            Publishing(self.table, place, feed, every=every, bears=place is publication, keep=keep)
            for place in (*given, *others)
        ]
        """Its places; the lake, where there is one, is the first."""
        self._projector = Projector(self._state, feed, registry, read=self._read)
        self._hold = Hold(self.table, owner)
        self._allowed = False

    @property
    def made(self) -> int | None:
        """The last version that it published in the lake."""
        return self.publishings[0].made if self._publication is not None else None

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
        self._raise_failed()
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
        for publishing in self.publishings if self.publishes else ():
            self.turn(publishing)
        return page.caught_up

    def turn(self, publishing: Publishing) -> None:
        """Publishes in one place what the table has, if it is time to and this worker has the table.

        Raises:
            EventfoldError: of the lake, where no repeat mends it.
        """
        if self._hold.held:
            publishing.turn(self._state)

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
        """Whether what stands there is published in every place.

        Raises:
            EngineFenced: another engine has the published table, or another state.
        """
        return all(self._contains(one.publication, head) for one in self.publishings)

    def _contains(self, publication: Publication, head: Head) -> bool:
        there = publication.head()
        if there is None:
            return False
        owned = self._state.owned(publication.kind)
        check_owner(there.stamp, owned)
        contained = (there.stamp.generation, there.stamp.change) >= (head.generation, head.change)
        return contained and is_ours(there.stamp, owned) and not publication.lacks_files()

    def ever_published(self) -> bool:
        """Whether anybody has published this table from this state, or is about to."""
        return any(self._state.noted(one.publication.kind) for one in self.publishings)

    def publish(self) -> None:
        """Publishes what the table has in every place, whoever keeps it; looks whether all files are there.

        Raises:
            StaleCursor: others published in the same moment; look again.
            EventfoldError: of the first place that failed; the others were published.
        """
        with ExitStack() as every:
            for one in reversed(self.publishings):
                every.callback(one.publish, self._state, complete=True)

    def _check_owner(self) -> None:
        if self._publication is None or self._allowed:
            return
        with suppress(CursorLost, StorageError):  # told where it is published; no fold waits for a lake
            there = self._publication.head()
            if there is not None:
                check_owner(there.stamp, self._state.owned(self._publication.kind))
        self._allowed = True

    def _raise_failed(self) -> None:
        """Tells what a publication met in a thread of its own, once."""
        for one in self.publishings:
            if one.failed is not None:
                failed, one.failed = one.failed, None
                raise failed

    def _open(self) -> None:
        self._state = self._open_live()
        self._projector = Projector(self._state, self._feed, self._registry, read=self._read)
        self._hold.lose()
