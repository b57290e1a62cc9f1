"""How far a table is behind is told cheaply, and what cannot be told keeps nobody from an answer."""

import time
from typing import Any

import pytest

from eventfold.errors import ForeignCursor, StorageFailed
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.port import FeedCapabilities
from eventfold.readmodels.port import Head
from eventfold.readmodels.telling import Distance, parked_warnings


def at(position: int) -> Cursor:
    return Cursor("log", {"0": Mark(position)})


def head(position: int) -> Head:
    return Head(generation=1, cursor=at(position), change=1, fingerprint="", epoch=0, parked=0)


class AFeed:
    """A feed that stands at a position and counts what it is asked."""

    def __init__(self, end: int, *, countable: bool) -> None:
        self.capabilities = FeedCapabilities(total_order=True, filters_in_store=True, countable=countable)
        self.stands = end
        self.asked = 0
        self.fails: Exception | None = None

    def lag(self, cursor: Cursor) -> int:
        self.asked += 1
        if self.fails:
            raise self.fails
        return self.stands - cursor.marks["0"].position

    def end(self) -> Cursor:
        self.asked += 1
        if self.fails:
            raise self.fails
        return at(self.stands)

    def compare(self, a: Cursor, b: Cursor) -> str:
        one, other = a.marks["0"].position, b.marks["0"].position
        return "equal" if one == other else "before" if one < other else "after"


def distance(feed: Any) -> Distance:
    return Distance(feed)


def test_a_feed_that_counts_tells_how_many_events_at_every_question() -> None:
    feed = AFeed(7, countable=True)
    behind, warnings = distance(feed)({"boxes": head(6), "owners": head(7), "texts": head(3)})
    assert behind == {"boxes": 1, "texts": 4}
    assert [w.split(" the log")[0] for w in warnings] == [
        "boxes is 1 event behind",
        "texts is 4 events behind",
    ]


def test_the_end_of_a_log_that_a_service_keeps_is_asked_for_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed, clock = AFeed(7, countable=False), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    tell = distance(feed)
    assert tell({"boxes": head(6), "owners": head(7)})[0] == {"boxes": None}
    feed.stands = 9
    assert tell({"boxes": head(7), "owners": head(8)}) == ({}, [])  # beyond the end that is known
    assert feed.asked == 1
    clock[0] += 6
    assert tell({"boxes": head(8), "owners": head(9)})[0] == {"boxes": None}
    assert feed.asked == 2


@pytest.mark.parametrize("countable", [True, False])
@pytest.mark.parametrize("error", [StorageFailed("the service is away"), ForeignCursor("another log")])
def test_what_cannot_be_told_is_said_and_nothing_else_happens(
    error: StorageFailed | ForeignCursor, countable: bool
) -> None:
    feed = AFeed(7, countable=countable)
    feed.fails = error
    behind, (warning,) = distance(feed)({"boxes": head(6)})
    assert behind == {}
    assert warning == f"boxes: it cannot be told whether it is behind the log: {error.message}"


def test_parked_streams_are_counted_in_words() -> None:
    assert parked_warnings({"actors": 3528, "films": 1, "roles": 0}) == [
        "actors: 3,528 streams are parked",
        "films: 1 stream is parked",
    ]
