"""How fresh a table is: how old the first event is that it does not show, and what that waits for."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from eventfold.errors import StorageBusy
from eventfold.feed.age import age
from eventfold.feed.leases.owner import life
from eventfold.feed.port import Feed
from eventfold.readmodels.port import Head, TableState
from eventfold.readmodels.publishing.standing import PlaceStatus

Waits = Literal["nothing", "parked", "lease", "throttle", "backlog"]
"""`nothing`: every event is seen. `parked`: all but those of parked streams, which wait for a person. `lease`: no
worker has the table. `throttle`: a service takes no more just now. `backlog`: a worker is at it."""
STATE = "state"
"""The place where a table is folded, as it is told beside those where it is published."""


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """One table at one moment.

    Attributes:
        seconds: how long ago the first event was recorded that is not seen in every place; 0 where none is missing.
        place: where it is missing for the longest: `state`, or a place where the table is published; empty where
            nothing is.
        waits: what it waits for.
        fresh: seconds that an event may wait, as the table declares; None where it declares nothing.
        stale: whether one waits for longer.
    """

    seconds: float
    place: str
    waits: Waits
    fresh: float | None
    stale: bool


def freshness(state: TableState, head: Head, feed: Feed, places: Sequence[PlaceStatus]) -> Freshness:
    """How fresh a table is.

    Args:
        state: of the table.
        head: where it stands.
        feed: of the log.
        places: where it is published.
    """
    ages = {STATE: age(feed, head.cursor), **{one.place: one.seconds or 0.0 for one in places}}
    oldest = max(ages, key=lambda place: ages[place])
    seconds, budget = ages[oldest], state.layout.spec.fresh
    return Freshness(
        seconds=seconds,
        place=oldest if seconds else "",
        waits=_waits(state, places) if seconds else "parked" if head.parked else "nothing",
        fresh=budget,
        stale=budget is not None and seconds > budget,
    )


def _waits(state: TableState, places: Sequence[PlaceStatus]) -> Waits:
    holder = state.holder()
    if not holder or life(holder) == "ended":
        return "lease"
    return "throttle" if any(place.code == StorageBusy.code for place in places) else "backlog"
