"""Answers lost before and after the effect, and storms of "not now": one copy of each event, the outcome told truly."""

import random
import threading

import pytest
from msgspec import structs

from eventfold import ANY, open_store
from eventfold.errors import (
    CheckpointBeyondHead,
    EventfoldError,
    ForeignCursor,
    OutcomeUnknown,
    StorageBusy,
    StorageFailed,
)
from eventfold.feed.cursor import Cursor, Mark, read_cursor
from eventfold.store.cosmos.feeding import feed
from eventfold.store.cosmos.requests import calls
from eventfold.store.port import Appended, Store
from eventfold.testing.cosmos import Fault, StandIn
from eventfold.testing.door.faults import Drop
from eventfold.testing.making import make, make_many, numbers, read_all


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "BUDGET_SECONDS", 0.3)


def settled(store: Store, stream: str, expected: int, number: int) -> Appended:
    """Appends as a repository does: an unknown outcome is repeated with the same ids."""
    event = make(number)
    for _ in range(50):
        try:
            return store.append(stream, [event], expected=expected)
        except (OutcomeUnknown, StorageBusy):
            continue
    raise AssertionError("never settled")


def test_an_answer_lost_after_the_effect_is_unknown_and_a_repeat_settles_it(account: StandIn) -> None:
    store = open_store(account.url("log"))
    event = make(1)
    account.faults.add(Fault("drop_after", "batch"))
    with pytest.raises(OutcomeUnknown) as caught:
        store.append("order-1", [event], expected=0)
    assert caught.value.outcome == "unknown"
    again = store.append("order-1", [event], expected=0)
    assert (again.version, again.deduplicated) == (1, True)
    assert numbers(read_all(store.feed())) == [1]
    store.close()


def test_a_request_lost_before_the_effect_is_unknown_too_and_a_repeat_writes_it(account: StandIn) -> None:
    store = open_store(account.url("log"))
    event = make(1)
    account.faults.add(Fault("drop_before", "batch"))
    with pytest.raises(OutcomeUnknown):
        store.append("order-1", [event], expected=0)
    again = store.append("order-1", [event], expected=0)
    assert (again.version, again.deduplicated) == (1, False)
    store.close()


@pytest.mark.parametrize("status", [408, 500])
def test_a_status_that_says_nothing_about_the_effect_is_unknown(account: StandIn, status: int) -> None:
    store = open_store(account.url("log"))
    account.faults.add(Fault(status, "batch", count=20))
    with pytest.raises(OutcomeUnknown):
        store.append("order-1", [make(1)], expected=0)
    account.faults.clear()
    assert store.head("order-1") == 0
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 449, 503])
def test_what_is_asked_to_come_again_comes_again(account: StandIn, status: int) -> None:
    store = open_store(account.url("log"))
    account.faults.add(Fault(status, count=3))
    assert store.append("order-1", [make(1)], expected=0).version == 1
    account.faults.add(Fault(status, "query", count=3))
    assert numbers(store.read("order-1")) == [1]
    account.faults.add(Fault(status, "feed", count=3))
    assert numbers(read_all(store.feed())) == [1]
    store.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [429, 449])
def test_a_storm_without_end_is_busy_and_nothing_is_written(account: StandIn, status: int) -> None:
    store = open_store(account.url("log"))
    account.faults.add(Fault(status, "batch", count=None))
    with pytest.raises(StorageBusy) as caught:
        store.append("order-1", [make(1)], expected=0)
    assert caught.value.outcome == "not_applied"
    account.faults.clear()
    assert store.head("order-1") == 0
    store.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("last", [503, 429])
def test_a_write_that_was_once_answered_by_503_is_unknown_until_its_ids_settle_it(
    account: StandIn, effect: bool, last: int
) -> None:
    """A gateway may say 503 of a request that its partition has carried out."""
    store = open_store(account.url("log"))
    event = make(1)
    account.faults.add(Fault(503, "batch", count=2, effect=effect), Fault(last, "batch", count=None))
    with pytest.raises(OutcomeUnknown):
        store.append("order-1", [event], expected=0)
    account.faults.clear()
    again = store.append("order-1", [event], expected=0)
    assert (again.version, again.deduplicated) == (1, effect)
    assert numbers(read_all(store.feed())) == [1]
    store.close()


@pytest.mark.usefixtures("impatient")
def test_a_repeat_whose_refusal_cannot_be_explained_is_unknown(account: StandIn) -> None:
    """The batch was refused because the first attempt has stored it, which only a read could have told."""
    store = open_store(account.url("log"))
    event = make(1)
    account.faults.add(Fault("drop_after", "batch"))
    with pytest.raises(OutcomeUnknown):
        store.append("order-1", [event], expected=0)
    account.faults.add(Fault(429, "query", count=None), Fault(429, "read", count=None))
    with pytest.raises(OutcomeUnknown) as caught:
        store.append("order-1", [event], expected=0)
    assert caught.value.facts["cause"] == StorageBusy.code
    account.faults.clear()
    assert store.append("order-1", [event], expected=0).deduplicated
    store.close()


@pytest.mark.parametrize("kind", ["drop_before", "drop_half"])
def test_an_answer_lost_at_the_opening_is_asked_for_again(account: StandIn, kind: Drop) -> None:
    account.faults.add(Fault(kind, "account.read", count=6))
    store = open_store(account.url("log"))
    assert store.head("order-1") == 0
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_through_a_mixture_of_faults_each_event_is_there_once(divided: StandIn, seed: int) -> None:
    store = open_store(divided.url("log"))
    dice = random.Random(seed)
    faults = (
        Fault("drop_after", "batch", count=None, probability=0.12),
        Fault("drop_before", "batch", count=None, probability=0.08),
        Fault(503, count=None, probability=0.05),
        Fault(449, count=None, probability=0.05),
        Fault(408, "batch", count=None, probability=0.05),
    )
    divided.faults.add(*faults)
    heads = dict.fromkeys([f"order-{n}" for n in range(6)], 0)
    for n in range(120):
        stream = dice.choice(list(heads))
        heads[stream] = settled(store, stream, heads[stream], n).version
        if n % 40 == 20:
            divided.split("log", "events", dice.choice(divided.ranges("log", "events"))[0])
        divided.lag(dice.choice([0, 0, 3]))
    divided.faults.clear()
    divided.lag(0)
    found = read_all(store.feed())
    assert sorted(numbers(found)) == list(range(120))
    assert {s: store.head(s) for s in heads} == heads
    for stream, version in heads.items():
        assert [e.version for e in found if e.stream == stream] == list(range(1, version + 1))
    assert all(fault.done for fault in faults)
    store.close()


def test_a_replica_that_lags_hides_nothing_from_whoever_wrote_it(account: StandIn) -> None:
    store, other = open_store(account.url("log")), open_store(account.url("log"))
    account.lag(1000)
    for n in range(5):
        store.append("order-1", [make(n)], expected=n)
        assert store.head("order-1") == n + 1
        assert numbers(store.read("order-1")) == list(range(n + 1))
    # another process: the replica it reads knows nothing, and no lie comes of that
    event = make(9)
    with pytest.raises(EventfoldError) as caught:
        other.append("order-1", [event], expected=3)
    assert caught.value.code == "wrong-expected-version"
    assert caught.value.facts["actual"] == 5
    assert other.append("order-1", [event], expected=5).version == 6
    third = open_store(account.url("log"))
    again = third.append("order-1", [event], expected=5)
    assert (again.version, again.deduplicated) == (6, True)
    times = [e.recorded_us for e in third.read("order-1")]
    assert times == sorted(times)
    for opened in (store, other, third):
        opened.close()


def test_a_token_leads_past_replicas_that_lag(account: StandIn) -> None:
    store = open_store(account.url("log"))
    cursor = store.feed().read(store.feed().start(), 10).cursor
    account.lag(1000)
    token = store.append("order-1", make_many(2), expected=0).token
    target = store.feed().at(token)
    assert store.feed().compare(cursor, target) == "before"
    account.lag(0)
    page = store.feed().read(cursor, 10)
    assert len(page.events) == 2
    assert store.feed().compare(page.cursor, target) in {"equal", "after"}
    store.close()


def test_a_wrong_key_is_told_without_the_key(account: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "d3Jvbmctd3Jvbmctd3Jvbmc="
    monkeypatch.setenv("EVENTFOLD_COSMOS_KEY", secret)
    with pytest.raises(StorageFailed) as caught:
        open_store(account.url("log"))
    assert "key" in caught.value.message
    assert secret not in str(caught.value)


def test_an_append_that_lands_in_a_container_made_anew_fences_the_store(account: StandIn) -> None:
    store = open_store(account.url("log"))
    store.append("order-1", [make(1)], expected=0)
    account.recreate("log", "events")
    with pytest.raises(EventfoldError):
        store.append("order-2", [make(2)], expected=0)
    with pytest.raises(EventfoldError) as caught:
        store.append("order-3", [make(3)], expected=ANY)
    assert caught.value.code == "store-fenced"
    store.close()


def test_a_range_of_events_is_never_cut_short_by_a_replica_that_lags(
    account: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(account.url("log"))
    for n in range(6):
        store.append(f"order-{n % 2}", [make(n)], expected=ANY)
    end = store.feed().end()
    start = Cursor(end.log, dict.fromkeys(end.marks, Mark()))
    other = open_store(account.url("log")).feed()
    other.check(end)
    account.lag(3)
    monkeypatch.setattr(feed, "BEHIND_SECONDS", 0.2)
    with pytest.raises(StorageBusy):
        list(other.arrow(start, end, ["version"]))
    catching_up = threading.Timer(0.3, lambda: account.lag(0))
    catching_up.start()
    monkeypatch.setattr(feed, "BEHIND_SECONDS", 30.0)
    assert sum(batch.num_rows for batch in other.arrow(start, end, ["version"])) == 6
    catching_up.join()
    store.close()


@pytest.mark.parametrize("partitions", [1, 2])
def test_a_follower_that_starts_on_a_replica_that_lags_does_not_take_the_log_for_a_restored_one(
    account: StandIn, partitions: int
) -> None:
    store = open_store(account.url("log"))
    for n in range(12):
        store.append(f"order-{n}", [make(n)], expected=0)
    cursor = read_cursor(store.feed().read(store.feed().start(), 100).cursor.to_json())
    store.close()
    if partitions > 1:
        account.split("log", "events")
    account.lag(1000)  # for longer than anybody waits
    again = open_store(account.url("log"))
    again.feed().check(cursor)
    assert again.feed().read(cursor, 10).events == []
    account.lag(0)
    again.append("order-3", [make(99)], expected=1)
    assert numbers(read_all(again.feed(), cursor)) == [99]
    again.close()


def test_a_cursor_of_a_log_that_was_cut_is_refused_also_where_replicas_lag(account: StandIn) -> None:
    store = open_store(account.url("log"))
    store.append("order-1", [make(1)], expected=0)
    page = store.feed().read(store.feed().start(), 10)
    ((name, mark),) = page.cursor.marks.items()
    other = open_store(account.url("log")).feed()
    account.lag(5)
    with pytest.raises(CheckpointBeyondHead):
        other.check(Cursor(page.cursor.log, {name: structs.replace(mark, position=mark.position + 50)}))
    with pytest.raises(ForeignCursor):
        other.check(Cursor(page.cursor.log, {name: structs.replace(mark, event="0" * 32)}))
    store.close()
