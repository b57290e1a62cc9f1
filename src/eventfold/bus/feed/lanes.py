"""What waits to be given: in lanes, each of one partition of the log in one of the topic, in the order of its places.

A relay sends the events of a lane in their order, so that lanes are merged piece by piece and not event by event.
"""

from bisect import bisect_left, bisect_right
from operator import attrgetter

from eventfold.bus.marks import NOWHERE, Place
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Mark

position_of = attrgetter("position")
place_of = attrgetter("position", "version")


class Lane:
    """Events of one partition of the log in one partition of the topic that were read and not given.

    Args:
        name: of the partition of the log.
        part: what they are given with; None: nobody here reads that partition.
    """

    def __init__(self, name: str, part: "Part | None") -> None:
        self.name = name
        self.part = part
        self.position, self.version = NOWHERE
        """Of the last event that was read, whether it waits or not."""
        self.text = b""
        """It as the next message names it; empty where nobody knows how it would."""
        self.events: list[RecordedEvent] = []
        self.offsets: list[int] = []
        """Where those stand in the topic; ascending."""
        self.ready = 0
        """How many of them are ready to be given."""
        self.others: list[Lane] = []
        """Of the same part and partition of the topic: after a split an event may come under two names."""

    @property
    def place(self) -> Place:
        """Of the last event that was read."""
        return Place(self.position, self.version)

    def take(self, event: RecordedEvent, offset: int, before: bytes, place: bytes) -> bool:
        """Keeps an event where it is the next; see `Taker`."""
        part, position, version = self.part, event.position, event.version
        if before != self.text or part is None or self.others:
            return False
        if position < self.position or (position == self.position and version <= self.version):
            return False
        self.position, self.version, self.text = position, version, place
        if position > part.mark.position:
            self.events.append(event)
            self.offsets.append(offset)
        return True

    def has_come(self, place: Place) -> None:
        """An event has, perhaps once more."""
        self.position, self.version = max(self.place, place)
        self.text = str(self.place).encode()

    def copy(self) -> "Lane":
        """The same events once more."""
        found = Lane(self.name, self.part)
        found.events, found.offsets = list(self.events), list(self.offsets)
        return found

    def has(self, event: RecordedEvent) -> bool:
        """Whether it waits here."""
        if not self.events or event.position > self.events[-1].position:
            return False
        first = bisect_left(self.events, place_of(event), key=place_of)
        last = bisect_right(self.events, place_of(event), first, key=place_of)
        return any(other.id_bytes == event.id_bytes for other in self.events[first:last])

    def insert(self, event: RecordedEvent, offset: int) -> bool:
        """Puts an event at its place; whether it was overtaken by others."""
        at = bisect_right(self.events, place_of(event), key=place_of)
        self.events.insert(at, event)
        self.offsets.insert(at, min(self.offsets[at : at + 1], default=offset))
        return at < len(self.events) - 1

    def until(self, position: int) -> int:
        """How many of the events stand at or below a position."""
        if self.events and self.events[-1].position <= position:
            return len(self.events)
        return bisect_right(self.events, position, key=position_of)


class Part:
    """One partition of the log: what of it was given, and what waits.

    Args:
        mark: behind what was given.
    """

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.lanes: list[tuple[int, Lane]] = []
        """With the partition of the topic."""
        self.ready: list[RecordedEvent] = []
        """What may be given, in order."""

    def waits(self, name: str) -> bool:
        """Whether anything of a partition of the log does."""
        return any(lane.events for _, lane in self.lanes if lane.name == name)

    def take_over(self, partition: int, lane: Lane) -> None:
        """A lane of a partition of the topic is given with this part from now on."""
        lane.part, lane.ready = self, 0
        lane.others = [other for n, other in self.lanes if n == partition]
        for other in lane.others:
            other.others.append(lane)
        self.lanes.append((partition, lane))

    def insert(self, lane: Lane, event: RecordedEvent, offset: int) -> None:
        """Keeps an event that came once more, or was overtaken; not one that waits here already."""
        if lane.has(event) or any(other.has(event) for other in lane.others):
            return
        if lane.insert(event, offset):
            self.ready.clear()
            for _, other in self.lanes:
                other.ready = 0

    def make_ready(self, complete: int, ended: str | None) -> None:
        """Takes what is complete into the order in which it is given.

        Args:
            complete: all events up to this position have been read.
            ended: the partition of the log that all events of have been read.
        """
        fresh: list[RecordedEvent] = []
        for _, lane in self.lanes:
            upto = len(lane.events) if lane.name == ended else lane.until(complete)
            if upto > lane.ready:
                fresh += lane.events[lane.ready : upto]
                lane.ready = upto
        if fresh:
            self.ready += fresh
            self.ready.sort(key=position_of)  # stable, and quick where pieces are in order already

    def give(self, limit: int) -> list[RecordedEvent]:
        """The next that are ready, about so many: those that share a position are not torn apart."""
        ready, upto = self.ready, limit
        if upto < len(ready):
            upto = bisect_right(ready, ready[upto - 1].position, upto, key=position_of)
        given = ready[:upto]
        del ready[:upto]
        if given:
            self.mark = Mark(given[-1].position, given[-1].id_bytes.hex())
        return given

    def pass_on(self) -> None:
        """Forgets what was given."""
        for _, lane in self.lanes:
            given = min(lane.ready, lane.until(self.mark.position))
            del lane.events[:given], lane.offsets[:given]
            lane.ready -= given

    def first(self, partition: int, otherwise: int) -> int:
        """The first offset of a partition of the topic at which something waits."""
        return min(
            (lane.offsets[0] for n, lane in self.lanes if n == partition and lane.offsets), default=otherwise
        )
