"""`eventfold publish`: a moment of a table under a name of its own, told in a sentence and in JSON."""

import json
from pathlib import Path

import pytest

from tests.doors.calling import Told, eventfold

APP = "examples.orders.app:order_book"
ORDERS = "order,type,time,order_id\norder-1,OrderCreated,2026-03-01T00:00:00Z,order-1\n"


@pytest.fixture
def log(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    (tmp_path / "orders.csv").write_text(ORDERS)
    columns = ("--stream", "order", "--type", "type", "--time", "time")
    told = eventfold("-s", url, "import", str(tmp_path / "orders.csv"), *columns)
    assert told.code == 0, told
    return url


def publish(log: str, lake: Path, *arguments: str) -> Told:
    return eventfold("-a", APP, "-s", log, "--lake", str(lake), "publish", "orders", *arguments)


def test_it_is_told_what_was_published_and_that_it_is_there(log: str, tmp_path: Path) -> None:
    asked = ("--at", "2026-04-01", "--as", "first_quarter")
    told = publish(log, tmp_path / "lake", *asked, "--occurred")
    assert (told.code, told.out) == (0, "")
    said = "orders as occurred up to 2026-04-01 00:00:00Z is {} first_quarter: 1 row."
    assert said.format("published as") in told.err
    assert said.format("there already as") in publish(log, tmp_path / "lake", *asked, "--occurred").err
    found = json.loads(publish(log, tmp_path / "lake", *asked, "--occurred", "--json").out)
    assert (found["table"], found["name"], found["rows"], found["written"]) == (
        "orders",
        "first_quarter",
        1,
        False,
    )
    assert publish(log, tmp_path / "lake", *asked).code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--at", "2026-04-01"], 2, "--as"),
        (["--as", "then"], 2, "--at"),
        (["--at", "yesterday", "--as", "then"], 3, "no time in ISO 8601"),
        (["--at", "2999-01-01", "--as", "then"], 3, "yet to come"),
        (["--at", "2026-04-01", "--as", "by_status"], 2, "a table or a view of shop itself"),
        (["--at", "2026-04-01", "--as", "../x"], 2, "cannot be the name"),
    ],
)
def test_what_cannot_be_published_is_said(
    log: str, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    told = publish(log, tmp_path / "lake", *arguments)
    assert (told.code, told.out, said in told.err) == (code, "", True), told
    assert not (tmp_path / "lake").exists() or not list((tmp_path / "lake").iterdir())
