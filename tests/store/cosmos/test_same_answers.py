"""The same commands give the same answers on SQLite and on Cosmos DB: tables, moments, parking and rebuilds too."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.testing.cosmos import StandIn
from examples.orders.app import shop
from examples.orders.domain import Item, Order
from examples.orders.tables import Orders
from examples.orders.workload import commands, run

BY_STATUS = (
    "SELECT status, count(*) AS orders, sum(total_amount) AS revenue FROM orders GROUP BY 1 ORDER BY 1"
)
EVERYTHING = "SELECT * FROM orders ORDER BY order_id"
CREATE = partial(Order.create, customer_id="c", items=[Item("mug", 1, Decimal("6.75"))], currency="EUR")


@pytest.fixture
def cosmos(divided: StandIn, tmp_path: Path) -> Iterator[Live]:
    url, state = divided.url("shop"), f"sqlite:///{tmp_path}/cosmos.state"
    with shop.open(url, lake=str(tmp_path / "cosmos"), state=state) as live:
        yield live


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Live]:
    with shop.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "sqlite")) as live:
        yield live


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_example_gives_the_same_answers(
    sqlite: Live, cosmos: Live, divided: StandIn, seed: int
) -> None:
    todo = commands(40, seed=seed)
    half = len(todo) // 2
    moments: list[list[dict[str, Any]]] = []
    accepted: list[list[bool]] = []
    for live in (sqlite, cosmos):
        first = list(run(live, todo[:half]))
        live.catch_up()
        middle = live.store.feed().end()
        if live is cosmos:
            divided.split("shop", "events")
        accepted.append(first + list(run(live, todo[half:])))
        live.catch_up()
        moments.append(live.table(Orders).at(cursor=middle).rows())
    assert accepted[0] == accepted[1]
    assert moments[0] == moments[1]
    assert sqlite.query(EVERYTHING).rows() == cosmos.query(EVERYTHING).rows()
    assert sqlite.query(BY_STATUS).rows() == cosmos.query(BY_STATUS).rows()
    ones, others = sqlite.repository(Order), cosmos.repository(Order)
    for stream in ("order-00000", "order-00007", "order-00039"):
        assert ones.load(stream).state() == others.load(stream).state()
        assert ones.at(stream, version=2).state() == others.at(stream, version=2).state()
        steps = [
            [(s.event.type, s.after) for s in live.table(Orders).why(stream)] for live in (sqlite, cosmos)
        ]
        assert steps[0] == steps[1]
    listed = [[tuple(s) for s in live.store.streams("order")] for live in (sqlite, cosmos)]
    assert listed[0] == listed[1]


def test_a_rebuild_gives_the_live_rows_again(cosmos: Live) -> None:
    assert all(isinstance(accepted, bool) for accepted in run(cosmos, commands(20, seed=3)))
    cosmos.catch_up()
    before = cosmos.query(EVERYTHING).rows()
    assert cosmos.table(Orders).rebuild().rows == len(before) == 20
    assert cosmos.query(EVERYTHING).rows() == before


def test_a_table_waits_for_the_token_of_a_command(cosmos: Live) -> None:
    done = cosmos.repository(Order).execute("order-1", CREATE)
    cosmos.catch_up()
    assert done.token is not None
    assert len(cosmos.query("SELECT * FROM orders", after=done.token)) == 1


def test_a_command_repeated_by_its_id_takes_effect_once(cosmos: Live) -> None:
    orders = cosmos.repository(Order)
    first = orders.execute_once("command-1", "order-1", CREATE)
    again = orders.execute_once("command-1", "order-1", CREATE)
    assert (again.version, again.deduplicated, first.deduplicated) == (first.version, True, False)
    cosmos.catch_up()
    assert again.token is not None
    cosmos.table(Orders).wait(again.token, seconds=1)


class Counted(ef.Event):
    n: int


class Counters(ef.Table, category="counter"):
    counter = ef.key()
    total = ef.sum(Counted.n, "decimal(4,0)")


counting = ef.App("counting", events=[Counted], tables=[Counters])


def test_a_poisoned_event_parks_its_stream_and_others_go_on(divided: StandIn, tmp_path: Path) -> None:
    with counting.open(divided.url("counts"), state=f"sqlite:///{tmp_path}/counts.state") as live:

        def count(stream: str, n: int) -> None:
            live.store.append(stream, [counting.registry.encode(Counted(n=n))], expected=ef.ANY)

        for n in range(4):
            count(f"counter-{n}", 1)
        count("counter-1", 99_999)  # does not fit the column
        count("counter-1", 2)
        count("counter-2", 3)
        live.catch_up()
        table = live.table(Counters)
        assert {s: (p.version, p.last_version) for s, p in table.parked().items()} == {"counter-1": (2, 3)}
        totals = "SELECT counter, CAST(total AS INTEGER) AS n FROM counters ORDER BY 1"
        assert [row["n"] for row in live.query(totals).rows()] == [1, 1, 4, 1]
        assert table.skip("counter-1", "a typing error")
        assert [row["n"] for row in live.query(totals).rows()] == [1, 3, 4, 1]
        assert not table.parked()


def test_a_lost_cache_of_the_state_goes_on_from_delta(divided: StandIn, tmp_path: Path) -> None:
    url, lake = divided.url("shop"), str(tmp_path / "lake")
    state = f"sqlite:///{tmp_path}/shop.state"
    with shop.open(url, state=state, lake=lake) as live:
        list(run(live, commands(20, seed=5)))
        live.catch_up()
        before = live.query(EVERYTHING).rows()
    for left in tmp_path.glob("shop.state*"):
        left.unlink()
    with shop.open(url, state=state, lake=lake) as live:
        divided.calls.clear()
        assert live.query(EVERYTHING).rows() == before
        live.catch_up()
        given = [call for call in divided.calls if call.operation == "feed" and call.status == 200]
        assert given == []  # nothing of the log was read again
        assert live.query(EVERYTHING).rows() == before
