"""Every command gives the same answer on SQLite and on Cosmos DB (a stand-in), but for what only one of them knows."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order
from tests.doors.calling import eventfold

OWN = frozenset(
    {
        *("id", "ids", "timestamp", "position", "partition", "token", "cursor", "log", "marks", "event_id"),
        *("requests", "charge", "last_recorded", "parked_us", "parked_at", "attempts", "generation"),
        *("ordered_at", "changed_at", "first", "last", "lag", "events", "unpublished", "published", "rate"),
    }
)
"""What differs from log to log and from run to run, or is known to one store only."""

COMMANDS = [
    ["append", "order-1", "OrderShipped", '{"tracking_number": "T1"}', "--expected", "2"],
    ["append", "order-1", "OrderShipped", '{"tracking_number": "T1"}', "--expected", "2"],
    ["append", "order-2", "OrderCancelled", '{"reason": "late"}', "--once", "c-1"],
    ["append", "order-2", "OrderCancelled", '{"reason": "late"}', "--once", "c-1"],
    ["streams"],
    ["streams", "order"],
    ["read", "order-1"],
    ["read", "order-1", "--backwards", "--limit", "1"],
    ["state", "order-1"],
    ["state", "order-1", "--at", "1"],
    ["history", "order-1"],
    ["history", "order-1", "--last", "1"],
    ["run", "--once"],
    ["status"],
    ["query", "SELECT order_id, status, total_amount, changed_by FROM orders ORDER BY 1"],
    ["query", "SELECT stream, version, actor, data FROM events WHERE type = 'OrderShipped' ORDER BY 1"],
    ["query", "SELECT type, count(*) AS n FROM events WHERE stream = 'order-1' GROUP BY 1 ORDER BY 1"],
    ["types"],
    ["types", "order"],
    ["at", "orders", "--time", "9999-01-01", "--key", "order-1"],
    ["at", "orders", "--time", "2001-01-01"],
    ["why", "orders", "order-1"],
    ["rebuild"],
    ["parked"],
    ["parked", "list", "orders"],
    ["parked", "show", "orders", "order-1"],
    ["parked", "retry", "orders", "order-1"],
    ["parked", "skip", "orders", "order-1", "--reason", "a test"],
    ["tail", "--once", "--from", "now"],
]


@pytest.fixture
def urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setenv(KEY, "c3RhbmQtaW4=")
    with StandIn(partitions=2, key="c3RhbmQtaW4=") as account:
        found = [f"sqlite:///{tmp_path}/log.db", account.url("shop")]
        for url in found:
            with shop.open(url, state="sqlite://") as live, ef.context(actor="Ada"):
                orders = live.repository(Order)
                for n in (1, 2):
                    orders.execute(f"order-{n}", Order.create, "c", [Item("mug", n, Decimal("2.50"))])
                orders.execute("order-1", Order.confirm)
        yield found


def normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: normal(v) for k, v in value.items() if k not in OWN and not str(k).endswith("_at")}
    return [normal(v) for v in value] if isinstance(value, list) else value


def answers(url: str, folder: Path) -> list[tuple[list[str], int, Any, Any]]:
    folder.mkdir()
    settings = [
        "-a",
        "examples.orders.app:order_book",
        "-s",
        url,
        "--actor",
        "Grace",
        "--lake",
        str(folder / "lake"),
    ]
    found = []
    for command in COMMANDS:
        code, out, err = eventfold(*settings, "--state", f"sqlite:///{folder}/state.db", *command, "--json")
        told = [normal(json.loads(line)) for line in out.splitlines()]
        error = normal(json.loads(err)) if err else None
        found.append((command, code, told, error))
    return found


@pytest.mark.slow
def test_every_command_answers_alike_on_both_stores(urls: list[str], tmp_path: Path) -> None:
    sqlite, cosmos = (answers(url, tmp_path / f"work-{n}") for n, url in enumerate(urls))
    for one, other in zip(sqlite, cosmos, strict=True):
        assert one == other
    codes = [code for _, code, *_ in sqlite]
    assert codes[:4] == [0, 5, 0, 0]
    assert codes[25:28] == [4, 4, 4]
    assert {code for n, code in enumerate(codes) if n not in {1, 25, 26, 27}} == {0}


def test_the_tail_of_both_stores_has_the_same_events(urls: list[str]) -> None:
    found = []
    for url in urls:
        told = eventfold("-s", url, "tail", "--once", "--from", "start", "--json")
        events = [json.loads(line) for line in told.out.splitlines()]
        found.append(sorted((e["aggregateId"], e["version"], e["eventType"]) for e in events))
        cursor = json.dumps(json.loads(told.err)["cursor"])
        assert eventfold("-s", url, "append", "note-1", "Noted").code == 0
        (later,) = eventfold("-s", url, "tail", "--once", "--from", cursor, "--json").out.splitlines()
        assert json.loads(later)["aggregateId"] == "note-1"
    assert found[0] == found[1]


def test_what_a_command_cost_is_told_where_it_is_asked_for(urls: list[str]) -> None:
    told = eventfold("-s", urls[1], "--cost", "streams")
    assert told.code == 0
    assert "request units" in told.err
    assert "request units" not in eventfold("-s", urls[1], "streams").err
