"""Which types of events a log holds: of which categories, how many, since when, under which schema versions."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from eventfold.events.envelope import from_us
from eventfold.extras import needing
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.typecounts import grouped

_COLUMNS = ("stream", "type", "schema_version", "occurred_us")
_AGGREGATES: Sequence[tuple[object, str]] = (
    ([], "count_all"),
    ("occurred_us", "min"),
    ("occurred_us", "max"),
)


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one type in the streams of one category.

    Attributes:
        category: of the streams.
        type: the stored name.
        events: how many there are.
        first: when the first of them happened: the time that was given, else when it was recorded.
        last: when the last of them happened.
        schema_versions: those under which they are stored, ascending.
    """

    category: str
    type: str
    events: int
    first: datetime
    last: datetime
    schema_versions: list[int]


def event_types(feed: Feed, categories: Collection[str] | None = None) -> list[EventType]:
    """What a log holds now, by category and then from the most frequent type on; the log is read once, by columns.

    Args:
        feed: the log.
        categories: only streams of these.

    Raises:
        InvalidStream: a category that no stream can have.
        ExtraMissing: the packages that read by columns are not installed.
    """
    found: dict[tuple[str, str], _Tally] = {}
    with needing("Counting types", "lake"):
        batches = feed.arrow(feed.start(), feed.end(), _COLUMNS, categories=categories)
        for batch in batches:
            for category, name, version, count, first, last in grouped(
                batch, ["type", "schema_version"], _AGGREGATES
            ):
                found.setdefault((category, name), _Tally(first, last)).add(version, count, first, last)
    listed = [
        EventType(
            category=category,
            type=name,
            events=tally.events,
            first=from_us(tally.first),
            last=from_us(tally.last),
            schema_versions=sorted(tally.versions),
        )
        for (category, name), tally in found.items()
    ]
    return sorted(listed, key=lambda one: (one.category, -one.events, one.type))


class _Tally:
    def __init__(self, first: int, last: int) -> None:
        self.events = 0
        self.first = first
        self.last = last
        self.versions: set[int] = set()

    def add(self, version: int, count: int, first: int, last: int) -> None:
        self.events += count
        self.first = min(self.first, first)
        self.last = max(self.last, last)
        self.versions.add(version)
