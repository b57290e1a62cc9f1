"""Whether a cursor that a person gives says of every event of a log whether it lies before or after it."""

from itertools import count

from eventfold.errors import CursorInvalid, LogMismatch
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed

_TRIED = 20_000


def check_place(feed: Feed, cursor: Cursor, what: str) -> None:
    """Refuses a cursor at which a handler cannot go on.

    Args:
        feed: of the log.
        cursor: given by a person.
        what: it is, as the beginning of a sentence.

    Raises:
        LogMismatch: it is one of another log, or of what this one was before it was restored.
        CursorInvalid: it does not cover the log, or two of its partitions overlap.
    """
    try:
        feed.check(cursor)
    except LogMismatch as error:
        raise type(error)(
            f"{what} is none of this log as it is now. Take one that `eventfold handlers show` or"
            " `eventfold tail --json` tells here, now, or start.",
            **error.facts,
        ) from None
    check_cover(feed, cursor)


def check_cover(feed: Feed, cursor: Cursor) -> None:
    """Refuses a cursor that leaves partitions out, or that has one twice: events would be passed by in silence.

    A partition of a cursor that the feed serves is one of now, or one that some of those came from; so of each of now
    one stream stands for all.

    Raises:
        CursorInvalid: it does not cover the log, or two of its partitions overlap.
    """
    waiting = {partition.name for partition in feed.partitions()}
    now = frozenset(waiting)
    for n in count():
        if not waiting or n == _TRIED:
            return
        stream = f"probe-{n}"
        partition = feed.partition_of(stream, now)
        if partition not in waiting:
            continue
        waiting.discard(partition)
        holders = [name for name in cursor.marks if _holds(feed, stream, name)]
        if len(holders) != 1:
            what = (
                f"{' and '.join(sorted(holders))} overlap" if holders else f"it says nothing of {partition}"
            )
            raise CursorInvalid(
                f"This cursor does not cover the log once: {what}. Take one that `eventfold handlers show` or"
                " `eventfold tail --json` tells."
            )


def _holds(feed: Feed, stream: str, name: str) -> bool:
    try:
        return bool(feed.partition_of(stream, [name]))
    except CursorInvalid:
        return False
