"""Following: order, paging, filters, witnesses, moments."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from eventfold.errors import (
    CapabilityMissing,
    CheckpointBeyondHead,
    CursorInvalid,
    ForeignCursor,
    InvalidStream,
    PositionBeyondHead,
    RangeInvalid,
    Refused,
)
from eventfold.events.envelope import RecordedEvent, to_us
from eventfold.feed.cursor import Cursor, Mark, Token, read_cursor
from eventfold.feed.port import ARROW_COLUMNS, Feed
from eventfold.store.port import Store
from eventfold.testing.making import make, make_many, numbers, read_all

MIXED = [
    ("order-1", "A", 0),
    ("cart-1", "B", 0),
    ("order-2", "A", 0),
    ("order-1", "B", 1),
    ("cart-2", "C", 0),
]


def _fill(store: Store) -> None:
    for n, (stream, event_type, expected) in enumerate(MIXED):
        store.append(stream, [make(n, event_type=event_type)], expected=expected)


def by_partition(events: list[RecordedEvent]) -> dict[str, list[str]]:
    """The ids of each partition in their order: what of an order is promised."""
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.partition, []).append(event.id.hex)
    return found


def _stops(feed: Feed) -> set[int]:
    """After how many events there is a cursor; where not everywhere, that is declared."""
    if not feed.capabilities.borders_only:
        return set(range(len(MIXED) + 1))
    cursor, found = feed.start(), [0]
    while (page := feed.read(cursor, 1)).cursor != cursor:
        cursor = page.cursor
        found.append(found[-1] + len(page.events))
    return set(found)


def _refused(feed: Feed, ask: Callable[[], object]) -> tuple[Cursor, Cursor]:
    """The borders beside a place that is refused."""
    with pytest.raises(CursorInvalid) as caught:
        ask()
    lower, upper = (read_cursor(str(caught.value.facts[name])) for name in ("lower", "upper"))
    feed.check(lower)
    feed.check(upper)
    assert feed.compare(lower, upper) == "before"
    return lower, upper


class FeedContract:
    """What a store's feed promises."""

    def test_the_feed_of_an_empty_log_is_caught_up(self, store: Store) -> None:
        feed = store.feed()
        page = feed.read(feed.start(), 10)
        assert (list(page.events), page.caught_up) == ([], True)
        assert feed.compare(page.cursor, feed.end()) == "equal"

    def test_the_feed_gives_every_event_once_in_the_order_of_its_stream(self, store: Store) -> None:
        _fill(store)
        events = read_all(store.feed())
        assert sorted(numbers(events)) == [0, 1, 2, 3, 4]
        assert [e.version for e in events if e.stream == "order-1"] == [1, 2]
        if store.capabilities.total_order:
            assert numbers(events) == [0, 1, 2, 3, 4]
            assert [e.position for e in events] == sorted(e.position for e in events)

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_pages_of_any_size_give_the_same_events(self, store: Store, limit: int) -> None:
        _fill(store)
        found, wanted = read_all(store.feed(), limit=limit), read_all(store.feed())
        assert by_partition(found) == by_partition(wanted)
        assert len(found) == len(MIXED)

    @pytest.mark.parametrize(
        ("categories", "types", "wanted"),
        [
            ({"order"}, None, [0, 2, 3]),
            ({"cart", "order"}, None, [0, 1, 2, 3, 4]),
            (None, {"A"}, [0, 2]),
            (None, {"B", "C"}, [1, 3, 4]),
            ({"order"}, {"B"}, [3]),
            ({"none"}, None, []),
            (None, {"none"}, []),
            (set(), None, []),
        ],
    )
    def test_filters_give_exactly_what_fits_and_still_reach_the_end(
        self, store: Store, categories: set[str] | None, types: set[str] | None, wanted: list[int]
    ) -> None:
        _fill(store)
        feed = store.feed()
        for limit in (1, 2, 100):
            cursor, found = feed.start(), list[RecordedEvent]()
            while True:
                page = feed.read(cursor, limit, categories=categories, types=types)
                found.extend(page.events)
                cursor = page.cursor
                if page.caught_up:
                    break
            assert sorted(numbers(found)) == wanted
            assert feed.compare(cursor, feed.end()) == "equal"

    @pytest.mark.parametrize("category", ["cart-1", "-", "", "a/b", "$all"])
    def test_a_category_that_no_stream_can_have_is_refused_and_never_an_empty_answer(
        self, store: Store, category: str
    ) -> None:
        _fill(store)
        feed = store.feed()
        with pytest.raises(InvalidStream):
            feed.read(feed.start(), 10, categories=[category])
        with pytest.raises(InvalidStream):
            list(store.streams(category))

    def test_a_page_of_no_partition_moves_nothing(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        page = feed.read(feed.start(), 10, partitions=[])
        assert list(page.events) == []
        assert feed.compare(page.cursor, feed.start()) == "equal"

    def test_a_cursor_survives_as_text(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        cursor = feed.read(feed.start(), 3).cursor
        again = read_cursor(cursor.to_json())
        assert again == cursor
        assert len(read_all(feed, again)) == len(read_all(feed, cursor)) < 5

    @pytest.mark.parametrize(
        "text", ["", "{}", "null", "[]", '{"log":1,"marks":{}}', '{"log":"a","marks":{"0":{"position":-1}}}']
    )
    def test_a_damaged_cursor_is_refused(self, text: str) -> None:
        with pytest.raises(CursorInvalid):
            read_cursor(text)

    def test_a_cursor_of_another_log_is_refused_everywhere(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        foreign = Cursor("another", feed.end().marks)
        for ask in (feed.check, feed.lag, lambda c: feed.read(c, 1), lambda c: feed.compare(c, feed.end())):
            with pytest.raises(ForeignCursor):
                ask(foreign)
        with pytest.raises(ForeignCursor):
            feed.at(Token("another", {}))

    def test_a_cursor_whose_event_is_another_one_is_refused(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        end = feed.end()
        forged = Cursor(
            end.log,
            {
                p: msgspec.structs.replace(m, event="0" * 32) if m.position else m
                for p, m in end.marks.items()
            },
        )
        for ask in (feed.check, lambda c: feed.read(c, 1)):
            with pytest.raises(ForeignCursor):
                ask(forged)
        assert len(read_all(feed)) == len(MIXED)

    def test_a_cursor_beyond_the_end_is_refused(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        end = feed.end()
        beyond = Cursor(end.log, {p: Mark(m.position + 1000, "0" * 32) for p, m in end.marks.items()})
        for ask in (feed.check, lambda c: feed.read(c, 1)):
            with pytest.raises(CheckpointBeyondHead):
                ask(beyond)

    @pytest.mark.parametrize("limit", [0, -1, 1.5, True])
    def test_a_page_has_at_least_one_event(self, store: Store, limit: int) -> None:
        with pytest.raises(RangeInvalid):
            store.feed().read(store.feed().start(), limit)

    def test_the_partition_of_a_stream_is_that_of_its_events(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        now, earlier = feed.end().marks, feed.start().marks
        for event in read_all(feed, feed.start()):
            found = feed.partition_of(event.stream, now)
            assert found in now
            assert feed.partition_of(event.stream, list(reversed(now))) == found
            assert event.partition in {found, feed.partition_of(event.stream, earlier)}
        assert feed.partition_of("order-of-tomorrow", now) in now

    def test_partitions_that_do_not_hold_a_stream_are_refused(self, store: Store) -> None:
        feed = store.feed()
        partitions = list(feed.start().marks)
        held = feed.partition_of("order-1", partitions)
        others = [name for name in partitions if name != held]
        for among in (others, [], [*others, "no partition"], ["no partition", held]):
            with pytest.raises(CursorInvalid):
                feed.partition_of("order-1", among)
        for name in ("order", "", "a/b-1", "$all"):
            with pytest.raises(Refused):
                feed.partition_of(name, partitions)

    def test_cursors_compare(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        middle = feed.read(feed.start(), 2).cursor
        assert feed.compare(feed.start(), middle) == "before"
        assert feed.compare(feed.end(), middle) == "after"
        assert feed.compare(middle, middle) == "equal"

    def test_lag_counts_what_stands_after_the_cursor(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        if not feed.capabilities.countable:
            assert feed.lag(feed.start()) is None
            return
        assert (feed.lag(feed.start()), feed.lag(feed.end())) == (5, 0)

    def test_a_position_gives_the_cursor_of_its_prefix(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        if not feed.capabilities.total_order:
            pytest.skip("declared: no total order")
        stops = _stops(feed)
        for n, event in enumerate(read_all(feed), 1):
            if n in stops:
                assert len(read_all(feed, feed.at_position(event.position))) == len(MIXED) - n
            else:
                _refused(feed, partial(feed.at_position, event.position))
        with pytest.raises(PositionBeyondHead):
            feed.at_position(1_000_000)
        with pytest.raises(RangeInvalid):
            feed.at_position(-5)

    def test_a_time_gives_the_cursor_of_what_was_recorded_until_then(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        if not feed.capabilities.total_order:
            pytest.skip("declared: no total order")
        events, stops = read_all(feed), _stops(feed)
        for event in events:
            wanted = [e.id for e in events if e.recorded_us > event.recorded_us]
            if len(events) - len(wanted) in stops:
                assert [e.id for e in read_all(feed, feed.at_time(event.recorded_us))] == wanted
            else:
                _refused(feed, partial(feed.at_time, event.recorded_us))
        assert feed.compare(feed.at_time(to_us(datetime(2001, 1, 1, tzinfo=UTC))), feed.start()) == "equal"

    def test_a_cursor_between_two_borders_is_refused_with_both_of_them(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        if not feed.capabilities.borders_only:
            pytest.skip("declared: any cursor of the log")
        one = len(feed.start().marks) == 1  # of several partitions a page does not tell the cursors inside it
        found, cursor = 0, feed.start()
        while (page := feed.read(cursor, 1)).cursor != cursor:
            for event in page.events[:-1] if one else ():
                within = cursor.with_marks({event.partition: Mark(event.position, event.id.hex)})
                for ask in (feed.check, feed.lag, lambda c: feed.read(c, 1), lambda c: feed.compare(c, c)):
                    assert _refused(feed, partial(ask, within)) == (cursor, page.cursor)
                found += 1
            cursor = page.cursor
        assert found == (len(MIXED) + 1 - len(_stops(feed)) if one else 0)

    def test_a_feed_of_borders_is_read_in_all_partitions_at_once(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        names = sorted(feed.start().marks)
        if not feed.capabilities.borders_only:
            pytest.skip("declared: any cursor of the log")
        page = feed.read(feed.start(), 10, partitions=names)
        assert len(page.events) == len(MIXED)
        if len(names) > 1:
            with pytest.raises(CapabilityMissing):
                feed.read(feed.start(), 10, partitions=names[:1])

    def test_waiting_ends_at_once_where_something_is_there(self, store: Store) -> None:
        _fill(store)
        assert store.feed().wait(store.feed().start(), 60)

    def test_waiting_in_vain_ends(self, store: Store) -> None:
        _fill(store)
        assert not store.feed().wait(store.feed().end(), 0.03)

    def test_waiting_is_ended_by_an_append(self, store: Store) -> None:
        feed = store.feed()
        cursor = feed.end()
        appending = threading.Timer(0.05, lambda: store.append("order-1", [make()], expected=0))
        appending.start()
        assert feed.wait(cursor, 60)
        appending.join()

    def test_arrow_gives_the_same_events(self, store: Store) -> None:
        _fill(store)
        store.append("order-ä", [make(9, metadata='{"actor":"Zoë"}', occurred_us=5)], expected=0)
        feed = store.feed()
        rows = [
            row
            for batch in feed.arrow(feed.start(), feed.end(), ARROW_COLUMNS, limit=2)
            for row in batch.to_pylist()
        ]
        wanted = [
            {
                "position": e.position,
                "partition": e.partition,
                "stream": e.stream,
                "version": e.version,
                "type": e.type,
                "schema_version": e.schema_version,
                "id": e.id_bytes,
                "recorded_us": e.recorded_us,
                "occurred_us": e.occurred_us,
                "occurred_or_none_us": e.occurred_or_none_us,
                "data": e.data,
                "metadata": e.metadata,
            }
            for e in read_all(feed)
        ]
        key = ("partition", "position")
        assert sorted(rows, key=lambda r: [r[k] for k in key]) == sorted(
            wanted, key=lambda r: [r[k] for k in key]
        )

    def test_arrow_gives_any_range_and_any_columns(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        after = feed.read(feed.start(), 1).cursor
        page = feed.read(after, 2)
        to = page.cursor
        rows = [row for batch in feed.arrow(after, to, ["version", "stream"]) for row in batch.to_pylist()]
        wanted = [{"version": e.version, "stream": e.stream} for e in page.events]
        assert sorted(rows, key=str) == sorted(wanted, key=str)
        assert list(feed.arrow(to, to, ["data"])) == []

    def test_arrow_gives_the_events_of_some_categories_and_types(self, store: Store) -> None:
        _fill(store)
        feed = store.feed()
        for categories, types, wanted in [
            (["order"], None, [0, 2, 3]),
            (None, ["B", "C"], [1, 3, 4]),
            (["order", "cart"], ["B"], [1, 3]),
            (["cart"], ["A"], []),
            ([], None, []),
            (None, [], []),
        ]:
            for columns in (["data", "stream"], ["data", "id", "type"]):
                batches = feed.arrow(
                    feed.start(), feed.end(), columns, limit=2, categories=categories, types=types
                )
                rows = [row for batch in batches for row in batch.to_pylist()]
                assert sorted(msgspec.json.decode(row["data"])["n"] for row in rows) == wanted
        with pytest.raises(InvalidStream):
            list(feed.arrow(feed.start(), feed.end(), ["data"], categories=["order-1"]))

    def test_readers_see_a_growing_prefix(self, store: Store) -> None:
        feed = store.feed()
        seen: list[RecordedEvent] = []
        cursor = feed.start()
        for n in range(10):
            store.append(f"order-{n % 3}", make_many(2), expected=2 * (n // 3))
            page = feed.read(cursor, 100)
            cursor = page.cursor
            seen.extend(page.events)
        assert by_partition(seen) == by_partition(read_all(feed))
