"""A log alone answers: SQL over its events, its types, how it stands. Nothing is made beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.calling import eventfold


def answer(*arguments: str) -> Any:
    code, out, err = eventfold(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_sql_over_the_events_of_a_log_without_an_app(log: str, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    sql = "SELECT type, count(*) AS n, max(actor) AS who FROM events WHERE stream = 'order-1' GROUP BY 1 ORDER BY 1"
    rows = answer("-s", log, "query", sql)
    assert [(row["type"], row["n"]) for row in rows] == [("OrderConfirmed", 1), ("OrderCreated", 1)]
    assert rows[0]["who"] == "Ada"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    told = eventfold("-s", log, "query", "SELECT * FROM orders")
    assert (told.code, told.out) == (3, "")
    assert "The tables are: events." in told.err


def test_the_types_of_a_log(log: str) -> None:
    eventfold("-s", log, "append", "note-1", "Noted", "{}", "--schema-version", "3")
    found = answer("-s", log, "types")
    assert [(t["category"], t["type"], t["events"], t["schema_versions"]) for t in found] == [
        ("note", "Noted", 1, [3]),
        ("order", "OrderCreated", 2, [2]),
        ("order", "OrderConfirmed", 1, [1]),
    ]
    assert all(t["first"] <= t["last"] for t in found)
    assert [t["type"] for t in answer("-s", log, "types", "note")] == ["Noted"]
    assert answer("-s", log, "types", "nothing") == []
    shown = eventfold("-s", log, "types").out
    assert "OrderConfirmed" in shown
    assert shown.splitlines()[0].split() == ["category", "type", "events", "first", "last", "schema"]


def test_a_category_that_no_stream_can_have_is_refused(log: str) -> None:
    told = eventfold("-s", log, "types", "sales-order")
    assert (told.code, told.out) == (3, "")
    assert "stream-name-invalid" in told.err


def test_the_status_of_a_log_without_an_app(log: str, tmp_path: Path) -> None:
    found = answer("-s", log, "status")
    assert (found["app"], found["events"], found["tables"], found["warnings"]) == (None, 3, [], [])
    assert found["last_recorded"]
    code, out, err = eventfold("-s", log, "status")
    assert (code, out) == (0, "")
    assert err.startswith("3 events, the last of ")
    assert "eventfold types" in err
    one = f"sqlite:///{tmp_path}/one.db"
    eventfold("-s", one, "append", "note-1", "Noted", "{}", "--create")
    assert eventfold("-s", one, "status").err.startswith("1 event, the last of ")


@pytest.mark.parametrize("command", [["status"], ["types"], ["query", "SELECT 1 FROM events"]])
def test_a_log_that_is_not_there_is_an_error(tmp_path: Path, command: list[str]) -> None:
    assert eventfold("-s", f"sqlite:///{tmp_path}/none.db", *command).code == 4
    assert list(tmp_path.iterdir()) == []
