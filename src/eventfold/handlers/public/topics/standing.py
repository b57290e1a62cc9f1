"""How the sources stand that are received from topics, by what their receivers keep with the log."""

from datetime import datetime
from typing import Literal

import msgspec

from eventfold.errors import EventfoldError
from eventfold.events.envelope import from_us
from eventfold.feed.effects.port import Effects
from eventfold.feed.leases.owner import life, shown
from eventfold.handlers.public.topics.offsets import PREFIX, read_ends


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One source that is received from a topic.

    Attributes:
        name: of the source, as `consume` names it.
        topic: where its events come from.
        state: `runs`: a receiver reads; `stands`: none does.
        lag: offsets of the topic that were not read when the receiver last looked at its ends, markers of
            transactions among them; None where it never has, or where that cannot be told.
        looked: when that was.
        workers: who reads.
    """

    name: str
    topic: str
    state: Literal["runs", "stands"]
    lag: int | None = None
    looked: datetime | None = None
    workers: list[str] = []


def sources(effects: Effects) -> list[SourceStatus]:
    """Those that a log receives, in order.

    Raises:
        StorageError: it could not be read.
    """
    return [_standing(effects, reader) for reader in effects.readers() if reader.startswith(PREFIX)]


def _standing(effects: Effects, reader: str) -> SourceStatus:
    name, _, topic = reader.removeprefix(PREFIX).partition(":")
    owners = {one.owner for one in effects.all(reader) if one.owner and life(one.owner) != "ended"}
    try:
        ends = read_ends(effects, reader)
    except EventfoldError:  # of a later release
        ends = None
    return SourceStatus(
        name=name,
        topic=topic,
        state="runs" if owners else "stands",
        lag=None if ends is None else ends.behind,
        looked=None if ends is None else from_us(ends.at_us),
        workers=sorted(map(shown, owners)),
    )
