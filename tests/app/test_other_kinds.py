"""What no type checker would have let pass is told as what it is, at the front door, and nothing is written."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from examples.orders.domain import Order
from examples.orders.tables import Orders

SHOP = ef.App("shop", aggregates=[Order], tables=[Orders])
WRONG = [5, None, [1], b"x", 1.5, int, 3j]
"""None of them is text, a list of classes, or something that can be called with an order."""
Ask = Callable[[Any], object]


def _asks(live: Live) -> dict[str, Ask]:
    (table, *_), orders, store = live.tables, live.repository(Order), live.store
    return {
        "table": live.table,
        "repository": live.repository,
        "handler": live.handler,
        "query": live.query,
        "load": orders.load,
        "history": orders.history,
        "execute": lambda wrong: orders.execute(wrong, Order.cancel, "a reason"),
        "get": table.get,
        "why": table.why,
        "retry": table.retry,
        "skip": lambda wrong: table.skip(wrong, "a reason"),
        "read": lambda wrong: list(store.read(wrong)),
        "append to": lambda wrong: store.append(wrong, [], expected=0),
        "append": lambda wrong: store.append("order-9", wrong, expected=0),
        "open": SHOP.open,
        "open a store": ef.open_store,
        "the name of an app": ef.App,
    }


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with SHOP.open("sqlite://") as live:
        yield live


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_another_kind_of_thing_is_told(live: Live, wrong: object) -> None:
    for name, ask in _asks(live).items():
        with pytest.raises(ef.EventfoldError) as caught:
            ask(wrong)
        assert len(caught.value.message) < 300, name
    feed = live.store.feed()
    assert list(feed.read(feed.start(), 1).events) == []


@pytest.mark.parametrize("wrong", [5, b"x", 1.5, int, [1], "nope", 3j], ids=repr)
def test_another_kind_of_option_is_told(live: Live, wrong: Any) -> None:
    orders = live.repository(Order)
    no_number: Any = "1" if wrong == 5 else wrong
    no_text: Any = b"x" if wrong == "nope" else wrong
    asks: dict[str, Callable[[], object]] = {
        "version": lambda: orders.at("order-1", version=no_number),
        "after": lambda: list(live.store.read("order-1", after=no_number)),
        "lake": lambda: SHOP.open("sqlite://", lake=no_text),
        "state": lambda: SHOP.open("sqlite://", state=wrong),
        "aggregates": lambda: ef.App("a", aggregates=wrong),
        "tables": lambda: ef.App("a", tables=wrong),
        "events": lambda: ef.App("a", events=wrong),
    }
    for name, ask in asks.items():
        with pytest.raises(ef.EventfoldError) as caught:
            ask()
        assert len(caught.value.message) < 300, name


@pytest.mark.parametrize("wrong", [5, None, "nope"])
def test_values_and_decisions_of_another_kind_are_told(live: Live, wrong: Any) -> None:
    with pytest.raises(ef.EventfoldError) as caught:
        live.query("select 1 where ? is not null", wrong)
    assert caught.value.code == "query-invalid"
    with pytest.raises(ef.EventfoldError) as caught:
        live.repository(Order).execute("order-1", wrong)
    assert caught.value.code == "definition-invalid"
    assert "decides nothing" in caught.value.message


def test_a_path_is_told_how_it_becomes_a_url(tmp_path: Path) -> None:
    with pytest.raises(ef.EventfoldError) as caught:
        ef.open_store(tmp_path / "log.db")  # type: ignore[arg-type]
    assert (caught.value.code, list(tmp_path.iterdir())) == ("url-unsupported", [])
    assert "sqlite:///{path}" in caught.value.message


def test_a_variable_that_is_not_set_is_told() -> None:
    with pytest.raises(ef.EventfoldError, match="not set"):
        SHOP.open(None)  # type: ignore[arg-type]
