"""The command line: answers for people and for programs, and exit codes that say what happened."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import eventfold as ef
from eventfold.doors.cli.main import cli, guarded
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `eventfold` on a log with three orders; gives exit code, output, errors."""
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url, lake=str(tmp_path / "lake")) as live:
        orders = live.repository(Order)
        for n in (1, 2, 3):
            orders.execute(f"order-{n}", Order.create, "=cmd()", [Item("mug", n, Decimal("2.50"))])
        orders.execute("order-1", Order.confirm)
        live.catch_up()
    bound = ["-a", "examples.orders.app:order_book", "-s", url, "--lake", str(tmp_path / "lake")]

    def call(*arguments: str, app: bool = True) -> tuple[int, str, str]:
        given = [*(bound if app else []), *arguments]
        code = guarded(lambda: cli.main(args=given, standalone_mode=False), as_json="--json" in arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def answer(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_query_as_table_json_and_csv(run: Run) -> None:
    sql = "SELECT order_id, customer_id, total_amount FROM orders ORDER BY 1 LIMIT 2"
    code, out, _ = run("query", sql)
    assert code == 0
    assert re.search(r"order-1\s+=cmd\(\)\s+2\.50", out)
    assert answer(run, "query", sql) == [
        {"order_id": "order-1", "customer_id": "=cmd()", "total_amount": "2.50"},
        {"order_id": "order-2", "customer_id": "=cmd()", "total_amount": "5.00"},
    ]
    _, out, _ = run("query", sql, "--csv")
    assert list(csv.reader(io.StringIO(out)))[1] == ["order-1", "'=cmd()", "2.50"]


def test_output_that_is_no_terminal_has_no_colours(run: Run) -> None:
    for arguments in (["status"], ["query", "SELECT * FROM orders"], ["streams"], ["read", "order-1"]):
        _, out, err = run(*arguments)
        assert "\x1b" not in out + err


def test_the_status_of_log_and_tables(run: Run) -> None:
    found = answer(run, "status")
    assert isinstance(found, dict)
    assert (found["app"], found["events"], found["warnings"]) == ("shop", 4, [])
    assert found["tables"][0]["lag"] == 0
    assert (found["tables"][0]["rows"], found["tables"][0]["cursor"]["marks"]["0"]["position"]) == (3, 4)
    code, out, err = run("status")
    assert code == 0
    assert "orders" in out
    assert "4 events" in err


def test_the_past_of_a_table(run: Run) -> None:
    rows = answer(run, "at", "orders", "--position", "3")
    assert isinstance(rows, list)
    assert [row["status"] for row in rows] == ["Created"] * 3
    (row,) = answer(run, "at", "orders", "--position", "4", "--key", "order-1")
    assert row["status"] == "Confirmed"
    assert answer(run, "at", "orders", "--time", "2001-01-01") == []
    assert answer(run, "at", "orders", "--time", "2001-01-01", "--occurred") == []
    code, _, err = run("at", "orders", "--position", "9")
    assert (code, err.split(":")[0]) == (4, "error position-beyond-head")


def test_why_a_row_is_as_it_is(run: Run) -> None:
    steps = answer(run, "why", "orders", "order-1")
    assert isinstance(steps, list)
    assert [(s["event"]["eventType"], s["after"]["status"]) for s in steps] == [
        ("OrderCreated", "Created"),
        ("OrderConfirmed", "Confirmed"),
    ]
    assert "Created -> Confirmed" in run("why", "orders", "order-1")[1]
    assert run("why", "orders", "order-9")[0] == 4


def test_a_rebuild_tells_what_it_did(run: Run) -> None:
    (done,) = answer(run, "rebuild")
    assert (done["generation"], done["events"], done["rows"]) == (2, 4, 3)
    assert run("rebuild", "nothing")[0] == 4


def test_events_as_documents(run: Run) -> None:
    _, out, _ = run("read", "order-1", "--json")
    first = json.loads(out.splitlines()[0])
    assert list(first) == [
        *("id", "aggregateId", "eventType", "version", "timestamp", "data", "metadata", "position")
    ]
    assert (first["aggregateId"], first["version"], first["data"]["customer_id"]) == ("order-1", 1, "=cmd()")
    assert first["metadata"] == {"schemaVersion": 2}
    _, out, _ = run("read", "order-1", "--backwards", "--limit", "1", "--json")
    assert json.loads(out)["eventType"] == "OrderConfirmed"
    assert run("read", "order-9")[0] == 4
    assert run("read", "order-9", "--empty-ok")[0] == 0
    assert run("read", "order-1", "--after", "5", "--to", "2")[0] == 3


def test_streams_by_name(run: Run) -> None:
    _, out, _ = run("streams", "order", "--json")
    assert [json.loads(line)["version"] for line in out.splitlines()] == [2, 1, 1]
    _, out, err = run("streams", "--limit", "1")
    assert "order-2" not in out
    assert "more" in err
    assert run("streams", "nothing", "--json")[1] == ""


def test_a_dry_run_of_an_import_makes_no_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("case,what\ncase-1,Opened\n")
    asked = ["import", str(tmp_path / "log.csv"), "--stream=case", "--type=what", "--dry-run"]
    code, _, err = run("-s", f"sqlite:///{tmp_path}/new.db", *asked, app=False)
    assert code == 0
    assert "1 would be written" in err
    assert not list(tmp_path.glob("new.db*"))


def test_import_then_read(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("case,what,when\n1,Opened,2024-01-01T00:00:00Z\n2,Closed,yesterday\n")
    new = f"sqlite:///{tmp_path}/new.db"
    line = [
        "-s",
        new,
        "import",
        str(log),
        "--stream",
        "case",
        "--category",
        "case",
        "--type",
        "what",
        "--time",
        "when",
    ]
    code, _, err = run(*line, "--dry-run", app=False)
    assert code == 3
    assert "1 would be written" in err
    code, out, _ = run(*line, app=False)
    assert code == 3
    assert re.search(r"3\s+time-invalid", out)
    code, out, _ = run(*line, "--json", app=False)
    assert (code, json.loads(out)["known"], json.loads(out)["refused"]) == (3, 1, 1)
    code, out, _ = run("-s", new, "--json", "read", "case-1", app=False)
    assert json.loads(out)["metadata"]["occurredAt"] == "2024-01-01T00:00:00Z"


def test_what_is_parked_is_listed_retried_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = tmp_path / "strict_app.py"
    app.write_text(
        "import eventfold as ef\n"
        "class Numbers(ef.Table, category='n'):\n"
        "    key = ef.key()\n"
        "    value = ef.last(ef.field('Noted', 'n'), 'int64')\n"
        "app = ef.App('numbers', tables=[Numbers], untyped=True)\n"
    )
    sys.path.insert(0, str(tmp_path))
    store = ef.open_store(f"sqlite:///{tmp_path}/n.db")
    for text in ('{"n":1}', '{"n":"poison"}', '{"n":3}'):
        store.append("n-1", [ef.NewEvent(ef.new_id(), "Noted", 1, text)], expected=ef.ANY)
    store.close()

    def call(*arguments: str) -> tuple[int, str]:
        given = ["-a", "strict_app:app", "-s", f"sqlite:///{tmp_path}/n.db", *arguments]
        code = guarded(lambda: cli.main(args=given, standalone_mode=False), as_json=False)
        return code, capsys.readouterr().out

    assert call("run", "--once") == (0, "")
    guarded(
        lambda: cli.main(
            args=["-a", "strict_app:app", "-s", f"sqlite:///{tmp_path}/n.db", "run", "--once"],
            standalone_mode=False,
        ),
        as_json=False,
    )
    assert "numbers: 1 stream is parked" in capsys.readouterr().err
    (row,) = json.loads(call("--json", "parked")[1])
    assert (row["stream"], row["version"], row["waiting"], row["code"]) == ("n-1", 2, 2, "value-unfit")
    assert "poison" in call("parked")[1]
    assert call("parked", "list", "numbers") == call("parked")
    shown = json.loads(call("--json", "parked", "show", "numbers", "n-1")[1])
    assert [event["version"] for event in shown["events"]] == [2, 3]
    assert (shown["parked"]["code"], shown["parked"]["position"]) == ("value-unfit", 2)
    assert "waits behind it" in call("parked", "show", "numbers", "n-1")[1]
    assert call("parked", "show", "numbers", "n-2")[0] == 4
    assert call("parked", "list", "nothing")[0] == 4
    assert call("parked", "retry", "numbers", "n-1")[0] == 9
    assert call("parked", "skip", "numbers", "n-1")[0] == 2
    assert call("parked", "skip", "numbers", "n-1", "--reason", "typing error")[0] == 0
    assert json.loads(call("--json", "query", "SELECT * FROM numbers")[1])[0]["value"] == 3
    assert call("parked")[0] == 0
    sys.path.remove(str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["status"], 2, "config-invalid"),
        (["-a", "nothing", "-s", "sqlite://", "status"], 2, "module:name"),
        (["-a", "no_such_module:app", "-s", "sqlite://", "status"], 2, "no_such_module"),
        (["-a", "examples.orders.app:nothing", "-s", "sqlite://", "status"], 2, "no App"),
        (["-a", "examples.orders.app:order_book", "status"], 2, "--store"),
        (["-s", "mysql://user:secret@host/db", "streams"], 2, "url-unsupported"),
        (["-s", "sqlite:///no/such/log.db", "streams"], 4, "log-not-found"),
        (["-s", "sqlite:///no/such/log.db", "streams"], 4, "append --create"),
        (["-s", "sqlite:///x.db?colour=red", "streams"], 2, "colour"),
        (["nonsense"], 2, "nonsense"),
        (["-a", ".shop:shop", "-s", "sqlite://", "status"], 2, "module:name"),
        (["-s", "sqlite://", "streams", "--limit", "-5"], 2, "--limit"),
        (["-s", "sqlite://", "streams", "--limit", "9" * 30], 2, "--limit"),
        (["-s", "sqlite://", "read", "order-\udcff", "--json"], 3, "stream-name-invalid"),
        (
            ["-a", "examples.orders.app:order_book", "-s", "sqlite://", "why", "\udcff", "x", "--json"],
            4,
            "udcff",
        ),
        (["-a", "examples.orders.app:order_book", "-s", "sqlite://", "query", "SELECT '\udcff'"], 3, "UTF-8"),
        (
            [
                "-s",
                "sqlite://",
                "import",
                __file__,
                "--stream=a",
                "--format=csv",
                "--event-type=T",
                "--data=\udcff=a",
            ],
            3,
            "UTF-8",
        ),
    ],
)
def test_what_cannot_work_is_a_sentence_and_an_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], code: int, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = run(*arguments, app=False)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err
    assert "secret" not in err
    assert not list(tmp_path.glob("x.db*"))


def test_who_has_no_name_on_this_machine_can_skip_an_event(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", unknown)
    code, _, err = run("parked", "skip", "orders", "order-1", "--reason", "a duplicate")
    assert code == 4
    assert "is not parked" in err


def test_an_error_as_json_has_its_code_and_facts(run: Run) -> None:
    _, out, err = run("at", "orders", "--position", "9", "--json")
    assert out == ""
    assert json.loads(err)["error"] | {"message": ""} == {
        "code": "position-beyond-head",
        "message": "",
        "outcome": "not_applied",
        "position": 9,
        "head": 4,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_worker_that_is_told_to_stop_has_lost_nothing(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url) as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal(1))])
    command = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
    command += [
        "-a",
        "examples.orders.app:order_book",
        "-s",
        url,
        "--lake",
        str(tmp_path / "lake"),
        "run",
        "--json",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as worker:
        assert worker.stderr is not None
        assert b"follows" in worker.stderr.readline()
        with shop.open(url) as live:
            done = live.repository(Order).execute("order-1", Order.confirm)
            assert done.token is not None
            live.table("orders").wait(done.token, 20)
        worker.send_signal(getattr(signal, name))
        out, err = worker.communicate(timeout=20)
    assert (worker.returncode, b"Traceback" in err) == (0, False)
    told = json.loads(out)["tables"][0]
    assert [(one["place"], one["lag"], one["unpublished"]) for one in told["places"]] == [("delta", 0, 0)]
    assert told | {"published": 0, "cursor": None, "places": []} == {
        "name": "orders",
        "cursor": None,
        "places": [],
        "rows": 1,
        "rate": None,
        "generation": 1,
        "lag": 0,
        "parked": 0,
        "published": 0,
        "unpublished": 0,
        "engine": "embedded",
        "problem": "",
        "seconds": 0.0,
        "place": "",
        "waits": "nothing",
        "fresh": None,
        "stale": False,
        "kept": None,
    }


def test_a_table_that_is_behind_is_watched_for_its_rate(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with shop.open(url) as live:
        live.repository(Order).execute("order-4", Order.create, "c", [Item("mug", 1, Decimal(1))])
    (table,) = answer(run, "status", "--watch", "0.01")["tables"]
    assert (table["lag"], table["rate"]) == (1, 0)  # nobody is at work
    assert answer(run, "status", "--watch", "0")["tables"][0]["rate"] is None
    code, out, _ = run("status")
    assert code == 0
    assert "0/s" in out


def test_the_rate_counts_what_was_folded_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.open(f"sqlite:///{tmp_path}/shop.db") as live:

        def work(_seconds: float) -> None:
            live.catch_up()
            live.repository(Order).execute("order-2", Order.create, "c", [Item("mug", 1, Decimal(1))])

        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal(1))])
        clock = SimpleNamespace(sleep=work, monotonic=iter([0.0, 2.0]).__next__, time=time.time)
        monkeypatch.setattr("eventfold.app.parts.tablestatus.time", clock)
        (table,) = live.status(watch=2).tables
    assert (table.lag, table.rate) == (1, 0.5)


def test_catching_up_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with shop.open(f"sqlite:///{tmp_path}/shop.db") as live:
        for n in range(3):
            live.repository(Order).execute(f"order-{n}", Order.create, "c", [Item("mug", 1, Decimal(1))])
        live.catch_up(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
