"""Places in the change feed, as cursors keep them, and how they compare.

Inside a physical partition the service counts transactions (LSN); that count is the position. After a split each child
goes on counting from its parent's end, so positions compare wherever ranges overlap. A mark of a range that was split
since may have come differently far in each child: `seen` says how far.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from eventfold.errors import CursorInvalid
from eventfold.feed.cursor import Cursor, Mark, Order
from eventfold.store.cosmos.feeding.spans import Span, read_span


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The last transaction delivered from a child of the mark's range, and the id of its last event (hex)."""

    lsn: int
    event: str


class Child(msgspec.Struct, frozen=True, array_like=True):
    """The continuation of a child, opened at "now", to which the mark's own is to be handed over.

    Attributes:
        sdk: the SDK's continuation.
        lsn: where it begins.
        source: the id of the physical partition that gave it.
        passed: the mark's own continuation has delivered everything up to there.
    """

    sdk: str
    lsn: int
    source: str
    passed: bool = False


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a mark's token holds.

    Attributes:
        rid: of the container; another one counts anew.
        sdk: the SDK's continuation, never parsed here.
        floor: transactions up to it were delivered already, before the mark's own continuation began.
        seen: child range -> what was delivered of it, where the mark's range was split.
        children: child range -> what takes over.
    """

    rid: str = ""
    sdk: str = ""
    floor: int = 0
    seen: dict[str, Seen] = {}
    children: dict[str, Child] = {}


def read_place(mark: Mark) -> Place:
    """What the token of a mark holds; CursorInvalid where it is damaged."""
    if not mark.token:
        return Place()
    try:
        return msgspec.json.decode(mark.token, type=Place)
    except msgspec.MsgspecError as error:
        raise CursorInvalid(f"This is not a place in a change feed: {error}.") from None


def to_mark(lsn: int, event: str, place: Place) -> Mark:
    """The mark of a place."""
    return Mark(lsn, event, msgspec.json.encode(place).decode())


def compare(a: Cursor, b: Cursor) -> Order:
    """How two cursors stand to each other, wherever their ranges overlap."""
    left, right = list(_reached(a)), list(_reached(b))
    borders = sorted({border for span, _ in left + right for border in span})
    signs: set[int] = set()
    for low, high in pairwise(borders):
        one, other = _lsn(left, Span(low, high)), _lsn(right, Span(low, high))
        signs.add((one > other) - (one < other))
    signs.discard(0)
    if len(signs) == 2:
        return "mixed"
    return "equal" if not signs else "before" if signs == {-1} else "after"


def reached(cursor: Cursor, place: str) -> int:
    """The transaction up to which the range of a place has been read."""
    return max((lsn for span, lsn in _reached(cursor) if span.low <= place < span.high), default=0)


def _reached(cursor: Cursor) -> Iterator[tuple[Span, int]]:
    for name, mark in cursor.marks.items():
        yield read_span(name), mark.position
        for child, seen in read_place(mark).seen.items():
            yield read_span(child), seen.lsn


def _lsn(marks: list[tuple[Span, int]], cell: Span) -> int:
    return max((lsn for span, lsn in marks if cell.within(span)), default=0)
