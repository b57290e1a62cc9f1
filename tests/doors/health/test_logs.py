"""Logs as JSON: what an operator's tools find in them, and what nobody does."""

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

import eventfold as ef
from eventfold.doors.cli.main import cli
from eventfold.doors.cli.masking import masked
from eventfold.doors.health.logs import JsonLines, logging_json


def record(message: str, **more: object) -> logging.LogRecord:
    found = logging.LogRecord("eventfold.handlers", logging.WARNING, "f.py", 1, message, (), None)
    found.__dict__.update(more)
    return found


def test_facts_stand_in_fields_of_their_own() -> None:
    facts = {"handler": "mail", "stream": "order-1", "version": 3, "position": 7, "level": "mine"}
    line = json.loads(JsonLines().format(record("it is parked", facts=facts)))
    assert line["time"].endswith("+00:00")
    assert {
        name: line[name]
        for name in ("level", "logger", "message", "handler", "stream", "version", "position")
    } == {
        "level": "warning",
        "logger": "eventfold.handlers",
        "message": "it is parked",
        "handler": "mail",
        "stream": "order-1",
        "version": 3,
        "position": 7,
    }


def test_secrets_are_hidden_wherever_they_stand_and_a_line_stays_one_line() -> None:
    hide = JsonLines(masked)
    try:
        raise ValueError("https://ada:pw@mail.example\nand a line")
    except ValueError as error:
        told = record(
            "to https://ada:pw@mail.example\nx",
            facts={"url": "smtp://u:pw@h"},
            exc_info=(ValueError, error, None),
        )
    line = hide.format(told)
    assert "pw" not in line
    assert "\n" not in line
    assert "and a line" in json.loads(line)["trace"]
    assert len(hide.format(record("x" * 100_000))) < 10_000
    assert json.loads(hide.format(record("half a letter: \ud800")))["message"].endswith("\\ud800")


def test_others_are_heard_from_warnings_upwards_and_nothing_stays_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handlers = list(logging.getLogger().handlers)
    with logging_json() as ours:
        ours.info("ours")
        logging.getLogger("other").info("chatter")
        logging.getLogger("other").warning("theirs")
    assert logging.getLogger().handlers == handlers
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == ["ours", "theirs"]


SHOP = """
import eventfold as ef

class Placed(ef.Event):
    secret: str

class Order(ef.Aggregate[Placed]):
    def place(self) -> None:
        self.raise_event(Placed(secret="plain words"))
    def apply(self, event: Placed) -> None:
        pass

@ef.notify(Placed, attempts=1)
def tell(event: Placed, message: ef.Message) -> None:
    raise ValueError("nobody is at home")

shop = ef.App("logged", aggregates=[Order], handlers=[tell])
"""


def test_a_parked_event_is_logged_with_its_place_and_its_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logged_shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    import logged_shop  # type: ignore[import-not-found]  # made above

    url = f"sqlite:///{tmp_path}/shop.db"
    with logged_shop.shop.open(url) as live, ef.context(correlation_id="c-7"):
        live.repository(logged_shop.Order).execute("order-1", logged_shop.Order.place)
    done = CliRunner().invoke(cli, ["-a", "logged_shop:shop", "-s", url, "run", "--once", "--log", "json"])
    assert (done.exit_code, done.exception) == (0, None)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    parked = next(line for line in lines if "is parked" in line["message"])
    wanted = {"handler": "tell", "stream": "order-1", "version": 1, "position": 1, "correlationId": "c-7"}
    assert {name: parked[name] for name in wanted} == wanted
    assert (parked["level"], parked["code"]) == ("warning", "handler-failed")
    assert any("ValueError: nobody is at home" in line.get("trace", "") for line in lines)
    assert "plain words" not in done.stderr


def test_a_health_port_is_for_a_run_that_goes_on(tmp_path: Path) -> None:
    arguments = ["-s", f"sqlite:///{tmp_path}/x.db", "run", "--once", "--health-port", "0"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "not for --once" in done.output
