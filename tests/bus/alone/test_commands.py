"""Every command on a topic without its log: it answers, or says in a sentence what to open instead."""

import json
import shlex
from pathlib import Path

import click
import pytest

from eventfold.doors.cli.main import cli
from tests.bus.alone.scene import Scene
from tests.doors.calling import Told, eventfold
from tests.doors.test_help import EVERY

APP = "tests.bus.alone.scene:everything"
NO_LOG = {
    "schema check",
    "schema diff",
    "schema accept",
    "dev cosmos",
    "dev search",
    "new",
    "config",
    "completion",
    "spark bundle",
    "synapse",
}
"""They open none."""
ANSWERS = {
    "run": "--search {folder}/search run --once",
    "status": "status --watch 0",
    "types": "types",
    "tail": "tail --from start --once",
    "search": "--search {folder}/search search totals",
    "query": "query 'SELECT count(*) AS n FROM totals'",
    "at": "at totals --position 3",
    "diff": "diff totals 2 now",
    "publish": "--lake {folder}/moments publish totals --at 2020-01-01 --as then",
    "plan": "plan totals",
    "apply": "apply totals",
    "rollback": "rollback totals",
    "rebuild": "rebuild totals",
    "take-over": "--lake {folder}/lake take-over totals",
    "parked": "parked",
    "parked list": "parked list totals",
    "parked show": "parked show totals order-9",
    "parked retry": "parked retry totals order-9",
    "parked skip": "parked skip totals order-9 --reason test",
    "handlers": "handlers --watch 0",
    "handlers list": "handlers list --watch 0",
    "handlers show": "handlers show tell --watch 0",
    "handlers pause": "handlers pause tell --reason test",
    "handlers resume": "handlers resume tell",
    "handlers parked": "handlers parked tell",
    "handlers retry": "handlers retry tell order-8",
    "handlers skip": "handlers skip tell order-8 --reason test",
    "handlers park": "handlers park tell order-1 --reason test",
    "handlers move": "handlers move tell --to now",
    "bus": "bus",
    "schema samples": "schema samples --from-log",
    "export": "export {folder}/out.jsonl",
    "doctor": "doctor",
    "verify": "verify",
    "watch": "watch --for 0",
}
EXITS = {"parked retry": 9, "handlers park": 4, "take-over": 4, "rollback": 5}
"""It is parked again; nothing of it waits; it was never published there."""
REFUSED = {
    "append": "append order-1 Created '{{\"total\": 1}}'",
    "read": "read order-1",
    "state": "state order-1",
    "history": "history order-1",
    "streams": "streams",
    "why": "why orders order-1",
    "import": "import {folder}/in.csv --stream x --type y",
    "consume": "consume {folder}/in.jsonl --source payments",
    "receive": "receive --source payments --port 0",
    "relay": "relay --once",
}
ELSEWHERE = {"spark run"}
"""It follows the topic too; tests/spark runs it, where Spark is."""


@pytest.fixture
def called(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> "Called":
    scene.order(*range(1, 7))
    scene.order(8, total=-1)
    scene.append("order-9", ("Created", '{"total": 1}'), ("Paid", '{"amount": "much"}'))
    scene.relay()
    monkeypatch.setenv("EVENTFOLD_TARGET_DESK", f"file:{scene.folder}/desk.jsonl")
    monkeypatch.chdir(scene.folder)
    (scene.folder / "in.csv").write_text("x,y\n1,2\n")
    (scene.folder / "in.jsonl").write_text("")
    return Called(scene)


class Called:
    """A scene as a shell has it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def __call__(self, line: str, app: str = APP) -> Told:
        words = shlex.split(line.format(folder=self.scene.folder))
        return eventfold("-a", app, "-s", self.scene.bus, *words)


def test_every_command_is_looked_at() -> None:
    leaves = {" ".join(path) for path, one in EVERY.items() if not isinstance(one, click.Group)}
    groups = {"parked", "handlers"}  # which answer by themselves
    assert leaves | groups == NO_LOG | ELSEWHERE | ANSWERS.keys() | REFUSED.keys()
    assert cli.commands


def test_what_can_be_done_without_the_log_is_done(called: Called) -> None:
    assert called("schema accept").code == 0
    for name, line in ANSWERS.items():
        told = called(line)
        assert told.code == EXITS.get(name, 0), (name, told)
        assert "Traceback" not in told.err, (name, told)
    assert len((called.scene.folder / "out.jsonl").read_text().splitlines()) == 9
    assert len((called.scene.folder / "desk.jsonl").read_text().splitlines()) == 7
    assert {path.name for path in called.scene.folder.glob(f"{called.scene.topic}.*")} >= {
        f"{called.scene.topic}.state",
        f"{called.scene.topic}.handlers",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_needs_the_log_says_what_to_open_instead(called: Called, form: str) -> None:
    lines = {**REFUSED, "receive from": f"receive --source payments --from {called.scene.bus}"}
    for name, line in lines.items():
        told = called(line if form == "text" else f"--json {line}", "tests.handlers.app.shop:shop")
        assert (told.code, told.out) == (2, ""), (name, told)
        if form == "json":
            error = json.loads(told.err)["error"]
            assert error["code"] == "capability-missing", name
        assert "needs the log itself, and only a topic of its events is open." in told.err, name
        assert "--store URL --bus TOPIC" in told.err, name
    assert not list(Path().glob("*.handlers"))


def test_what_is_parked_of_commands_stops_alone_and_is_shown(called: Called) -> None:
    told = called("status --watch 0", "tests.bus.alone.scene:with_handlers")
    assert (told.code, "thank" in told.out, "it runs where the log is" in told.err) == (0, True, True)
    told = called("run --once", "tests.bus.alone.scene:with_handlers")
    assert (told.code, "thank has commands to give" in told.err) == (2, True)
    assert len((called.scene.folder / "desk.jsonl").read_text().splitlines()) == 7


def test_settings_name_the_topic_as_the_store(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = called.scene
    Path("eventfold.toml").write_text(f'app = "{APP}"\nstore = "{scene.bus}"\nbus = "{scene.bus}"\n')
    told = eventfold("status", "--watch", "0", "--json")
    assert (told.code, json.loads(told.out)["events"]) == (0, 9)
    told = eventfold("--bus", f"{scene.bus}x", "status")
    assert (told.code, "(The setting bus is given by --bus.)" in told.err) == (2, True)
    Path("eventfold.toml").write_text(f'app = "{APP}"\nbus = "{scene.bus}"\n')
    told = eventfold("status")
    assert (told.code, "--store takes the topic" in told.err) == (2, True)
    Path("eventfold.toml").write_text(f'app = "{APP}"\n')
    told = eventfold("-s", "kafka://127.0.0.1:9092/a/b", "status")
    assert (told.code, "(The setting store is given by --store.)" in told.err) == (2, True)
    monkeypatch.delenv("EVENTFOLD_KAFKA_PASSWORD", raising=False)
    told = eventfold("-s", "kafka://127.0.0.1:9092/shop?user=me", "status")
    assert (told.code, "set EVENTFOLD_KAFKA_PASSWORD" in told.err) == (2, True)
