"""Tallies: how many events stand in a range of positions, and two sums over them by which a single fault is located.

An event's number is taken modulo a prime. The plain sum tells that a range differs; where one event is missing, doubled
or altered, the weighted sum divided by the plain one is the position of that event. Sums do not depend on the order of
the events, nor on the partitions that deliver them: a partition may split while a range is being filled.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from operator import le, mul
from struct import unpack

import msgspec

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor

RANGE = 1_000
"""Positions of one range; part of the stored form."""
PRIME = 2**61 - 1
"""Sums stand below it, and fit where two of them are added in 64 bits."""

Number = Callable[[Sequence[RecordedEvent]], Sequence[int]]
"""Gives the number of each event."""
_encode = msgspec.msgpack.Encoder().encode


class Tally(msgspec.Struct, frozen=True):
    """What stands in one range of positions.

    Attributes:
        range: the positions from `range * RANGE` up to, and without, those of the next range.
        events: how many.
        total: the sum of their numbers.
        weighted: the sum of their numbers, each times its position.
    """

    range: int
    events: int = 0
    total: int = 0
    weighted: int = 0

    @property
    def low(self) -> int:
        """The first position of the range."""
        return max(1, self.range * RANGE)

    @property
    def high(self) -> int:
        """The last position of the range."""
        return (self.range + 1) * RANGE - 1

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.range,
            self.events + other.events,
            (self.total + other.total) % PRIME,
            (self.weighted + other.weighted) % PRIME,
        )

    def minus(self, other: "Tally") -> "Tally":
        """What this one has more than the other; all zero where they agree."""
        return Tally(
            self.range,
            self.events - other.events,
            (self.total - other.total) % PRIME,
            (self.weighted - other.weighted) % PRIME,
        )

    @property
    def is_zero(self) -> bool:
        """Whether a difference is none."""
        return not (self.events or self.total or self.weighted)

    def position(self) -> int | None:
        """Where the fault is, of a difference that one event explains; else None."""
        if not self.total:
            return None
        found = self.weighted * pow(self.total, -1, PRIME) % PRIME
        return found if found // RANGE == self.range else None


class Counted(msgspec.Struct, frozen=True):
    """The tallies of everything between two cursors.

    Attributes:
        since: what stands at or before it was not counted.
        cursor: up to here.
        tallies: by range.
    """

    since: Cursor
    cursor: Cursor
    tallies: Sequence[Tally]


def identity(events: Sequence[RecordedEvent]) -> list[int]:
    """Which events they are: their ids."""
    return [int.from_bytes(event.id_bytes, "big") for event in events]


def content(events: Sequence[RecordedEvent]) -> list[int]:
    """What they say: a hash of everything that a store keeps of an event, but for its place."""
    parts = [
        _encode(
            (
                e.id_bytes,
                e.stream,
                e.version,
                e.type,
                e.schema_version,
                e.recorded_us,
                e.occurred_us,
                e.data,
                e.metadata,
            )
        )
        for e in events
    ]
    digests = b"".join([blake2b(part, digest_size=8).digest() for part in parts])
    return list(unpack(f">{len(events)}Q", digests))


def tally(events: Sequence[RecordedEvent], number: Number) -> list[Tally]:
    """The tallies of some events, by range."""
    positions, numbers = [event.position for event in events], number(events)
    found: dict[int, Tally] = {}
    for low, high in _runs(positions):
        places, values = positions[low:high], numbers[low:high]
        at = places[0] // RANGE
        one = Tally(at, high - low, sum(values) % PRIME, sum(map(mul, values, places)) % PRIME)
        found[at] = found[at].plus(one) if at in found else one
    return [found[at] for at in sorted(found)]


def _runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where runs of positions of one range begin and end; of one partition they grow, of several they need not."""
    low, count = 0, len(positions)
    grows = all(map(le, positions, positions[1:]))
    while low < count:
        border = (positions[low] // RANGE + 1) * RANGE
        if grows:
            high = bisect_left(positions, border, low)
        else:
            beyond = (n for n in range(low, count) if not border - RANGE <= positions[n] < border)
            high = next(beyond, count)
        yield low, high
        low = high


def merged(tallies: Iterable[Tally]) -> dict[int, Tally]:
    """Tallies of the same ranges together, by range."""
    found: dict[int, Tally] = {}
    for one in tallies:
        found[one.range] = found[one.range].plus(one) if one.range in found else one
    return found
