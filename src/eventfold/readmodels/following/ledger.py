"""The ledger of a log: what each event said when the tables first passed it, so that a later change is found.

One is kept in each state, for all its tables. It follows the tables, and shares the pages that they read. In the same
commits events are counted by type, of the log from its start: what was passed before that began is brought in by pages.
"""

import logging
from collections.abc import Callable, Collection

from eventfold.errors import LogMismatch, StaleCursor
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Follower
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.tally import content, tally
from eventfold.readmodels.counting.typecounts import TypeCounts, by_type
from eventfold.readmodels.folding.projector import PAGE, Read

_log = logging.getLogger("eventfold.ledger")
_MORE = 10_000
"""Events of a page that is only counted."""
_ATTEMPTS = 100


class LedgerKeeper:
    """A follower with the ledger behind it: whatever it has passed is recorded.

    Args:
        follower: of a table.
        ledger: where it is kept.
        read: reads pages; shared with the tables, so that nothing is read twice.
        feed: of the log.
        met: called once all types are counted, and again where this keeper has not counted one before.
    """

    def __init__(
        self,
        follower: Follower,
        ledger: Ledger,
        read: Read,
        feed: Feed,
        met: Callable[[], object] | None = None,
    ) -> None:
        self._follower = follower
        self._ledger = ledger
        self._read = read
        self._feed = feed
        self._met = met
        self._types: set[tuple[str, str]] = set()
        self._counted = self._told = False
        self._cursor: Cursor | None = None
        self._stopped = False

    @property
    def name(self) -> str:
        """That of the follower."""
        return self._follower.name

    @property
    def handled(self) -> int | None:
        """What the follower has handled, where it counts it."""
        count: int | None = getattr(self._follower, "handled", None)
        return count

    def where(self) -> Cursor | None:
        """Where the follower is."""
        return self._follower.where()

    def step(self) -> bool:
        """Lets the follower step, then records a page; True where neither has more to do."""
        idle = self._follower.step()
        return self.keep() and idle

    def finish(self) -> None:
        """Lets the follower finish; of the ledger nothing is held back."""
        self._follower.finish()

    def keep(self) -> bool:
        """Records the next page, and counts one of those before it; True where nothing is left of either."""
        if self._stopped:
            return True
        try:
            return self._keep()
        except LogMismatch as error:
            self._stopped = True  # the table goes on or stops by its own cursor; verify tells
            _log.warning("The ledger is not continued, its log is another one or was cut: %s", error)
            return True
        except BaseException as error:
            self._cursor = None  # what is stored now is not known, or another process was quicker
            if not isinstance(error, StaleCursor):
                raise
            return False

    def _keep(self) -> bool:
        if self._cursor is None:
            self._cursor = self._ledger.cursor()
        if not self._counted:
            self._counted = bring_in(self._ledger, self._feed, self._cursor)
            self._tell(())
        if self._follower.where() in (None, self._cursor):
            return self._counted
        page = self._read(self._cursor, PAGE)
        if page.cursor == self._cursor:
            # on a feed whose places have several forms: the same place, and nothing to record
            return page.caught_up and self._counted
        types = by_type(page.events)
        tallies = tally(page.events, content)
        self._counted = self._ledger.record(tallies, types, read=self._cursor, then=page.cursor)
        self._cursor = page.cursor
        self._tell(types)
        return page.caught_up and self._counted

    def _tell(self, types: Collection[tuple[str, str]]) -> None:
        """Has the types looked at when all are counted: once at the beginning, then where new ones came."""
        if self._met is None or not self._counted or (self._told and self._types.issuperset(types)):
            return
        self._told = True
        self._types.update(types)
        self._met()


def renew(ledger: Ledger, feed: Feed, at: Cursor) -> None:
    """Begins the ledger anew where a table stands that was rebuilt, if the log is no longer the one it was kept of."""
    try:
        feed.check(ledger.cursor())
    except LogMismatch:
        ledger.restart(at)


def settle(ledger: Ledger, feed: Feed, counts: TypeCounts, to: Cursor) -> None:
    """Takes over what a reading of the whole log has counted, unless what is kept reaches further.

    Args:
        ledger: where it is kept.
        feed: of the log.
        counts: of every event up to the cursor.
        to: that cursor.
    """
    for _ in range(_ATTEMPTS):
        at = ledger.counted_to()
        if at is not None and _served(feed, at) and feed.compare(at, to) == "after":
            return
        try:
            ledger.count(counts, read=at, then=to, anew=True)
        except StaleCursor:
            continue  # somebody who brings in the same events was quicker by a page
        return


def bring_in(ledger: Ledger, feed: Feed, to: Cursor) -> bool:
    """Counts one more page of what stands before the ledger's cursor and was not counted; True where nothing does.

    A feed that cannot count is a service, where a whole log costs money and time: following it does not read what is
    behind. A verify or a rebuild, which read everything, count it.

    Args:
        ledger: where it is kept.
        feed: of the log.
        to: the cursor of the ledger.

    Raises:
        StaleCursor: another process was quicker.
        LogMismatch: the log is another one, or was cut.
    """
    at = ledger.counted_to()
    if at == to:
        return True  # who reads the next page from there sees whether the log is still the same
    if at is None or not _served(feed, at):
        feed.check(to)
        if not feed.capabilities.countable and feed.compare(feed.start(), to) != "equal":
            return True
        ledger.count({}, read=at, then=feed.start(), anew=True)
        at = feed.start()
    match feed.compare(at, to):
        case "after":
            return True
        case "equal":
            # the same place in another form: from here on both are moved in one commit
            ledger.count({}, read=at, then=to)
            return True
        case _:
            left, beyond = feed.lag(at), feed.lag(to)
            # up to the ledger's place where that can be told, so that the next page of both is one
            most = _MORE if left is None or beyond is None else min(_MORE, max(1, left - beyond))
            page = feed.read(at, most)
            if page.cursor == at:
                return page.caught_up
            ledger.count(by_type(page.events), read=at, then=page.cursor)
            return False


def is_counted(ledger: Ledger, feed: Feed) -> bool:
    """Whether every event that the ledger has passed is counted by type."""
    at, to = ledger.counted_to() or feed.start(), ledger.cursor()
    return at == to or (_served(feed, at) and feed.compare(at, to) in {"equal", "after"})


def _served(feed: Feed, at: Cursor) -> bool:
    """Whether a cursor is of the log that there is now."""
    try:
        feed.check(at)
    except LogMismatch:
        return False
    return True
