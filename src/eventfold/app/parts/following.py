"""`WithFollowers`: the tables of a live app follow their log, once or for as long as the process runs."""

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import groupby

from eventfold.app.copying import Copying, keeping
from eventfold.app.handling.handling import Handling
from eventfold.app.parts.tables import WithTables
from eventfold.app.pulse import Pulse
from eventfold.app.status import CaughtUp, TableCaughtUp
from eventfold.errors import EventfoldError
from eventfold.feed.cursor import Cursor
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.loop import Follower, Loop, catch_up
from eventfold.feed.shared import Pages, SharedReads
from eventfold.readmodels.counting.unknown import told
from eventfold.readmodels.folding.projector import Read
from eventfold.readmodels.following.apart import apart
from eventfold.readmodels.following.catching import CatchingUp
from eventfold.readmodels.following.ledger import LedgerKeeper
from eventfold.readmodels.following.worker import TableWorker
from eventfold.readmodels.lakecopy.through import PagesThrough
from eventfold.readmodels.telling import parked_warnings

_log = logging.getLogger("eventfold.live")
COPY_SECONDS = 5.0
"""Between two commits of the copy of the log, where nothing else is said."""


class WithFollowers(WithTables):
    """What of a live app follows its log."""

    pulse: Pulse
    _copying: Copying | None
    _handling: Handling
    _warned: set[tuple[str, str]]

    def catch_up(
        self, *, progress: Callable[[int, int | None], object] | None = None, timeout: float = 60.0
    ) -> CaughtUp:
        """Folds everything that is in the log into every table and publishes it; tells what was done, and what waits.

        Where a copy of the log is kept in the lake, it is brought to the end of the log last.

        A table that another worker keeps is waited for, until that one has come to where the log ends now and has
        published it. What a worker left that has ended is taken over at once; one of which nothing is known, as in
        another container, keeps its table for up to half a minute after its last sign.

        Args:
            progress: called after each page with the events done, by all tables together, and, where they can be
                counted, all that there are to do.
            timeout: seconds to wait for another worker.

        Raises:
            TableBehind: another worker keeps a table and does not come as far within that time.
            OwnerFenced: a worker of which nothing is known holds a table for longer.
            LogMismatch, TableInvalid: a table and the log do not belong together, or its definition changed.
            EventfoldError: a table cannot go on; the others have, and the sentence names all that could not.
        """
        read = SharedReads(self._pages()).read
        workers = self._workers(read=read)
        feed, target = self.store.feed(), list[Cursor]()

        def end() -> Cursor:
            """Of the log, as it was when it was first asked for: by nobody, where no table is another's."""
            target[:] = target or [feed.end()]
            return target[0]

        reaching = [CatchingUp(worker, feed, target=end, timeout=timeout) for worker in workers]
        followers = self._followers(reaching, read)
        if progress is None:
            catch_up(followers)
            return self._caught_up(workers)
        total = self._lag()

        def show() -> None:
            left = self._lag() if total is not None else None
            if total is None or left is None:
                progress(sum(worker.handled for worker in workers), None)
            else:
                progress(max(0, total - left), total)

        catch_up(followers, progress=show)
        return self._caught_up(workers)

    def run(self, stop: threading.Event, *, every: float | None = None) -> None:
        """Keeps tables, and the copy of the log if one is kept, up to date and runs every handler until `stop` is set.

        What another worker has is taken over when that one ends. Each place where a table is published has a thread of
        its own: one that is slow, or does not answer, holds up neither folds nor other places. Handlers run in threads
        of their own, and are left within ten seconds, whatever hangs. A table or a handler that cannot go on stops
        alone, which `pulse` tells.

        Args:
            stop: set it from a signal handler or another thread.
            every: seconds between two publications in one place, at least; None: what suits the place, 5 s for a lake.

        Raises:
            ConfigInvalid: a handler names a target that the app was not opened with.
            StoreFenced: the log takes nothing any more until it is opened again.
            HandlerCrashed: a handler's worker ended by an error that is none of eventfold's.
            EventfoldError: nothing can go on.
        """
        with (
            self._handling.running(stop) as others,
            keeping(self._copying, stop, self.pulse, COPY_SECONDS if every is None else every) as copies,
        ):
            read = SharedReads(self._pages()).read
            workers = self._workers(every, read)
            followers = self._followers(workers, read, self._tell_unknown)
            if followers:
                try:
                    loop = Loop(followers, self.store.feed())
                    with self.pulse.of(loop), apart(workers, others.stop):
                        loop.run(others.stop)
                except EventfoldError:
                    if not others and not copies:
                        raise
                    _log.exception("No table goes on; handlers do")
            others.wait()

    def _pages(self) -> Pages:
        """The feed; where a service keeps the log, what its copy has is not asked of it again."""
        feed = self.store.feed()
        if self._copying is None or self._copying.feed is not feed or feed.capabilities.countable:
            return feed
        return PagesThrough(self._copying.table, feed)

    def _lag(self) -> int | None:
        """What all tables have to look at still; None where it cannot be counted."""
        feed = self.store.feed()
        lags = [feed.lag(table.live().head().cursor) for table in self.tables]
        counted = [lag for lag in lags if lag is not None]
        return sum(counted) if len(counted) == len(lags) else None

    def _followers(
        self, workers: Sequence[Follower], read: Read, met: Callable[[], object] | None = None
    ) -> list[Follower]:
        """The workers, with the ledger behind the first."""
        if not workers:
            return []
        return [LedgerKeeper(workers[0], self._ledger(), read, self.store.feed(), met), *workers[1:]]

    def _caught_up(self, workers: Sequence[TableWorker]) -> CaughtUp:
        copied = self._copying.catch_up() if self._copying is not None else None
        unknown = self.unknown()
        parked = {table.name: count for table in self.tables if (count := table.live().head().parked)}
        warnings = [*parked_warnings(parked), *told(unknown)]
        tables = [
            TableCaughtUp(name=worker.table, events=worker.handled, published=worker.made)
            for worker in workers
        ]
        return CaughtUp(tables=tables, unknown=unknown, parked=parked, warnings=warnings, copied=copied)

    def _tell_unknown(self) -> None:
        """Says once of each table which types it misses, and again where there are more."""
        for table, types in groupby(self.unknown() or (), key=lambda one: one.table):
            found = list(types)
            names = {(table, one.type) for one in found}
            if not names <= self._warned:
                self._warned |= names
                _log.warning("%s", told(found)[0])

    def _workers(self, every: float | None = None, read: Read | None = None) -> list[TableWorker]:
        owner = new_owner()
        return [
            TableWorker(
                table.live,
                self.store.feed(),
                self.app.registry,
                owner=owner,
                publication=table.publication,
                others=table.others,
                every=every,
                keep=table.keep,
                read=read,
            )
            for table in self.tables
        ]
