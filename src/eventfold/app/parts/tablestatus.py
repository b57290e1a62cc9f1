"""How one table of a live app stands."""

import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import structs

from eventfold.app.tables import LiveTable
from eventfold.errors import EngineFenced, EventfoldError, StorageBusy
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.following.freshness import STATE, Waits, freshness
from eventfold.readmodels.port import Head
from eventfold.readmodels.publishing.ownership import check_owner, is_ours
from eventfold.readmodels.publishing.publication import Version
from eventfold.readmodels.publishing.standing import PlaceStatus, standing, unpublished

WAITING = {
    "lease": "no worker has it: start one, `eventfold run`",
    "throttle": "a service takes no more just now",
    "backlog": "a worker is at it",
}


class TableStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One table.

    Attributes:
        name: of the table.
        generation: counts its rebuilds.
        lag: events of the log that it has not looked at; None where that cannot be counted.
        cursor: up to where it has looked.
        rows: how many it has.
        rate: events that it looked at a second, where it is behind and was watched.
        parked: streams that wait.
        kept: bytes of rows that an apply replaced, and that are kept for a rollback; None = none are.
        published: the newest published version; None where there is none.
        unpublished: commits of the state that the published version does not contain.
        engine: that keeps the published table; empty where there is none.
        problem: why it does not go on, if it does not.
        places: where it is published, each by itself.
        seconds: how long ago the first event was recorded that is not seen in every place; 0 where none is missing.
        place: where one is missing for the longest: `state`, or a place where it is published.
        waits: what it waits for, see `Waits`; empty where that cannot be told.
        fresh: seconds that an event may wait, as the table declares; None where it declares nothing.
        stale: whether one waits for longer.
    """

    name: str
    generation: int = 0
    lag: int | None = None
    cursor: Cursor | None = None
    rows: int | None = None
    rate: float | None = None
    parked: int = 0
    kept: int | None = None
    published: int | None = None
    unpublished: int = 0
    engine: str = ""
    problem: str = ""
    places: list[PlaceStatus] = []
    seconds: float | None = None
    place: str = ""
    waits: Waits | Literal[""] = ""
    fresh: float | None = None
    stale: bool = False


def table_status(table: LiveTable, feed: Feed) -> TableStatus:
    """How one table stands; what keeps it from being told is its problem."""
    try:
        state = table.live()
        head = state.head()
        version = table.publication.head() if table.publication else None
        owned = state.owned(table.publication.kind) if table.publication else 0
        places = standing(table.publications, state, feed)
        now = freshness(state, head, feed, places)
        return TableStatus(
            name=table.name,
            generation=head.generation,
            lag=feed.lag(head.cursor),
            cursor=head.cursor,
            rows=state.count(),
            parked=head.parked,
            kept=table.kept(),
            published=version.number if version else None,
            unpublished=unpublished(head, version) if version and is_ours(version.stamp, owned) else 0,
            engine=version.stamp.engine if version else "",
            problem=_problem(table, head, version, owned),
            places=places,
            seconds=now.seconds,
            place=now.place,
            waits=now.waits,
            fresh=now.fresh,
            stale=now.stale,
        )
    except StorageBusy as error:
        return TableStatus(name=table.name, problem=str(error), waits="throttle")
    except EventfoldError as error:
        return TableStatus(name=table.name, problem=str(error))


def _problem(table: LiveTable, head: Head, version: Version | None, owned: int) -> str:
    try:
        if version is not None:
            check_owner(version.stamp, owned)
    except EngineFenced as error:
        return error.message
    return (
        ""
        if head.fingerprint == table.layout.fingerprint
        else "its definition changed: `eventfold plan` shows how"
    )


def watched(
    tables: Sequence[LiveTable], before: Sequence[TableStatus], feed: Feed, seconds: float
) -> list[TableStatus]:
    """The same after some seconds, with the rate of those that are behind.

    Args:
        tables: all of them.
        before: how they stood.
        feed: of the log.
        seconds: for which they are watched.
    """
    began = time.monotonic()
    time.sleep(seconds)
    found = []
    for table, earlier in zip(tables, before, strict=True):
        now = table_status(table, feed)
        passed = time.monotonic() - began
        if earlier.lag and earlier.cursor is not None and now.lag is not None:
            # both are counted now: what was appended meanwhile cancels out
            handled = (feed.lag(earlier.cursor) or 0) - now.lag
            now = structs.replace(now, rate=max(0, handled) / passed)
        found.append(now)
    return found


def stale_told(table: TableStatus) -> str:
    """That a table is not as fresh as it declares, in a sentence."""
    assert table.seconds is not None
    assert table.fresh is not None
    where = "" if table.place in {"", STATE} else f" in {table.place}"
    why = WAITING.get(table.waits, table.waits)
    return f"{table.name}: an event has waited for {table.seconds:,.1f} s{where}, {table.fresh:g} s are allowed; {why}"
