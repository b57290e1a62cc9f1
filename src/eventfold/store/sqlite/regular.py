"""From where on a log holds only what appends take today: `regular_after` is the last position where that is unknown.

Engines read irregular JSON each in its way (a key that stands twice, NaN), so whoever reads by columns asks which of
the events are irregular. They are looked for up to that position only: a log that began with strict appends costs
nothing. A log of an earlier release gets the position by its next append, and a restore moves it beyond what it brings
back irregular. What a program of an earlier release writes after that is not seen.
"""

from collections.abc import Iterable

import apsw

from eventfold import limits
from eventfold.events.storable import is_storable
from eventfold.store.sqlite.statements import SQL


def is_irregular(data: str, metadata: str) -> bool:
    """Whether an engine might read the JSON of an event otherwise than another one."""
    return not is_storable(data) or (metadata != "{}" and not is_storable(metadata))


def unknown_to(connection: apsw.Connection) -> int:
    """The last position at which an irregular event may stand."""
    if not _kept(connection):
        return limits.INT_MAX
    found: int = connection.execute(SQL["regular_after"]).get
    return found


def begin(connection: apsw.Connection) -> None:
    """Inside a transaction that appends: marks the end of what a log held before appends were strict."""
    if not _kept(connection):
        connection.execute(SQL["regular_begin"])


def note(connection: apsw.Connection, restored: Iterable[tuple[int, str, str]]) -> None:
    """Inside the transaction that restores events: remembers that some of them are irregular.

    Args:
        connection: that writes.
        restored: position, data and metadata of each.
    """
    last = max((at for at, data, metadata in restored if is_irregular(data, metadata)), default=0)
    if last:
        connection.execute(SQL["regular_move"], (last,))


def _kept(connection: apsw.Connection) -> bool:
    return bool(connection.execute(SQL["regular_kept"]).get)
