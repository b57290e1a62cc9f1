"""What each operation costs, counted in requests and operations: the table of the docs, held to what is sent."""

from collections.abc import Callable
from decimal import Decimal

import pytest

import eventfold as ef
from eventfold import ANY, EXISTS, open_store
from eventfold.errors import EventfoldError
from eventfold.events.registry import Registry
from eventfold.store.port import Store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, make_many
from examples.orders.domain import Item, Order

Asked = list[tuple[str, int, int]]


@pytest.fixture
def store(account: StandIn) -> Store:
    opened = open_store(account.url("log"))
    opened.append("warm-1", make_many(3), expected=0)
    return opened


def asked(account: StandIn, call: Callable[[], object]) -> Asked:
    """The requests for events that a call made, as (operation, operations, status)."""
    account.calls.clear()
    call()
    return account.calls.of("events")


def test_an_append_to_a_new_stream_is_one_request(account: StandIn, store: Store) -> None:
    found = asked(account, lambda: store.append("order-1", make_many(5), expected=0))
    assert found == [("batch", 5, 200)]


def test_an_append_to_a_known_stream_is_one_request_that_reads_one_and_creates_the_rest(
    account: StandIn, store: Store
) -> None:
    assert asked(account, lambda: store.append("warm-1", make_many(4), expected=3)) == [("batch", 5, 200)]
    assert asked(account, lambda: store.append("warm-1", [make()], expected=ANY)) == [("batch", 2, 200)]
    assert asked(account, lambda: store.append("warm-1", [make()], expected=EXISTS)) == [("batch", 2, 200)]


def test_an_append_by_a_writer_that_has_not_loaded_the_stream_is_two(account: StandIn, store: Store) -> None:
    cold = open_store(account.url("log"))
    found = asked(account, lambda: cold.append("warm-1", [make()], expected=3))
    assert found == [("read", 1, 200), ("batch", 2, 200)]
    cold = open_store(account.url("log"))
    found = asked(account, lambda: cold.append("warm-1", [make()], expected=ANY))
    assert found == [("query", 1, 200), ("batch", 2, 200)]


def test_a_repeat_costs_one_request_more_and_a_conflict_two(account: StandIn, store: Store) -> None:
    event = make()
    store.append("warm-1", [event], expected=3)
    repeat = asked(account, lambda: store.append("warm-1", [event], expected=4))
    assert repeat == [("batch", 2, 207), ("query", 1, 200)]

    def conflict() -> None:
        with pytest.raises(EventfoldError):
            store.append("warm-1", [make()], expected=0)

    assert asked(account, conflict) == [("batch", 1, 207), ("query", 1, 200), ("query", 1, 200)]


def test_what_is_too_much_is_refused_without_a_request(account: StandIn, store: Store) -> None:
    large = [make(data={"n": "x" * 800_000}) for _ in range(3)]

    def refused() -> None:
        for events in (make_many(100), large):
            with pytest.raises(EventfoldError) as caught:
                store.append("order-1", events, expected=0)
            assert caught.value.code == "backend-limit"

    assert asked(account, refused) == []


def test_a_warm_load_is_one_point_read(account: StandIn, store: Store) -> None:
    found = asked(account, lambda: list(store.read("warm-1", after=3)))
    assert found == [("read", 1, 404)]


def test_a_command_on_a_warm_aggregate_is_one_request(account: StandIn, store: Store) -> None:
    orders = ef.Repository(store, Registry(Order.event_types), Order)
    item = Item(sku="mug", quantity=1, unit_price=Decimal("6.75"))
    orders.execute("order-7", Order.create, customer_id="c", items=[item], currency="EUR")
    assert asked(account, lambda: orders.execute("order-7", Order.confirm)) == [("batch", 2, 200)]
    assert asked(account, lambda: orders.load("order-7")) == [("read", 1, 404)]


def test_a_cold_load_with_a_snapshot_is_two_requests(account: StandIn) -> None:
    class Counter(ef.Aggregate[Counted], snapshot_every=10):
        total: int = 0

        def count(self) -> None:
            self.raise_event(Counted(by=1))

        def apply(self, event: Counted) -> None:
            self.total += event.by

    writer = open_store(account.url("log"))
    counters = ef.Repository(writer, Registry([Counted]), Counter)
    for _ in range(12):
        counters.execute("counter-1", Counter.count)
    assert counters.flush()
    cold = ef.Repository(open_store(account.url("log")), Registry([Counted]), Counter)
    account.calls.clear()
    assert cold.load("counter-1").total == 12
    assert account.calls.of("snapshots") == [("read", 1, 200)]
    assert account.calls.of("events") == [("query", 1, 200)]


def test_a_caught_up_reader_asks_each_range_once(divided: StandIn) -> None:
    store = open_store(divided.url("log"))
    cursor = store.feed().read(store.feed().start(), 100).cursor
    found = asked(divided, lambda: store.feed().read(cursor, 100))
    assert found == [("feed", 1, 304)] * 4


class Counted(ef.Event):
    by: int


def test_the_ends_of_streams_cost_one_query_and_a_point_read_of_each_that_is_there(
    account: StandIn, store: Store
) -> None:
    asked_for = ["warm-1", *(f"order-{n}" for n in range(90))]
    found = asked(account, lambda: list(store.ends(asked_for)))
    assert [call[0] for call in found if call[0] == "read"] == ["read"]
    queries = [call for call in found if call[0] != "read"]
    empty = asked(account, lambda: list(store.ends(["order-none"])))
    assert len(queries) == len(empty)
