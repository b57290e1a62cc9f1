"""A table that is published in more than one place: all of them are brought up to date, and told of."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.errors import ConfigInvalid, StorageFailed
from eventfold.testing.published.memory import Memory, MemoryPublication
from examples.orders.domain import Item, Order
from examples.orders.tables import Orders

ITEM = Item("sku", 2, Decimal("1.25"))
SHOP = ef.App("shop", aggregates=[Order], tables=[Orders])


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with SHOP.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "lake")) as live:
        yield live


@pytest.fixture
def second(live: Live) -> MemoryPublication:
    """Another place of the table."""
    table = live.table(Orders)
    place = MemoryPublication(Memory(), table.layout, live.store.log_id)
    table.others = (place,)
    return place


def create(live: Live, *numbers: int) -> None:
    for n in numbers:
        live.repository(Order).execute(f"order-{n}", Order.create, "ann", [ITEM])


def keys(table: LiveTable) -> list[str]:
    return [row["order_id"] for row in table.rows()]


def test_every_place_is_brought_to_the_end_and_told_of(live: Live, second: MemoryPublication) -> None:
    create(live, 1, 2)
    live.catch_up()
    assert sorted(second.read()) == keys(live.table(Orders)) == ["order-1", "order-2"]
    create(live, 3)
    (told,) = live.status().tables
    assert [(one.place, one.published, one.unpublished, one.lag, one.problem) for one in told.places] == [
        ("delta", 0, 0, 1, ""),
        ("memory", 0, 0, 1, ""),
    ]
    live.catch_up()
    assert [one.lag for one in live.status().tables[0].places] == [0, 0]


def test_a_place_that_cannot_be_looked_at_is_told_and_hides_nothing(
    live: Live, second: MemoryPublication, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(live, 1)
    live.catch_up()

    def gone() -> Any:
        raise StorageFailed("The service does not answer.")

    monkeypatch.setattr(second, "head", gone)
    found = live.status()
    assert found.warnings == ["orders, memory: The service does not answer."]
    assert [(one.published, one.problem) for one in found.tables[0].places] == [
        (0, ""),
        (None, "The service does not answer."),
    ]
    create(live, 2)
    with pytest.raises(StorageFailed, match="does not answer"):
        live.catch_up()
    published = live.table(Orders).publication
    assert published is not None
    head = published.head()
    assert head is not None
    assert head.stamp.change == live.table(Orders).live().head().change


def test_a_rebuild_is_published_in_every_place(live: Live, second: MemoryPublication) -> None:
    create(live, 1)
    live.catch_up()
    live.table(Orders).rebuild()
    head = second.head()
    assert head is not None
    assert head.stamp.generation == live.table(Orders).live().head().generation == 2


def test_the_second_place_alone_is_enough(tmp_path: Path) -> None:
    with SHOP.open(f"sqlite:///{tmp_path}/shop.db") as live:
        table = live.table(Orders)
        table.others = (place := MemoryPublication(Memory(), table.layout, live.store.log_id),)
        create(live, 1)
        done = live.catch_up()
        assert sorted(place.read()) == ["order-1"]
        assert [one.published for one in done.tables] == [None]  # of the lake, and there is none
        assert [one.place for one in live.status().tables[0].places] == ["memory"]


@pytest.mark.parametrize("keep", [3, "7 days", timedelta(seconds=-1), None])
def test_what_is_no_time_to_keep_something_for_is_refused(tmp_path: Path, keep: Any) -> None:
    with pytest.raises(ConfigInvalid, match=r"keep=timedelta\(days=7\)"):
        SHOP.open(f"sqlite:///{tmp_path}/shop.db", keep=keep)
    assert not (tmp_path / "shop.db").exists()
