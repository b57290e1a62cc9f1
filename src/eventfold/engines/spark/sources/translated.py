"""Cursors that a table brings from another feed of its log."""

from eventfold.bus.feed.cursors import own_cursor
from eventfold.errors import CursorInvalid
from eventfold.feed.cursor import Cursor


def own(cursor: Cursor) -> Cursor:
    """A cursor as the log itself has it.

    Raises:
        CursorInvalid: it comes from a topic, and stands between two places that its relay told of the log.
    """
    found = own_cursor(cursor)
    if found is None:
        raise CursorInvalid(
            "The table was last kept from the bus, and stands between two places that the relay told of the log: here"
            " nobody knows where that is. Go on from the bus, --from bus, or rebuild it: `eventfold rebuild`."
        )
    return found
