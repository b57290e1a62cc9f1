"""An app keeps the copy of its log: when it catches up, while it runs, and on the command line."""

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

import eventfold as ef
from eventfold.app.live import Live
from eventfold.doors.cli.main import cli
from eventfold.errors import CapabilityMissing, ConfigInvalid, CursorLost
from eventfold.readmodels.lakecopy.copier import Copier
from eventfold.testing.making import make
from tests.readmodels.lakecopy.lake import rows_of


class Noted(ef.Event):
    n: int


class Notes(ef.Table):
    id = ef.key()
    n = ef.last(Noted.n)


APP = ef.App("shop", events=[Noted], tables=[Notes])
BARE = ef.App("bare", untyped=True)


def opened(folder: Path, app: ef.App = APP) -> Live:
    return app.open(f"sqlite:///{folder}/log.db", lake=str(folder / "lake"), copy=True)


def test_catching_up_copies_too(tmp_path: Path) -> None:
    with opened(tmp_path) as live:
        live.store.append("note-1", [make(1), make(2)], expected=0)
        done = live.catch_up()
        assert done.copied == 2
        assert "lake copy 2 events" in repr(done)
        assert live.catch_up().copied == 0
        copy = live.status().copy
        assert copy is not None
        assert (copy.events, copy.lag, copy.commits, copy.files, copy.problem) == (2, 0, 1, 1, "")
        live.store.append("note-1", [make(3)], expected=2)
        behind = live.status().copy
        assert behind is not None
        assert behind.lag == 1
    assert len(rows_of(tmp_path / "lake" / "events")) == 2


@pytest.mark.parametrize("app", [APP, BARE], ids=["with tables", "without"])
def test_a_run_keeps_it_and_copies_what_is_left_when_it_ends(
    tmp_path: Path, app: ef.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied, copy = threading.Event(), Copier.copy

    def seen(self: Copier) -> bool:
        try:
            return copy(self)
        finally:
            if self.handled >= 1:
                copied.set()

    monkeypatch.setattr(Copier, "copy", seen)
    with opened(tmp_path, app) as live:
        live.store.append("note-1", [make(1)], expected=0)
        stop = threading.Event()
        worker = threading.Thread(target=live.run, args=(stop,))
        worker.start()
        assert copied.wait(60)
        live.store.append("note-1", [make(2)], expected=1)
        stop.set()
        worker.join(30)
        assert not worker.is_alive()
        status = live.status().copy
        assert status is not None
        assert (status.events, status.lag) == (2, 0)


def test_a_copy_that_cannot_go_on_stops_no_table_and_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as live:
        live.store.append("note-1", [make(1)], expected=0)
        live.catch_up()
        DeltaTable(str(tmp_path / "lake" / "events")).alter.set_table_properties(
            {"delta.appendOnly": "false"}
        )
        DeltaTable(str(tmp_path / "lake" / "events")).delete()
        live.store.append("note-1", [make(2)], expected=1)
        with pytest.raises(CursorLost):
            live.catch_up()
        assert live.table(Notes).get("note-1")["n"] == 2
        status = live.status()
        assert status.copy is not None
        assert "somebody else wrote to it" in status.copy.problem
        assert any("lake copy" in warning for warning in status.warnings)


def test_a_run_of_nothing_else_ends_where_the_copy_cannot_go_on(tmp_path: Path) -> None:
    with opened(tmp_path, BARE) as live:
        live.store.append("note-1", [make(1)], expected=0)
        live.catch_up()
        for commit in (tmp_path / "lake" / "events" / "_eventfold" / "cursor").iterdir():
            commit.unlink()
        log = tmp_path / "lake" / "events" / "_delta_log"
        for commit in log.glob("*.json"):
            commit.write_text(commit.read_text().replace("userMetadata", "othersMetadata"))
        with pytest.raises(CursorLost):
            live.run(threading.Event())


def test_a_copy_needs_a_lake_and_a_log(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="--lake"):
        APP.open("sqlite://", copy=True)
    with pytest.raises(ConfigInvalid, match="True or False"):
        APP.open("sqlite://", lake=str(tmp_path), copy="lake")  # type: ignore[arg-type]
    with pytest.raises(CapabilityMissing, match="needs the log itself"):
        APP.open("kafka://127.0.0.1:1/shop", lake=str(tmp_path), copy=True)
    assert not list(tmp_path.iterdir())


def test_the_command_line_switches_it_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eventfold.toml").write_text(
        f'app = "{__name__}:APP"\nstore = "sqlite:///log.db"\nlake = "lake"\ncopy = true\n'
    )
    with ef.open_store(f"sqlite:///{tmp_path}/log.db") as store:
        store.append("note-1", [make(1)], expected=0)

    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        return result.output

    run("--no-copy", "run", "--once")
    assert not (tmp_path / "lake" / "events").exists()
    assert "Lake copy: none yet" in run("status")
    run("run", "--once")
    assert "Lake copy: 1 event, 0 events behind; 1 file" in run("status")
    assert json.loads(run("status", "--json"))["copy"]["events"] == 1
    assert json.loads(run("--no-copy", "status", "--json"))["copy"] is None
    assert "true" in run("config")
    (tmp_path / "eventfold.toml").write_text('copy = "yes"\n')
    refused = CliRunner().invoke(cli, ["status"])
    assert "`true` or `false`, without quotes" in str(refused.exception or refused.output)
