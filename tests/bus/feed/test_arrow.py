"""The whole arrow: Cosmos DB (the stand-in) -> relay -> Kafka -> tables and handlers, while partitions split."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.store.open import open_store
from eventfold.testing.cosmos import StandIn
from tests.bus.conftest import MakeTopic
from tests.bus.relay.judge import judge
from tests.bus.sharing import Shared
from tests.handlers.app.shop import Order, Orders, give_up, placed, tell

shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[tell, placed, give_up])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    secret = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, secret)
    with StandIn(partitions=2, key=secret) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["transactional", pytest.param("plain", marks=pytest.mark.nightly)])
def test_nothing_is_lost_or_doubled_while_partitions_split_and_relays_die(
    account: StandIn, tmp_path: Path, kafka: Shared, topic: MakeTopic, mode: Mode
) -> None:
    url, name, dice = account.url("log"), topic(3), random.Random(1)
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{name}"
    told: list[str] = []
    made = 0

    def order(live: Live, count: int) -> None:
        nonlocal made
        for _ in range(count):
            live.repository(Order).execute(f"order-{made}", Order.create, made)
            made += 1

    def relay(steps: int | None) -> None:
        """Some steps of a relay that is then killed; without a number, one to the end."""
        with open_store(url) as store, closing(KafkaTopic(kafka.plain, name, mode=mode)) as there:
            relay = Relay(store, there, page=7, seconds=0.0)
            if steps is None:
                catch_up([relay])
                return
            for _ in range(steps):
                relay.step()
            relay._heart.stop()
            relay._stop_sending()  # as a process that ends: the lease is not given back

    def open_app() -> Live:
        targets: dict[str, Any] = {
            "desk": lambda payload, message: told.append(message.stream),
            "out": f"file:{tmp_path}/out.jsonl",
        }
        return shop.open(
            url, state=f"sqlite:///{tmp_path}/state.db", lake=str(tmp_path), targets=targets, bus=bus
        )

    with open_app() as live:
        order(live, 20)
        relay(2)
        live.catch_up()
        for _ in range(3):
            account.split("log", "events", dice.choice(account.ranges("log", "events"))[0])
            order(live, 10)
            relay(dice.randint(1, 3))
            live.catch_up()
            live.handle(timeout=3)
            order(live, 5)
        relay(None)
        live.catch_up()
        live.handle(timeout=30)
        wanted = {f"order-{n}": n for n in range(made)}
        rows = {row["order_id"]: row["total"] for row in live.query("SELECT * FROM orders").rows()}
        assert rows == wanted
        assert Counter(told) == Counter(wanted.keys())
    relay(None)  # what handlers have appended
    with open_store(url) as store, closing(KafkaTopic(kafka.plain, name)) as there:
        verdict = judge(store, there)
        assert verdict[:3] == (0, 0, 0), verdict
