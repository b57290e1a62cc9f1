"""Makes a Delta table so that of all who try at once one succeeds.

The library lets two writers make one table: both are told that they did, and the later one replaces the rows, the
columns and the id of the other. So the table is made beside its place, and brought there file by file; its first
commit comes last, by a put that demands a new name, which is granted once.
"""

import secrets
from collections.abc import Callable

from eventfold.readmodels.delta.commits import commit_name, kept_commits
from eventfold.readmodels.delta.places.port import DATA, Place

_FIRST = commit_name(0)
_ASIDE = f"{DATA}/making"


def make(place: Place, write: Callable[[Place], None]) -> bool:
    """Makes a table; False, and nothing is there of ours but files that no commit names, where there is one already.

    Args:
        place: of the table.
        write: writes it, in one commit, with its files right in its folder, to the place that it is given.

    Raises:
        OSError: as the place raises it; whether there is a table is to be looked up.
    """
    aside = place.below(f"{_ASIDE}/{secrets.token_hex(8)}")
    place.prepare()
    try:
        aside.prepare()
        write(aside)
        first = aside.read(_FIRST)
        if first is None or kept_commits(place):
            return False  # whoever made it has swept ours away; a log that was cleaned up has no first commit any more
        for name in aside.names(""):
            if aside.size(name) is not None:
                aside.move(name, place)
        return place.create(_FIRST, first)
    finally:
        aside.clear()


def sweep(place: Place) -> None:
    """Removes what those have left who died while they made a table that is there by now.

    Whoever makes it still is too late.
    """
    place.below(_ASIDE).clear()
