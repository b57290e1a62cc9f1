"""The same app follows its log or a topic: the same rows, answers and effects, and it may change between them."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared
from tests.doors.calling import eventfold
from tests.handlers.app.shop import Order, Orders, placed, tell

shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[tell, placed])


class Scene:
    """A log, a topic, and whoever is told."""

    def __init__(self, folder: Path, client: dict[str, Any], topic: str) -> None:
        self.folder, self.client, self.topic = folder, client, topic
        self.bus = f"kafka://{client['bootstrap.servers']}/{topic}"
        self.told: list[str] = []

    def open(self, *, bus: bool, place: str = "a") -> Live:
        return shop.open(
            f"sqlite:///{self.folder}/log.db",
            state=f"sqlite:///{self.folder}/{place}.db",
            lake=str(self.folder / place),
            targets={
                "desk": lambda payload, message: self.told.append(message.stream),
                "out": f"file:{self.folder}/out-{place}.jsonl",
            },
            bus=self.bus if bus else None,
        )

    def relay(self) -> None:
        """Once, to the end."""
        with (
            open_store(f"sqlite:///{self.folder}/log.db") as store,
            closing(KafkaTopic(self.client, self.topic)) as topic,
        ):
            catch_up([Relay(store, topic, page=7)])


@pytest.fixture
def scene(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> Scene:
    return Scene(tmp_path, kafka.plain, topic(3))


def order(live: Live, *numbers: int) -> None:
    for n in numbers:
        live.repository(Order).execute(f"order-{n}", Order.create, 10 + n)


def rows(live: Live) -> list[dict[str, Any]]:
    return sorted(live.query("SELECT * FROM orders").rows(), key=str)


def test_tables_and_handlers_on_the_bus_do_what_they_do_on_the_log(scene: Scene) -> None:
    with scene.open(bus=True) as live:
        order(live, *range(30))
        scene.relay()
        live.catch_up()
        live.handle()
        assert sorted(scene.told) == sorted(f"order-{n}" for n in range(30))
        assert live.verify().ok
        on_the_bus = rows(live)
        at = live.table(Orders).at(position=10).rows()
    with scene.open(bus=False, place="b") as live:
        live.catch_up()
        assert rows(live) == on_the_bus
        assert live.table(Orders).at(position=10).rows() == at


def test_it_goes_on_where_it_stood_when_it_changes_between_log_and_bus(scene: Scene) -> None:
    """And does nothing twice."""
    for bus in (False, True, False, True):
        with scene.open(bus=bus) as live:
            first = len(scene.told)
            order(live, *range(first, first + 5))
            scene.relay()
            live.catch_up()
            live.handle()
            assert scene.told == [f"order-{n}" for n in range(first + 5)]
            assert len(rows(live)) == first + 5
            assert live.verify().ok


def test_where_the_relay_is_behind_its_followers_wait(scene: Scene) -> None:
    with scene.open(bus=True) as live:
        order(live, 1)
        live.catch_up()
        assert rows(live) == []
        scene.relay()
        order(live, 2)
        live.catch_up()
        assert [row["order_id"] for row in rows(live)] == ["order-1"]
        scene.relay()
        live.catch_up()
        assert [row["order_id"] for row in rows(live)] == ["order-1", "order-2"]


def test_the_bus_command_lists_the_tables_and_handlers_that_read_there(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_TARGET_DESK", f"file:{scene.folder}/desk.jsonl")
    monkeypatch.setenv("EVENTFOLD_TARGET_OUT", f"file:{scene.folder}/out.jsonl")
    with scene.open(bus=True) as live:
        order(live, *range(12))
        scene.relay()
        live.catch_up()
        live.handle()
    store = ("-s", f"sqlite:///{scene.folder}/log.db", "--state", f"sqlite:///{scene.folder}/a.db")
    told = eventfold(
        "-a",
        "tests.bus.feed.test_app:shop",
        *store,
        "--lake",
        str(scene.folder / "a"),
        "--bus",
        scene.bus,
        "bus",
        "--json",
    )
    assert told.code == 0, told.err
    readers = {row["reader"]: row for row in json.loads(told.out)["readers"]}
    assert readers.keys() == {f"relay:{scene.topic}", "table orders", "tell", "placed"}
    assert all(row["of"] == "offsets" for name, row in readers.items() if not name.startswith("relay:"))
    assert readers[f"relay:{scene.topic}"]["behind"] == 0
