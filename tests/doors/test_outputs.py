"""No command adds what it says to a log or to the settings, whatever a shell has pointed its outputs at."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.testing.making import make
from tests.exports.test_protected import everything, shell


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with something that stands for a state, and settings that name it."""
    monkeypatch.chdir(tmp_path)
    for name in ("shop.db", "shop.db.state"):
        store = open_store(f"sqlite:///{name}")
        store.append("order-1", [make(1)], expected=0)
        store.close()
    Path("eventfold.toml").write_text('store = "sqlite:///shop.db"\n')
    return tmp_path


COMMANDS = [
    "doctor",
    "config",
    "completion bash",
    "streams",
    "doctor --help",
    "--help",
    "--version",
    "nonsense",
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("end", [">> shop.db", ">> shop.db 2>&1", "2>> shop.db", ">> shop.db.state"])
def test_no_command_adds_what_it_says_to_a_log(home: Path, command: str, end: str) -> None:
    before = everything(home)
    done = shell(f"eventfold {command} {end}")
    assert done.returncode == 2
    assert ("config-invalid" in done.stderr + done.stdout) == (end != ">> shop.db 2>&1")
    assert everything(home) == before


@pytest.mark.slow
def test_no_command_adds_what_it_says_to_the_settings_and_wrong_ones_hinder_no_help(home: Path) -> None:
    before = everything(home)
    for command in ("config", "completion bash", "doctor --help", "--help", "--version"):
        done = shell(f"eventfold {command} >> eventfold.toml")
        assert (done.returncode, "the file of the settings" in done.stderr) == (2, True)
    assert everything(home) == before
    Path("eventfold.toml").write_text("nonsense")
    done = shell("eventfold completion bash > script")
    assert (done.returncode, "complete" in Path("script").read_text()) == (0, True)
    assert shell("eventfold completion bash >> shop.db").returncode == 2
