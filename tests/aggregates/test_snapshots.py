"""Snapshots and warm aggregates make commands quick and never change a result."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Thread

import pytest
from msgspec import structs

from eventfold import Aggregate, Event, Registry, Repository, Store, open_store
from eventfold.aggregates.loading import Loader
from eventfold.store.port import Snapshot


class Added(Event):
    amount: Decimal


class Sum(Aggregate[Added], category="sum", snapshot_every=10):
    total: Decimal = Decimal(0)
    parts: list[Decimal] = []

    def add(self, amount: int) -> None:
        self.raise_event(Added(amount=Decimal(amount)))

    def add_and_cheat(self, amount: int) -> None:
        self.add(amount)
        self.total += 1_000_000  # a bug of a decision: state that no event explains
        self.parts.append(Decimal(-1))

    def cheat(self) -> None:
        self.total += 1_000_000

    def apply(self, event: Added) -> None:
        self.total += event.amount
        self.parts.append(event.amount)


REGISTRY = Registry(Sum.event_types)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/log.db")
    yield store
    store.close()


def sums(store: Store, *, warm: int = 1_000) -> Repository[Sum]:
    return Repository(store, REGISTRY, Sum, warm=warm)


def add(repository: Repository[Sum], count: int, stream: str = "sum-1") -> None:
    for _ in range(count):
        repository.execute(stream, Sum.add, 1)
    assert repository.flush()


def taken(store: Store, at_most: int | None = None) -> Snapshot:
    found = store.snapshots().load("sum-1", at_most=at_most)
    assert found is not None
    return found


def loaded(store: Store) -> Sum:
    return sums(store, warm=0).load("sum-1")


def test_snapshots_are_taken_by_policy(store: Store) -> None:
    add(sums(store), 25)
    assert (taken(store).version, taken(store, 19).version) == (20, 10)
    assert store.snapshots().load("sum-1", at_most=9) is None


def test_a_load_reads_what_came_after_the_snapshot(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(sums(store), 25)
    seen: list[Event] = []
    apply = Sum.apply

    def counted(self: Sum, event: Added) -> None:
        seen.append(event)
        apply(self, event)

    monkeypatch.setattr(Sum, "apply", counted)
    assert loaded(store).total == Decimal(25)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "{"}, "damaged"),
        ({"state": '{"total":"7","parts":[],"more":1}'}, "damaged"),
        ({"category": "product"}, "another kind"),
        ({"fingerprint": "outdated"}, "otherwise"),
        ({"log": "another"}, "another log"),
        ({"version": 99}, "not reached"),
        ({"recorded_us": 1}, "another event"),
    ],
)
def test_one_that_cannot_be_trusted_is_ignored_with_a_warning(
    store: Store, caplog: pytest.LogCaptureFixture, change: dict[str, object], reason: str
) -> None:
    add(sums(store), 10)
    good = taken(store)
    lie = structs.replace(good, **{"state": '{"total":"777","parts":[]}', **change})
    store.snapshots().save(lie)
    with caplog.at_level(logging.WARNING):
        assert loaded(store).total == 10
    assert reason in caplog.text


def test_one_that_lies_and_looks_right_would_be_believed(store: Store) -> None:
    add(sums(store), 10)
    store.snapshots().save(structs.replace(taken(store), state='{"total":"777","parts":[]}'))
    assert loaded(store).total == 777  # the control: snapshots are used, so the refusals above mean something


def test_what_a_decision_did_to_an_instance_without_an_event_is_in_no_later_one(store: Store) -> None:
    repository = sums(store)
    for _ in range(12):
        repository.execute("sum-1", Sum.add_and_cheat, 1)
        repository.execute("sum-1", Sum.cheat)
    repository.flush()
    assert taken(store).state == loaded(store).definition.codec.encode(  # type: ignore[union-attr]
        {"total": Decimal(10), "parts": [Decimal(1)] * 10}
    )
    assert repository.load("sum-1").total == loaded(store).total == Decimal(12)
    mine = repository.load("sum-1")
    mine.parts.clear()
    assert len(repository.load("sum-1").parts) == 12


def test_a_warm_aggregate_sees_what_others_appended(store: Store) -> None:
    one, two = sums(store), sums(store)
    add(one, 3)
    add(two, 4)
    add(one, 1)
    assert [r.load("sum-1").total for r in (one, two)] == [8, 8]
    assert one.execute("sum-1", Sum.add, 1).attempts == 1


def test_only_so_many_stay_warm(store: Store) -> None:
    repository = sums(store, warm=2)
    for n in range(5):
        add(repository, 2, f"sum-{n}")
    assert len(repository._warm._kept) == 2
    assert all(repository.load(f"sum-{n}").total == 2 for n in range(5))


def test_threads_on_one_stream_lose_nothing(store: Store) -> None:
    repository = Repository(store, REGISTRY, Sum, attempts=200)
    threads = [Thread(target=add, args=(repository, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert repository.load("sum-1").total == store.head("sum-1") == 100
    assert loaded(store).total == 100


def test_an_aggregate_with_undeclared_state_gets_no_snapshot(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    class Hiding(Aggregate[Added], category="sum", snapshot_every=2):
        total: Decimal = Decimal(0)

        def apply(self, event: Added) -> None:
            self.hidden = event.amount

    repository = Repository(store, REGISTRY, Hiding)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            repository.execute("sum-1", lambda aggregate: aggregate.raise_event(Added(amount=Decimal(1))))
            repository.flush()
    assert "hidden is no declared state" in caplog.text
    assert store.snapshots().load("sum-1") is None


def test_history_gives_each_event_with_its_record(store: Store) -> None:
    add(sums(store), 3)
    happened = list(sums(store).history("sum-1", after=1))
    assert [(h.event, h.recorded.version) for h in happened] == [
        (Added(amount=Decimal(1)), n) for n in (2, 3)
    ]
    assert happened[0].recorded.recorded_at <= datetime.now(UTC)


def test_an_answer_carries_the_token_of_its_events(store: Store) -> None:
    repository = sums(store)
    first = repository.execute_once("c-1", "sum-1", Sum.add, 1)
    add(repository, 3)
    again = repository.execute_once("c-1", "sum-1", Sum.add, 1)
    assert (again.deduplicated, again.version, again.token) == (True, 1, first.token)
    assert first.token is not None
    assert store.feed().at(first.token) == store.feed().at_position(1)


def test_a_flush_waits_no_longer_than_it_is_told_to(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = ThreadEvent()
    monkeypatch.setattr(Loader, "snapshot", lambda *_: goes_on.wait(30))
    repository = sums(store)
    for _ in range(10):
        repository.execute("sum-1", Sum.add, 1)
    assert not repository.flush(0.01)
    goes_on.set()
    assert repository.flush()
