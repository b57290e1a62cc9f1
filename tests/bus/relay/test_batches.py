"""A relay reads the rows of a log, where it has any, or its events: both ways it sends the same."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.bus.marks import Marks, Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message
from eventfold.bus.relay.batches import Batches
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed, Page
from eventfold.feed.rows import RowFeed, RowPage
from eventfold.store.open import open_store
from eventfold.store.port import Store
from tests.bus.relay.making import fill

COUNT, EVENTS = 3, 40


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with open_store("sqlite://") as store:
        fill(store, EVENTS, streams=5)
        yield store


class Counted:
    """A feed that counts its reads; with rows or without."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.reads: list[str] = []

    def __getattr__(self, name: str) -> object:
        if name == "rows":
            raise AttributeError(name)
        return getattr(self._feed, name)

    def read(self, after: Cursor, limit: int) -> Page:
        self.reads.append("events")
        return self._feed.read(after, limit)


class WithRows(Counted):
    def rows(self, after: Cursor, limit: int) -> RowPage:
        self.reads.append("rows")
        assert isinstance(self._feed, RowFeed)
        return self._feed.rows(after, limit)


def sent_by(feed: Feed, start: Cursor, sent: Sequence[Marks], page: int) -> tuple[list[Message], int, int]:
    """All messages, how many events were sent, and how many were known."""
    batches = Batches(feed, MessageEncoder(feed.log_id, COUNT), sent, page)
    messages: list[Message] = []
    fresh = known = 0
    while True:
        batch = batches.read(start)
        messages += batch.messages
        fresh, known, start = fresh + batch.fresh, known + batch.known, batch.cursor
        if batch.caught_up:
            return messages, fresh, known


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, EVENTS), min_size=COUNT, max_size=COUNT),
    st.integers(1, EVENTS + 1),
    st.booleans(),
)
def test_rows_and_events_give_the_same_messages(
    store: Store, at: list[int], page: int, is_whole: bool
) -> None:
    """Whatever each partition of the topic has."""
    feed = store.feed()
    versions = {event.position: event.version for event in feed.read(feed.start(), EVENTS).events}
    start = feed.start() if is_whole else feed.at_position(min(at))
    marks = [
        [Marks({"0": Place(position, versions[position])} if position else {}) for position in at]
        for _ in "ab"
    ]
    with_rows, without = WithRows(feed), Counted(feed)
    found = sent_by(with_rows, start, marks[0], page)  # type: ignore[arg-type]  # the rest of a feed is that of another
    wanted = sent_by(without, start, marks[1], page)  # type: ignore[arg-type]  # so too
    assert found == wanted
    assert [mark.last for mark in marks[0]] == [mark.last for mark in marks[1]]
    assert set(without.reads) == {"events"}
    assert ("rows" in with_rows.reads) or any(at)


def test_what_a_topic_has_is_not_read_as_rows_and_what_stands_behind_it_is(store: Store) -> None:
    feed = WithRows(store.feed())
    sent_by(feed, store.feed().start(), [Marks({"0": Place(7, 2)})] * COUNT, 5)  # type: ignore[arg-type]  # as above
    assert feed.reads == ["events"] * 2 + ["rows"] * 6


def test_rows_are_the_events_of_the_same_page(store: Store) -> None:
    feed = store.feed()
    assert isinstance(feed, RowFeed)
    for after in (feed.start(), feed.at_position(3), feed.end()):
        for limit in (1, 7, EVENTS + 1):
            page, rows = feed.read(after, limit), feed.rows(after, limit)
            assert [rows.event(row) for row in rows.rows] == list(page.events)
            assert (rows.cursor, rows.caught_up, rows.partition) == (page.cursor, page.caught_up, "0")
