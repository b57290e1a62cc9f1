"""How each place where a table is published stands."""

from collections.abc import Sequence

import msgspec

from eventfold.errors import EventfoldError
from eventfold.feed.age import age
from eventfold.feed.port import Feed
from eventfold.readmodels.port import Head, TableState
from eventfold.readmodels.publishing.ownership import is_ours
from eventfold.readmodels.publishing.publication import Publication, Version


class PlaceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a table is published.

    Attributes:
        place: its kind, such as `delta`.
        published: the newest version there; None where there is none.
        unpublished: commits of the state that it does not contain.
        lag: events of the log that it does not contain; None where that cannot be counted, or nothing is there.
        seconds: how long ago the first event was recorded that it does not contain; 0 where it contains all.
        problem: why it cannot be looked at.
        code: of that error.
    """

    place: str
    published: int | None = None
    unpublished: int = 0
    lag: int | None = None
    seconds: float | None = None
    problem: str = ""
    code: str = ""


def standing(publications: Sequence[Publication], state: TableState, feed: Feed) -> list[PlaceStatus]:
    """Each of them, whatever becomes of the others.

    Args:
        publications: of one table.
        state: of that table.
        feed: of the log.
    """
    return [_standing(one, state, feed) for one in publications]


def _standing(publication: Publication, state: TableState, feed: Feed) -> PlaceStatus:
    try:
        version = publication.head()
        if version is None:
            seconds = age(feed, feed.start())
            return PlaceStatus(place=publication.kind, unpublished=state.head().change, seconds=seconds)
        ours = is_ours(version.stamp, state.owned(publication.kind))
        return PlaceStatus(
            place=publication.kind,
            published=version.number,
            unpublished=unpublished(state.head(), version) if ours else 0,
            lag=feed.lag(version.stamp.cursor),
            seconds=age(feed, version.stamp.cursor),
        )
    except EventfoldError as error:
        return PlaceStatus(place=publication.kind, problem=error.message, code=error.code)


def unpublished(head: Head, version: Version) -> int:
    """Commits of a state that a version does not contain."""
    if version.stamp.generation != head.generation:
        same = (version.stamp.cursor, version.stamp.fingerprint) == (head.cursor, head.fingerprint)
        # made anew from what is published; or rebuilt: none of its commits is there
        return 0 if same else head.change
    return max(0, head.change - version.stamp.change)
