"""How far one partition of a topic has come in each partition of the log: what is at or below is there already.

Events of one transaction may share their position; they are of one stream, so that versions tell them apart.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from eventfold.feed.lineage import overlap, within


class Place(NamedTuple):
    """Where an event stands in its partition of the log."""

    position: int
    version: int

    def __str__(self) -> str:
        return f"{self.position}.{self.version}"


NOWHERE = Place(0, 0)
"""Before the first event."""


class Marks:
    """The last event of each partition of the log; where a partition was split, what it came from counts too.

    Args:
        last: partition of the log -> its last event.
    """

    def __init__(self, last: Mapping[str, Place] | None = None) -> None:
        self._last: dict[str, Place] = dict(last or {})
        self._kin: dict[str, tuple[str, ...]] = {}
        """Partition -> those that overlap it: none but itself, until one is split."""

    @property
    def last(self) -> Mapping[str, Place]:
        """Partition of the log -> its last event."""
        return self._last

    def own(self, partition: str) -> Place:
        """The last event under this very name."""
        return self._last.get(partition, NOWHERE)

    def reached(self, partition: str) -> Place:
        """The last event that any of those holds that overlap a partition."""
        kin = self._kin.get(partition)
        if kin is None:
            kin = self._kin[partition] = tuple(name for name in self._last if overlap(name, partition))
        return max((self._last[name] for name in kin), default=NOWHERE)

    def take(self, partition: str, place: Place) -> Place | None:
        """Counts an event in; the last one before it under that name, or None where it is there already."""
        last, kin = self._last, self._kin.get(partition)
        if kin is None or len(kin) != 1 or partition not in last:
            if place <= self.reached(partition):
                return None
            before = self.own(partition)
            self.add(partition, place)
            return before
        before = last[partition]
        if place <= before:
            return None
        last[partition] = place
        return before

    def add(self, partition: str, place: Place) -> None:
        """An event is there now."""
        if partition not in self._last:
            self._kin.clear()
        elif place < self._last[partition]:
            return
        self._last[partition] = place

    def parts(self, partition: str) -> Collection[str]:
        """Those that came of a partition."""
        return [name for name in self._last if name != partition and within(name, partition)]
