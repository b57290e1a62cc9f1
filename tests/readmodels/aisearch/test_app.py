"""An app whose tables are searched in a service: folded, published, found, rebuilt; on the stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import ConfigInvalid, TableBehind
from eventfold.testing.aisearch import StandIn
from tests.doors.calling import eventfold
from tests.readmodels.aisearch.given import url


class Placed(ef.Event):
    note: str
    total: str


class Shipped(ef.Event):
    by: str


class Orders(ef.Table, category="order"):
    order_id = ef.key()
    note = ef.last(Placed.note)
    status = ef.last({Placed: "Placed", Shipped: "Shipped"})
    total = ef.last(Placed.total, "decimal(18,2)")
    search = ef.search(text=[note], facets=[status], sort=[total])


SHOP = ef.App("shop", events=[Placed, Shipped], tables=[Orders])


@pytest.fixture
def live(tmp_path: Path, service: StandIn) -> Iterator[Live]:
    place = url(service, str(tmp_path))
    with SHOP.open(f"sqlite:///{tmp_path}/shop.db", search=place) as live:
        yield live


def place_orders(live: Live) -> None:
    for n, note in enumerate(["A blue mug", "Two red mugs", "One BLUE, one red"]):
        events = [Placed(note=note, total=f"{n}.10"), *([Shipped(by="post")] if n % 2 else [])]
        live.store.append(f"order-{n}", [live.app.registry.encode(event) for event in events], expected=0)


def test_rows_are_found_by_words_conditions_and_facets(live: Live) -> None:
    place_orders(live)
    live.catch_up()
    found = live.search(Orders, "blue", facets=["status"])
    assert sorted(hit.key for hit in found) == ["order-0", "order-2"]
    assert [(one.value, one.count) for one in found.facets["status"]] == [("Placed", 2)]
    assert [hit.key for hit in live.search("orders", where="total >= 1.10", order="-total")] == [
        "order-2",
        "order-1",
    ]
    live.table(Orders).rebuild()
    assert live.search(Orders, "red -blue").rows()[0]["status"] == "Shipped"
    (told,) = live.status().tables
    assert [(one.place, one.lag, one.problem) for one in told.places] == [("aisearch", 0, "")]


def test_doctor_compares_the_index_with_the_table(
    live: Live, tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shared = ["-a", "tests.readmodels.aisearch.test_app:SHOP", "-s", f"sqlite:///{tmp_path}/shop.db"]
    shared += ["--search", url(service, str(tmp_path)), "doctor"]
    assert "there is none yet" in eventfold(*shared).out
    place_orders(live)
    live.catch_up()
    told = eventfold(*shared)
    assert told.code == 0
    assert "has the fields of the table" in told.out
    folder = ["--search", f"{tmp_path}/indexes"]
    assert "there is none yet" in eventfold(*shared[:4], *folder, "doctor").out


def test_before_anything_is_there_it_says_what_to_do(live: Live) -> None:
    with pytest.raises(TableBehind, match="eventfold run --once"):
        live.search(Orders)


def test_without_a_key_nothing_is_opened(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTFOLD_SEARCH_KEY")
    with pytest.raises(ConfigInvalid, match="EVENTFOLD_SEARCH_KEY"):
        SHOP.open(f"sqlite:///{tmp_path}/shop.db", search=url(service, "none"))
