"""Which versions a source gave to the events of each stream: double ones and holes, found in one pass."""

from collections.abc import Callable, Collection

SHOWN = 100
"""Versions of one stream that are listed."""


class _Stream:
    """The versions of one stream: everything up to `upto`, and some beyond."""

    def __init__(self, first: int, there: int) -> None:
        self.upto = min(first, there + 1) - 1
        self.beyond: set[int] = set()
        self.double: list[int] = []

    def add(self, version: int) -> None:
        if version <= self.upto or version in self.beyond:
            self.double.append(version)
            return
        self.beyond.add(version)
        while self.upto + 1 in self.beyond:
            self.upto += 1
            self.beyond.discard(self.upto)

    def missing(self) -> list[int]:
        found: list[int] = []
        version = self.upto + 1
        for there in sorted(self.beyond):
            found.extend(range(version, min(there, version + SHOWN)))
            version = there + 1
        return found[:SHOWN]


class Versions:
    """The versions of all streams of a source."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._without: set[str] = set()

    @property
    def streams(self) -> int:
        """How many streams there are."""
        return len(self._streams.keys() | self._without)

    @property
    def names(self) -> Collection[str]:
        """The streams of which versions were given; grows with them."""
        return self._streams.keys()

    def add(self, stream: str, version: object, head: Callable[[str], int] = lambda _: 0) -> None:
        """Notes the version that a source gave to an event; without one nothing can be said of it.

        Args:
            stream: of the event.
            version: its number.
            head: tells how many events of a stream are there already, of a source that goes on where another ended.
        """
        if type(version) is not int:
            self._without.add(stream)
            return
        if stream not in self._streams:
            self._streams[stream] = _Stream(version, head(stream) if version > 1 else 0)
        self._streams[stream].add(version)

    def double(self) -> dict[str, list[int]]:
        """Versions that were given twice, by stream."""
        return {name: s.double[:SHOWN] for name, s in sorted(self._streams.items()) if s.double}

    def missing(self) -> dict[str, list[int]]:
        """Versions below the last one that nobody gave, by stream."""
        return {name: found for name, s in sorted(self._streams.items()) if (found := s.missing())}
