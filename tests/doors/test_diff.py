"""`eventfold diff`: for people and for programs."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from eventfold.doors.cli.main import cli, guarded
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url) as live:
        orders = live.repository(Order)
        orders.execute("order-1", Order.create, "c-1", [Item("mug", 1, Decimal("2.50"))])
        orders.execute("order-2", Order.create, "c-2", [Item("mug", 2, Decimal("2.50"))])
        orders.execute("order-1", Order.confirm)

    def call(*arguments: str) -> tuple[int, str, str]:
        given = ["-a", "examples.orders.app:order_book", "-s", url, "diff", *arguments]
        code = guarded(lambda: cli.main(args=given, standalone_mode=False), as_json="--json" in arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def answer(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_what_was_added_and_changed_as_a_table(run: Run) -> None:
    code, out, err = run("orders", "1")
    assert code == 0
    assert re.search(r"\+\s+order-2\s.*total_amount: 5\.00", out)
    assert re.search(r"~\s+order-1\s+status\s+Created\s+Confirmed", out)
    assert "\x1b" not in out
    assert "1 row added, 1 row changed." in err


def test_the_mirror_image_in_json(run: Run) -> None:
    found = answer(run, "orders", "now", "1")
    assert [row["order_id"] for row in found["removed"]] == ["order-2"]
    assert found["added"] == []
    (changed,) = found["changed"]
    assert changed["key"] == "order-1"
    assert changed["columns"]["status"] == {"before": "Confirmed", "after": "Created"}
    assert "_version" not in changed["columns"]


def test_one_key_and_internal_columns(run: Run) -> None:
    found = answer(run, "orders", "1", "now", "--key", "order-1", "--internal")
    assert found["added"] == []
    assert found["changed"][0]["columns"]["_version"] == {"before": 1, "after": 2}


def test_times_and_cursors_are_moments(run: Run) -> None:
    assert len(answer(run, "orders", "2000-01-01", "now")["added"]) == 2
    assert answer(run, "orders", "2000-01-01", "2001-01-01T00:00:00+02:00")["added"] == []


def test_colours_stand_on_a_terminal_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = run("orders", "1")
    assert "\x1b[32m" in out
    assert "\x1b[33m" in out


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        ("yesterday", "time-invalid"),
        ("2024-13-01", "time-invalid"),
        ("{}", "cursor-invalid"),
        ('{"log":"x"}', "cursor-invalid"),
    ],
)
def test_what_is_no_moment_is_refused(run: Run, moment: str, refusal: str) -> None:
    code, out, err = run("orders", moment)
    assert (code, out) == (3, "")
    assert refusal in err
    assert "Traceback" not in err


def test_a_cursor_of_another_log_is_refused(run: Run) -> None:
    code, out, err = run("orders", '{"log":"another","marks":{}}')
    assert (code, out) == (6, "")
    assert "foreign-cursor" in err
