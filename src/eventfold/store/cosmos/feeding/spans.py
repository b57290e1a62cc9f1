"""Ranges of the space that a container's partitions divide: the partitions of the feed, named by their borders."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from azure.cosmos import ContainerProxy

from eventfold.errors import CursorInvalid, StorageBusy
from eventfold.store.cosmos.requests.calls import Calls

T = TypeVar("T")
_ATTEMPTS = 20
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

    def holders(self, spans: Iterable["Span"]) -> list["Span"]:
        """Those of some spans that share a place with it."""
        return [other for other in spans if other.overlaps(self)]

    def divided(self, spans: Iterable["Span"]) -> list["Span"]:
        """Its parts, as some spans divide it."""
        return [Span(max(self.low, other.low), min(self.high, other.high)) for other in self.holders(spans)]

    def within(self, other: "Span") -> bool:
        """Whether every place of it is one of the other's."""
        return other.low <= self.low and self.high <= other.high


EVERYWHERE = Span("", "FF")


def read_span(name: str) -> Span:
    """The span of a partition's name; CursorInvalid where it is none."""
    low, dash, high = name.partition("-")
    if not dash or not _HEX.issuperset(low + high) or low >= high:
        raise CursorInvalid(f"{name[:80]!r} is no partition of a change feed.")
    return Span(low, high)


def spans_of(container: ContainerProxy, calls: Calls, *, refresh: bool = False) -> list[Span]:
    """The physical partitions of now, as the SDK knows them.

    Raises:
        StorageError: the service did not tell them.
    """
    return calls.read(
        "reading the partitions",
        lambda: [_span(found) for found in container.read_feed_ranges(force_refresh=refresh)],
    )


def steadily(
    container: ContainerProxy, calls: Calls, within: Span, ask: Callable[[Span], Iterable[T]]
) -> Iterator[T]:
    """The rows of a query over a range, each physical partition asked by itself.

    Where a partition splits while the SDK reads the pages of a query, the SDK begins anew and gives some rows again,
    and after several splits it leaves some out. So what was read of a partition counts only if it is there still;
    else what has taken its place is asked.

    Args:
        container: that is asked.
        calls: makes the requests.
        within: the range.
        ask: gives all rows of a range.

    Raises:
        StorageBusy: partitions came and went all the time.
    """
    waiting, now = [within], spans_of(container, calls, refresh=True)
    for _ in range(_ATTEMPTS):
        asked = [(part, ask(part)) for span in waiting for part in span.divided(now)]
        before, now = now, spans_of(container, calls, refresh=True)
        waiting = [part for part, _ in asked if part.holders(before) != part.holders(now)]
        for part, rows in asked:
            if part not in waiting:
                yield from rows
        if not waiting:
            return
    raise StorageBusy("The partitions of Cosmos DB split and merge all the time; ask again.")


def place_of(container: ContainerProxy, stream: str) -> str:
    """Where a stream stands in the space."""
    return _span(container.feed_range_from_partition_key(stream)).low


def holding(spans: Iterable[Span], place: str) -> Span:
    """The one of some spans that a place belongs to."""
    return next(span for span in spans if span.low <= place < span.high)


def _span(feed_range: Mapping[str, Any]) -> Span:
    borders = feed_range["Range"]
    return Span(borders["min"], borders["max"])
