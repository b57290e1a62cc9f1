"""After `close`: an app, its tables, their state and its repositories say so, whatever is asked of them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from eventfold.app.live import Live
from eventfold.errors import StoreClosed
from eventfold.readmodels.port import Changes, Taken
from eventfold.testing.contract.closing import Given, ends_in_silence, still_answering
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order
from examples.orders.tables import Orders

ITEMS = [Item("mug", 1, Decimal("2.50"))]
NOW = datetime.now(UTC)


@pytest.fixture(params=["sqlite:///{}/log.db", "sqlite://"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    live = shop.open(request.param.format(tmp_path), lake=str(tmp_path / "lake"))
    orders = live.repository(Order)
    for n in (1, 2):
        orders.execute(f"order-{n}", Order.create, "c", ITEMS)
    live.catch_up()
    yield live
    live.close()


def test_every_method_of_a_closed_app_says_so(live: Live) -> None:
    live.close()
    live.close()
    how: Given = {
        "repository": lambda a: a.repository(Order),
        "table": lambda a: a.table(Orders),
        "handler": lambda a: a.handler("nobody"),
        "run": lambda a: a.run(threading.Event()),
        "query": lambda a: a.query("select 1"),
        "search": lambda a: a.search("orders"),
        "publish": lambda a: a.publish(Orders, time="2026-01-01", name="then"),
    }
    assert still_answering(live, how) == []
    with pytest.raises(StoreClosed):
        _ = live.tables


def test_every_method_of_a_table_of_a_closed_app_says_so(live: Live) -> None:
    table, token = live.table(Orders), live.store.token(next(live.store.read("order-1")))
    (before, ledger) = (table.at(time=NOW), live._ledger())
    live.close()
    how: Given = {
        "get": lambda t: t.get("order-1"),
        "at": lambda t: t.at(time=NOW),
        "diff": lambda t: t.diff(NOW, "now"),
        "why": lambda t: t.why("order-1"),
        "retry": lambda t: t.retry("order-1"),
        "skip": lambda t: t.skip("order-1", "because"),
        "wait": lambda t: t.wait(token, 0.0),
        "unknown": lambda t: t.unknown(ledger),
    }
    assert still_answering(table, how) == []
    assert isinstance(before.rows(), list)  # what was answered before is whole


def test_every_method_of_a_closed_state_says_so(live: Live) -> None:
    table, state = live.table(Orders), live._state
    rows, ledger, cursor = table.live(), live._ledger(), live.store.feed().end()
    held, (generation,) = rows.changed(0).rows, state.generations()
    taken = Taken(rows=held, parked=(), skips=(), cursor=cursor, generation=1, publication="delta", epoch=1)
    live.close()
    of_state: Given = {
        "live": lambda s: s.live(table.layout, cursor),
        "fresh": lambda s: s.fresh(table.layout, cursor),
        "swap": lambda s: s.swap(rows, live=1),
        "replace": lambda s: s.replace(rows, taken, at=1),
        "ledger": lambda s: s.ledger(cursor),
        "found": lambda s: s.found(table.layout),
        "size": lambda s: s.size(generation),
        "retire": lambda s: s.retire("orders", keep=True),
        "restore": lambda s: s.restore(table.layout),
        "drop": lambda s: s.drop("orders"),
    }
    of_rows: Given = {
        "rows": lambda r: r.rows(["order-1"]),
        "commit": lambda r: r.commit(Changes(), read=cursor, then=cursor),
        "load": lambda r: r.load(held, (), read=cursor, then=cursor),
        "batches": lambda r: r.batches(0).__enter__(),
        "changed": lambda r: r.changed(0),
        "acquire": lambda r: r.acquire("me", 1.0),
        "release": lambda r: r.release("me"),
        "publishing": lambda r: r.publishing("delta", 1),
        "published": lambda r: r.published("delta", 1, keep=1.0),
        "noted": lambda r: r.noted("delta"),
        "owned": lambda r: r.owned("delta"),
        "own": lambda r: r.own("delta", 1),
    }
    of_ledger: Given = {
        "record": lambda one: one.record((), read=cursor, then=cursor),
        "restart": lambda one: one.restart(cursor),
        "count": lambda one: one.count({}, read=cursor, then=cursor),
        "unknown": lambda one: one.unknown(live.app.sought(table.layout.spec)),
    }
    assert still_answering(state, of_state) == []
    assert still_answering(rows, of_rows) == []
    assert still_answering(ledger, of_ledger) == []


def test_every_method_of_a_repository_says_so_whatever_it_keeps_in_memory(live: Live) -> None:
    orders = live.repository(Order)
    unchanged, changed = orders.load("order-1"), orders.load("order-2")
    changed.confirm()
    history: Iterator[Any] = orders.history("order-1")
    next(history)
    live.close()
    how: Given = {
        "load": lambda r: r.load("order-1"),
        "save": lambda r: r.save(unchanged),
        "execute": lambda r: r.execute("order-1", Order.confirm),
        "execute_once": lambda r: r.execute_once("c", "order-1", Order.confirm),
        "at": lambda r: r.at("order-1", version=1),
        "history": lambda r: r.history("order-1"),
    }
    waits = frozenset({"close", "flush"})  # for what this process was about to keep, and there is none
    assert still_answering(orders, how, waits) == []
    assert still_answering(orders, {**how, "save": lambda r: r.save(changed)}, waits) == []
    assert still_answering(orders, {**how, "execute": lambda r: r.execute("order-1", _nothing)}, waits) == []
    assert ends_in_silence({"history": history}) == []


def _nothing(_: Order) -> None:
    return None
