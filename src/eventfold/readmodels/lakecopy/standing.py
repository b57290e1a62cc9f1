"""How a lake copy stands."""

import msgspec

from eventfold.errors import EventfoldError
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.words import how_many


class CopyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of a log in the lake.

    Attributes:
        events: how many it has; None where there is no copy yet.
        lag: events of the log that it has not; None where that cannot be counted.
        cursor: its last border: it has every event up to there.
        commits: that brought events.
        files: of its newest version.
        bytes: of these files.
        problem: why it does not go on, if it does not.
    """

    events: int | None = None
    lag: int | None = None
    cursor: Cursor | None = None
    commits: int = 0
    files: int = 0
    bytes: int = 0
    problem: str = ""

    def told(self) -> str:
        """The same in one sentence."""
        if self.problem:
            return f"lake copy: {self.problem}"
        if self.events is None:
            return "lake copy: none yet; `eventfold run` makes it"
        behind = "" if self.lag is None else f", {how_many(self.lag, 'event')} behind"
        files = how_many(self.files, "file")
        return f"lake copy: {how_many(self.events, 'event')}{behind}; {files} of {self.bytes / 1e6:,.1f} MB"


def standing(table: CopyTable, feed: Feed) -> CopyStatus:
    """How a copy stands now; what is wrong with it is told and not raised.

    Args:
        table: the copy.
        feed: of the log.
    """
    try:
        head = table.head()
        if head is None:
            return CopyStatus()
        cursor, size = head.stamp.cursor, table.size()
        return CopyStatus(
            events=head.stamp.total,
            lag=feed.lag(cursor),
            cursor=cursor,
            commits=head.stamp.commit,
            files=size.files,
            bytes=size.bytes,
        )
    except EventfoldError as error:
        return CopyStatus(problem=error.message)
