"""Workers share the change feed through splits, deaths and faults of the leases; a merge stops them."""

import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from eventfold import ANY, open_store
from eventfold.errors import BackendLimit, FeedRebased, FormatUnknown, OutcomeUnknown, StorageBusy
from eventfold.feed.cursor import Cursor, Mark
from eventfold.store.cosmos.store import CosmosStore
from eventfold.testing.cosmos import Fault, StandIn
from eventfold.testing.crew import Crew
from eventfold.testing.making import make_many


@pytest.fixture
def store(account: StandIn) -> Iterator[CosmosStore]:
    store = open_store(account.url("log"))
    assert isinstance(store, CosmosStore)
    yield store
    store.close()


def patiently(call: Callable[[], object]) -> None:
    for _ in range(50):
        try:
            call()
        except (OutcomeUnknown, StorageBusy):
            continue
        return
    raise AssertionError("never well")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_splits_deaths_and_lost_answers_lose_and_skip_nothing(
    account: StandIn, store: CosmosStore, seed: int
) -> None:
    dice = random.Random(seed)
    crew = Crew(store)
    workers = [crew.worker("w0"), crew.worker("w1")]
    for turn in range(40):
        events = make_many(dice.randint(1, 4))
        patiently(partial(store.append, f"box-{dice.randint(0, 20)}", events, expected=ANY))
        if dice.random() < 0.3:
            account.faults.add(Fault(dice.choice(["drop_before", "drop_after"]), "batch", count=1))
        if dice.random() < 0.1 and len(account.ranges("log", "events")) < 6:
            account.split("log", "events")
        if dice.random() < 0.15:
            workers[dice.randrange(2)] = crew.worker(f"heir-{turn}")  # the one before it dies
        patiently(dice.choice(workers).step)
        crew.pass_time(dice.choice([0.1, 0.4]))
    account.faults.clear()
    crew.settle(*workers)
    crew.close()
    assert (crew.lost(), crew.skipped()) == ([], [])


def test_the_leases_of_a_split_range_are_those_of_its_children(account: StandIn, store: CosmosStore) -> None:
    store.append("box-1", make_many(3), expected=0)
    crew = Crew(store)
    worker = crew.worker("a")
    crew.settle(worker, turns=1)
    (parent,) = store.effects().all("mail")
    account.split("log", "events")
    store.append("box-2", make_many(3), expected=0)
    crew.settle(worker, turns=2)
    leases = store.effects().all("mail")
    assert {lease.partition for lease in leases} == {p.name for p in store.feed().partitions()}
    assert {(lease.owner, lease.epoch) for lease in leases} == {(parent.owner, parent.epoch)}
    crew.close()
    assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])


def test_a_merge_stops_the_workers(account: StandIn, store: CosmosStore) -> None:
    account.split("log", "events")
    store.append("box-1", make_many(3), expected=0)
    crew = Crew(store)
    worker = crew.worker("a")
    crew.settle(worker, turns=1)
    account.merge("log", "events", *(found[0] for found in account.ranges("log", "events")))
    store.append("box-1", make_many(3), expected=3)
    with pytest.raises(FeedRebased):
        crew.settle(worker, turns=2)
    crew.close()


def test_what_is_no_lease_is_named(store: CosmosStore) -> None:
    store.effects().begin("mail", store.feed().start())
    store.effects()._container.create_item({"id": "foreign", "aggregateId": "reader-mail"})
    with pytest.raises(FormatUnknown, match="foreign"):
        store.effects().all("mail")


def test_more_partitions_than_one_transaction_holds_are_refused(store: CosmosStore) -> None:
    marks = {f"{n:03X}-{n + 1:03X}": Mark() for n in range(101)}
    with pytest.raises(BackendLimit, match="101 partitions"):
        store.effects().begin("mail", Cursor(store.log_id, marks))
    assert list(store.effects().all("mail")) == []


def test_a_turn_of_an_idle_worker_costs_a_read_per_range_and_nothing_else(
    account: StandIn, store: CosmosStore
) -> None:
    store.append("box-1", make_many(3), expected=0)
    crew = Crew(store)
    worker = crew.worker("a")
    crew.settle(worker, turns=2)
    before = store.cost().requests
    worker.step()
    assert store.cost().requests - before == 1
    crew.close()
