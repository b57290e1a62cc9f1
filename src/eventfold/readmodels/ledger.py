"""The ledger of a log: what each event said when the tables first passed it, so that a later change is found.

One is kept in each state, for all its tables. It follows the tables, and shares the pages that they read.
"""

import logging

from eventfold.errors import LogMismatch, StaleCursor
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Follower
from eventfold.feed.port import Feed
from eventfold.readmodels.port import Ledger
from eventfold.readmodels.projector import PAGE, Read
from eventfold.readmodels.tally import content, tally

_log = logging.getLogger("eventfold.ledger")


class LedgerKeeper:
    """A follower with the ledger behind it: whatever it has passed is recorded.

    Args:
        follower: of a table.
        ledger: where it is kept.
        read: reads pages; shared with the tables, so that nothing is read twice.
    """

    def __init__(self, follower: Follower, ledger: Ledger, read: Read) -> None:
        self._follower = follower
        self._ledger = ledger
        self._read = read
        self._cursor: Cursor | None = None
        self._stopped = False

    @property
    def name(self) -> str:
        """That of the follower."""
        return self._follower.name

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
        """Records the next page; True where the follower has been reached."""
        if self._stopped:
            return True
        if self._cursor is None:
            self._cursor = self._ledger.cursor()
        if self._follower.where() in (None, self._cursor):
            return True
        try:
            page = self._read(self._cursor, PAGE)
        except LogMismatch as error:
            self._stopped = True  # the table goes on or stops by its own cursor; verify tells
            _log.warning("The ledger is not continued, its log is another one or was cut: %s", error)
            return True
        if page.cursor == self._cursor:
            return (
                page.caught_up
            )  # on a feed whose places have several forms: the same place, and nothing to record
        try:
            self._ledger.record(tally(page.events, content), read=self._cursor, then=page.cursor)
        except BaseException as error:
            self._cursor = None  # what is stored now is not known, or another process was quicker
            if not isinstance(error, StaleCursor):
                raise
            return False
        self._cursor = page.cursor
        return page.caught_up


def renew(ledger: Ledger, feed: Feed, at: Cursor) -> None:
    """Begins the ledger anew where a table stands that was rebuilt, if the log is no longer the one it was kept of."""
    try:
        feed.check(ledger.cursor())
    except LogMismatch:
        ledger.restart(at)
