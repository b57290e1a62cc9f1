"""Reading a log through its copy: up to the last border of the copy from there, and on from the log itself."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from eventfold.errors import CursorInvalid, LogMismatch, LogNotFound, StorageError
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed, Page
from eventfold.readmodels.lakecopy.port import CopyTable

if TYPE_CHECKING:
    import pyarrow as pa

    from eventfold.readmodels.lakecopy.feed import LakeFeed


def through(
    table: CopyTable, feed: Feed, after: Cursor, to: Cursor, columns: Sequence[str]
) -> "Iterator[pa.RecordBatch]":
    """As `Feed.arrow` of the log from its start: the same events in the same order.

    Where there is no copy, or none of its borders stands between the two cursors, all is read from the log.

    Args:
        table: the copy.
        feed: of the log.
        after: the start of the log.
        to: inclusive.
        columns: as for `Feed.arrow`.

    Raises:
        CursorLost: the copy is not known to have what its stamps say.
        LogMismatch: the log no longer has what was copied.
    """
    from eventfold.readmodels.lakecopy.feed import LakeFeed

    try:
        copy = LakeFeed(table, feed)
    except LogNotFound:
        return feed.arrow(after, to, columns)
    border = copy.last(lambda one: feed.compare(one, to) in {"before", "equal"})
    if feed.compare(after, copy.start()) != "equal" or feed.compare(border, after) != "after":
        return feed.arrow(after, to, columns)
    feed.check(border)  # that the log still has what was copied
    return _both(copy, feed, border, to, columns)


class PagesThrough:
    """Pages of a log, of its copy where they begin at a border of that: what the log is not asked for again.

    Args:
        table: the copy.
        feed: of the log.
    """

    def __init__(self, table: CopyTable, feed: Feed) -> None:
        self._table = table
        self._feed = feed
        self._copy: LakeFeed | None = None
        self._ended = False

    def read(self, after: Cursor, limit: int) -> Page:
        """As `Feed.read` of the log; a page of the copy holds whole commits."""
        if not self._ended:
            page = self._copied(after, limit)
            if page is not None:
                return page
        return self._feed.read(after, limit)

    def _copied(self, after: Cursor, limit: int) -> Page | None:
        from eventfold.readmodels.lakecopy.feed import LakeFeed

        try:
            self._copy = self._copy or LakeFeed(self._table, self._feed)
            if not self._copy.lag(after):
                self._ended = True  # from there on the log is ahead of the copy
                return None
            self._feed.check(after)
            page = self._copy.read(after, limit)
        except CursorInvalid:
            return None
        except (LogMismatch, LogNotFound, StorageError):
            self._ended = True  # the log itself says what is wrong, or has it all
            return None
        return Page(page.events, page.cursor, caught_up=False)


def _both(
    copy: Feed, feed: Feed, border: Cursor, to: Cursor, columns: Sequence[str]
) -> "Iterator[pa.RecordBatch]":
    yield from copy.arrow(copy.start(), border, columns)
    yield from feed.arrow(border, to, columns)
