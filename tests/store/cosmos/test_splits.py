"""Following through splits, crashes and a merge: nothing lost, nothing doubled, nothing out of order."""

import random

import pytest

from eventfold import ANY, open_store
from eventfold.errors import FeedRebased
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.store.cosmos.feeding.marks import read_place
from eventfold.store.cosmos.feeding.splits import Splits
from eventfold.store.port import Store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, make_many

STREAMS = [f"order-{n}" for n in range(12)]


def ids(account: StandIn) -> list[str]:
    return [found[0] for found in account.ranges("log", "events")]


def fill(store: Store, dice: random.Random, count: int) -> None:
    for _ in range(count):
        store.append(dice.choice(STREAMS), make_many(dice.randint(1, 3)), expected=ANY)


def drain(store: Store, cursor: Cursor, limit: int = 7) -> tuple[list[RecordedEvent], Cursor]:
    """Everything after a cursor, and the cursor when two polls in a row found nothing."""
    found: list[RecordedEvent] = []
    quiet = 0
    while quiet < 3:
        page = store.feed().read(cursor, limit)
        found.extend(page.events)
        cursor = page.cursor
        quiet = quiet + 1 if page.caught_up and not page.events else 0
    return found, cursor


def assert_exactly_once(store: Store, found: list[RecordedEvent]) -> None:
    by_stream: dict[str, list[int]] = {}
    for event in found:
        by_stream.setdefault(event.stream, []).append(event.version)
    assert by_stream == {s: list(range(1, store.head(s) + 1)) for s in STREAMS if store.head(s)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_every_event_comes_once_through_splits_and_crashes(account: StandIn, seed: int) -> None:
    dice = random.Random(seed)
    store = open_store(account.url("log"))
    cursor = store.feed().start()
    found: list[RecordedEvent] = []
    for _ in range(25):
        fill(store, dice, dice.randint(0, 4))
        if dice.random() < 0.2 and len(account.ranges("log", "events")) < 8:
            account.split("log", "events", dice.choice(ids(account)))
        if dice.random() < 0.3:  # a crash: what was in memory is gone, the cursor is what was stored
            store.close()
            store = open_store(account.url("log"))
            cursor = read_cursor(cursor.to_json())
        page = store.feed().read(cursor, dice.randint(1, 9))
        if dice.random() < 0.8:
            found.extend(page.events)
            cursor = page.cursor  # else: a crash before the checkpoint, and the page comes again
    rest, cursor = drain(store, cursor)
    assert_exactly_once(store, found + rest)
    assert store.feed().compare(cursor, store.feed().end()) == "equal"
    store.close()


def test_children_go_on_with_their_own_continuations_once_the_parent_has_passed_them(
    account: StandIn,
) -> None:
    store = open_store(account.url("log"))
    dice = random.Random(1)
    fill(store, dice, 20)
    cursor = store.feed().read(store.feed().start(), 9).cursor
    (parent,) = cursor.marks
    account.split("log", "events")
    fill(store, dice, 20)
    page = store.feed().read(cursor, 3)
    assert list(page.cursor.marks) == [parent]  # one page has not shown where each child stands
    assert read_place(page.cursor.marks[parent]).seen
    rest, cursor = drain(store, page.cursor)
    assert sorted(cursor.marks) == sorted(p.name for p in store.feed().partitions())
    assert len(cursor.marks) == 2
    fill(store, dice, 5)
    more, _ = drain(store, cursor)
    assert len(more) >= 5
    assert {e.id for e in rest}.isdisjoint(e.id for e in more)
    store.close()


def test_children_that_are_opened_on_a_replica_that_lags_give_nothing_again(account: StandIn) -> None:
    store = open_store(account.url("log"))
    fill(store, random.Random(6), 20)
    found, cursor = drain(store, store.feed().start())
    account.split("log", "events")
    account.lag(1000)
    for _ in range(4):  # "now" of the children lies before what was delivered of their parent
        cursor = store.feed().read(cursor, 7).cursor
    assert len(cursor.marks) == 2
    account.lag(0)
    fill(store, random.Random(7), 5)
    rest, _ = drain(store, read_cursor(cursor.to_json()))
    assert_exactly_once(store, found + rest)
    store.close()


def test_two_splits_with_a_crash_between_lose_nothing(account: StandIn) -> None:
    store = open_store(account.url("log"))
    dice = random.Random(2)
    fill(store, dice, 30)
    page = store.feed().read(store.feed().start(), 5)
    found = list(page.events)
    account.split("log", "events")
    fill(store, dice, 10)
    page = store.feed().read(page.cursor, 6)  # the children stand at different places now
    found += page.events
    stored = page.cursor.to_json()
    store.close()  # before anything was handed over
    store = open_store(account.url("log"))
    account.split("log", "events", ids(account)[1])
    fill(store, dice, 10)
    rest, _ = drain(store, read_cursor(stored), 4)
    assert_exactly_once(store, found + rest)
    store.close()


def test_a_hand_over_that_trusts_one_number_for_all_children_would_lose_events(
    account: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: children begin at "now" without the parent having passed them."""

    def careless(self: Splits, name: str, mark: object, place: object, page: object, spans: object) -> object:
        children = {span.name: self._open(span) for span in spans}  # type: ignore[attr-defined]
        return {name: self._mark(name, child, {}, 0) for name, child in children.items()}

    monkeypatch.setattr(Splits, "follow", careless)
    store = open_store(account.url("log"))
    dice = random.Random(3)
    fill(store, dice, 30)
    page = store.feed().read(store.feed().start(), 5)
    account.split("log", "events")
    rest, _ = drain(store, page.cursor)
    with pytest.raises(AssertionError):
        assert_exactly_once(store, [*page.events, *rest])
    store.close()


def test_a_merge_is_refused_because_places_are_counted_anew(divided: StandIn) -> None:
    store = open_store(divided.url("log"))
    fill(store, random.Random(4), 30)
    cursor = store.feed().read(store.feed().start(), 9).cursor
    one, other, *_ = ids(divided)
    divided.merge("log", "events", one, other)
    with pytest.raises(FeedRebased):
        drain(store, cursor)
    again, _ = drain(store, store.feed().start())
    assert_exactly_once(store, again)
    store.close()


def test_a_container_made_anew_is_another_log(account: StandIn) -> None:
    store = open_store(account.url("log"))
    store.append("order-1", [make()], expected=0)
    cursor = store.feed().end()
    account.recreate("log", "events")
    with pytest.raises(FeedRebased):
        store.feed().read(cursor, 1)
    store.close()


def test_arrow_and_moments_hold_through_a_split(account: StandIn) -> None:
    store = open_store(account.url("log"))
    dice = random.Random(5)
    fill(store, dice, 15)
    middle = store.feed().end()
    before = {s: store.head(s) for s in STREAMS}
    account.split("log", "events")
    fill(store, dice, 15)
    feed = store.feed()
    feed.partitions()
    rows = [
        row for batch in feed.arrow(feed.start(), middle, ["stream", "version"]) for row in batch.to_pylist()
    ]
    counted = {s: sum(row["stream"] == s for row in rows) for s in STREAMS}
    assert counted == before
    store.close()


def test_a_stream_belongs_to_a_partition_of_now_and_to_what_that_came_from(account: StandIn) -> None:
    store = open_store(account.url("log"))
    feed = store.feed()
    before = feed.start().marks
    account.split("log", "events")
    fill(store, random.Random(8), 20)
    _, cursor = drain(store, feed.start())
    assert len(cursor.marks) == 2
    assert {feed.partition_of(stream, before) for stream in STREAMS} == set(before)
    assert {feed.partition_of(stream, cursor.marks) for stream in STREAMS} == set(cursor.marks)
    fill(store, random.Random(9), 20)
    late, _ = drain(store, cursor)
    assert [e.partition for e in late] == [feed.partition_of(e.stream, cursor.marks) for e in late] != []
    store.close()


def test_readers_are_found_while_the_container_of_leases_splits(account: StandIn) -> None:
    store = open_store(account.url("log"))
    names = [f"handler-{n:02d}" for n in range(12)]
    for name in reversed(names):
        store.effects().begin(name, store.feed().start())
    account.split("log", "leases")
    assert list(store.effects().readers()) == names
    store.close()
