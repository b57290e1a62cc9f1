"""The order example on Cosmos DB: the answers of SQLite, and a lost cache that goes on from the lake."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventfold.app.live import Live
from eventfold.testing.cosmos import StandIn
from examples.orders.app import order_book as shop
from examples.orders.domain import Order
from examples.orders.tables import Orders
from examples.orders.workload import commands, run

BY_STATUS = (
    "SELECT status, count(*) AS orders, sum(total_amount) AS revenue FROM orders GROUP BY 1 ORDER BY 1"
)
EVERYTHING = "SELECT * FROM orders ORDER BY order_id"


@pytest.fixture
def cosmos(divided: StandIn, tmp_path: Path) -> Iterator[Live]:
    url, state = divided.url("shop"), f"sqlite:///{tmp_path}/cosmos.state"
    with shop.open(url, lake=str(tmp_path / "cosmos"), state=state) as live:
        yield live


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Live]:
    with shop.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "sqlite")) as live:
        yield live


@pytest.mark.slow
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
