"""`eventfold verify`: for people and for programs, with an exit code that says whether everything agrees."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import apsw
import pytest
from msgspec import structs

from eventfold import open_store
from eventfold.doors.cli.main import cli, guarded
from eventfold.store.port import Snapshot
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url, lake=str(tmp_path / "lake")) as live:
        orders = live.repository(Order)
        for n in (1, 2, 3):
            orders.execute(f"order-{n}", Order.create, "c-1", [Item("mug", n, Decimal("2.50"))])
        live.catch_up()

    def call(*arguments: str) -> tuple[int, str, str]:
        given = [
            "-a",
            "examples.orders.app:order_book",
            "-s",
            url,
            "--lake",
            str(tmp_path / "lake"),
            "verify",
        ]
        code = guarded(
            lambda: cli.main(args=[*given, *arguments], standalone_mode=False), as_json="--json" in arguments
        )
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def edit(file: Path, *statements: str) -> None:
    connection = apsw.Connection(str(file))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_what_agrees_is_told_and_the_code_is_zero(run: Run) -> None:
    code, out, err = run()
    assert code == 0
    assert re.search(r"orders\s+1\s+3\s+3\s+0\s+3", out)
    assert "3 events looked at, the contents of 3 compared with the ledger. Everything agrees." in err
    assert "\x1b" not in out + err


def test_an_altered_event_is_named_and_the_code_is_ten(run: Run, tmp_path: Path) -> None:
    edit(tmp_path / "shop.db", """UPDATE events SET metadata = '{"actor":"eve"}' WHERE position = 2""")
    code, out, err = run()
    assert code == 10
    assert "order-2 version 1" in out
    assert "Problems: 3." in err  # the event, and the row that names its actor, in state and Delta table


def test_a_changed_row_in_json(run: Run, tmp_path: Path) -> None:
    edit(tmp_path / "shop.db.state", "UPDATE orders__1 SET status = 'Lost' WHERE order_id = 'order-3'")
    code, out, err = run("--json", "--sample", "100")
    assert (code, err) == (10, "")
    found = json.loads(out)
    assert (found["ok"], found["problems"], found["sampled"]) == (False, 1, 100)
    (finding,) = found["findings"]
    assert finding["table"] == "orders"
    assert (finding["key"], finding["columns"]) == ("order-3", ["status"])


@pytest.mark.parametrize("sample", ["0", "-1", "some"])
def test_what_is_no_sample_is_a_usage_error(run: Run, sample: str) -> None:
    code, out, err = run("--sample", sample)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_a_snapshot_that_differs_from_its_events_is_named_to_people_and_programs(
    run: Run, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    (event,) = store.read("order-2")
    state = Order("order-2")
    state.load_from_history([shop.registry.decode(event)])  # type: ignore[list-item] # it is an Order's
    codec = Order.definition.codec
    assert codec is not None
    right = Snapshot(
        log=store.log_id,
        stream="order-2",
        version=1,
        category="order",
        fingerprint=Order.definition.fingerprint,
        recorded_us=event.recorded_us,
        state=codec.encode(state.state()),
    )
    store.snapshots().save(right)
    code, _, err = run()
    assert (code, "1 snapshot with a fold. Everything agrees." in err) == (0, True)
    store.snapshots().save(structs.replace(right, state=codec.encode({**state.state(), "status": "Lost"})))
    store.close()
    code, out, err = run()
    assert code == 10
    assert "the snapshot of order-2 at version 1" in out
    assert "Problems: 1." in err
    code, out, _ = run("--json")
    found = json.loads(out)
    assert (code, found["ok"], found["snapshots"]) == (10, False, 1)
    (finding,) = found["findings"]
    assert (finding["where"], finding["stream"], finding["version"], finding["columns"]) == (
        "snapshot",
        "order-2",
        1,
        ["status"],
    )
