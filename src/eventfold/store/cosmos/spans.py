"""Ranges of the space that a container's partitions divide: the partitions of the feed, named by their borders."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from azure.cosmos import ContainerProxy

from eventfold.errors import CursorInvalid

_HEX = frozenset("0123456789ABCDEFabcdef")


class Span(NamedTuple):
    """A feed range: from `low` up to, and without, `high`; hexadecimal text that compares as it stands."""

    low: str
    high: str

    @property
    def name(self) -> str:
        """The partition's name in cursors."""
        return f"{self.low}-{self.high}"

    @property
    def feed_range(self) -> dict[str, Any]:
        """As the SDK takes it."""
        return {"Range": {"min": self.low, "max": self.high, "isMinInclusive": True, "isMaxInclusive": False}}

    def overlaps(self, other: "Span") -> bool:
        """Whether they share a place."""
        return max(self.low, other.low) < min(self.high, other.high)

    def within(self, other: "Span") -> bool:
        """Whether every place of it is one of the other's."""
        return other.low <= self.low and self.high <= other.high


def read_span(name: str) -> Span:
    """The span of a partition's name; CursorInvalid where it is none."""
    low, dash, high = name.partition("-")
    if not dash or not _HEX.issuperset(low + high) or low >= high:
        raise CursorInvalid(f"{name[:80]!r} is no partition of a change feed.")
    return Span(low, high)


def spans_of(container: ContainerProxy, *, refresh: bool = False) -> list[Span]:
    """The physical partitions of now, as the SDK knows them."""
    return [_span(found) for found in container.read_feed_ranges(force_refresh=refresh)]


def place_of(container: ContainerProxy, stream: str) -> str:
    """Where a stream stands in the space."""
    return _span(container.feed_range_from_partition_key(stream)).low


def holding(spans: Iterable[Span], place: str) -> Span:
    """The one of some spans that a place belongs to."""
    return next(span for span in spans if span.low <= place < span.high)


def _span(feed_range: Mapping[str, Any]) -> Span:
    borders = feed_range["Range"]
    return Span(borders["min"], borders["max"])
