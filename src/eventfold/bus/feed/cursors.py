"""Cursors of a topic and cursors of its log: the same places, with other tokens."""

from collections.abc import Sequence

from eventfold.bus.feed.place import Standing, read_standing, to_token
from eventfold.bus.finding import Holding
from eventfold.feed.cursor import Cursor, Mark

ALONE = "0"
"""The partition of a log that has one for ever, and so orders all its events."""


def own_cursor(cursor: Cursor) -> Cursor | None:
    """A cursor as the log's own feed has it; None where it stands between two that the relay had."""
    marks: dict[str, Mark] = {}
    for name, mark in cursor.marks.items():
        standing = read_standing(mark)
        if standing is not None and not standing.own and name != ALONE and mark.position:
            return None
        marks[name] = mark if standing is None else Mark(mark.position, mark.event, standing.own)
    return Cursor(cursor.log, marks)


def bare(cursor: Cursor) -> Cursor:
    """Positions and no more: what is compared."""
    return own_cursor(cursor) or Cursor(
        cursor.log, {n: Mark(m.position, m.event) for n, m in cursor.marks.items()}
    )


def least(holdings: Sequence[Holding], identity: str) -> dict[str, Mark]:
    """How far every partition of the topic has come, at least."""
    told = [holding.cursor for holding in holdings if holding.cursor is not None]
    first = min(told, key=lambda cursor: sum(mark.position for mark in cursor.marks.values()))
    found: dict[str, Mark] = {}
    for name in first.marks:
        marks = [cursor.marks[name] for cursor in told if name in cursor.marks]
        least = min(marks, key=lambda mark: mark.position)
        is_one = len(marks) == len(told) and all(mark == least for mark in marks)
        own = least.token if is_one else ""
        found[name] = Mark(least.position, least.event, to_token(Standing(identity, (), own)))
    return found
