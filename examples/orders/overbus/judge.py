"""The judge: what was sent, held against what arrived, in plain Python."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec


class Seen(NamedTuple):
    """One event, or what became of one.

    Attributes:
        id: like no other.
        stream: in which it has an order.
        version: its place there.
    """

    id: str
    stream: str
    version: int


class Counts(msgspec.Struct, frozen=True):
    """What a judge counted.

    Attributes:
        sent: what there was to be received.
        received: what of it arrived, each counted once.
        doubled: how often something arrived that had arrived before.
        disordered: what arrived after something that follows it in its stream.
        strange: what arrived and was never sent.
    """

    sent: int
    received: int
    doubled: int
    disordered: int
    strange: int

    def wrong(self, what: str) -> Iterator[str]:
        """What is wrong, in words."""
        if self.received < self.sent:
            yield f"{what}: {self.sent - self.received:,} of {self.sent:,} were lost"
        for count, word in (
            (self.doubled, "arrived twice"),
            (self.disordered, "arrived out of order"),
            (self.strange, "arrived and was never sent"),
        ):
            if count:
                yield f"{what}: {count:,} {word}"


def count(sent: Iterable[Seen], arrived: Iterable[Seen]) -> Counts:
    """Counts.

    Args:
        sent: in any order.
        arrived: in the order in which it did.
    """
    wanted = {one.id for one in sent}
    times: Counter[str] = Counter()
    last: dict[str, int] = {}
    disordered = 0
    for one in arrived:
        times[one.id] += 1
        if times[one.id] > 1:
            continue  # that it came again says nothing of the order
        disordered += one.version < last.get(one.stream, 0)
        last[one.stream] = max(one.version, last.get(one.stream, 0))
    return Counts(
        sent=len(wanted),
        received=len(wanted & times.keys()),
        doubled=sum(n - 1 for n in times.values()),
        disordered=disordered,
        strange=len(times.keys() - wanted),
    )
