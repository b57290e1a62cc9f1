"""What a broker needs is asked for by name, brought once, and the process ends with its owner."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from eventfold.testing.kafka import KafkaMissing, kafka_jars
from eventfold.testing.kafka.process import Minded, end
from eventfold.testing.kafka.security import secured

BRINGS = """
echo once >> "{log}"
for argument; do
  case "$argument" in
    -DoutputDirectory=*) mkdir -p "${{argument#*=}}" && : > "${{argument#*=}}/a.jar" ;;
  esac
done
"""
SLEEPS = ("/bin/sh", "-c", "echo awake >&2; exec sleep 600")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path but those of the system's own tools, which has nothing in it yet."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in ("mkdir", "sleep"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def place(folder: Path, name: str, script: str = "exit 0") -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_what_is_missing_is_named(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(KafkaMissing, match="Java runtime of version 17"):
        kafka_jars(tmp_path / "jars")
    with pytest.raises(KafkaMissing, match="whole Java runtime"):
        secured(tmp_path)
    place(programs, "java")
    with pytest.raises(KafkaMissing, match="Apache Maven: there is no 'mvn'"):
        kafka_jars(tmp_path / "jars")
    place(programs, "mvn", "echo could not resolve; exit 1")
    with pytest.raises(KafkaMissing, match="could not resolve"):
        kafka_jars(tmp_path / "jars")
    place(programs, "keytool", "echo no such curve; exit 1")
    with pytest.raises(KafkaMissing, match="no such curve"):
        secured(tmp_path)


def test_the_jars_are_brought_once_and_again_where_that_was_interrupted(
    programs: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    place(programs, "java")
    place(programs, "mvn", BRINGS.format(log=log))
    asking = [threading.Thread(target=kafka_jars, args=[tmp_path / "kept"]) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    found = kafka_jars(tmp_path / "kept")
    assert [file.name for file in found.iterdir()] == ["a.jar"]
    assert log.read_text() == "once\n"
    (tmp_path / "kept" / "stamp").unlink()
    (found / "half.jar").touch()
    assert [file.name for file in kafka_jars(str(tmp_path / "kept")).iterdir()] == ["a.jar"]
    assert log.read_text() == "once\nonce\n"


def test_without_a_folder_the_jars_are_kept_in_the_cache_of_the_user(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place(programs, "java")
    place(programs, "mvn", BRINGS.format(log=tmp_path / "log"))
    assert kafka_jars() == tmp_path / "cache" / "eventfold" / "kafka" / "jars"


def test_the_command_tells_the_folder_or_what_is_missing(programs: Path, tmp_path: Path) -> None:
    def call() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "eventfold.testing.kafka", str(tmp_path / "jars")]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    missing = call()
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no 'java' here. The tests that need it are skipped." in missing.stderr
    place(programs, "java")
    place(programs, "mvn", BRINGS.format(log=tmp_path / "log"))
    assert call().stdout == f"{tmp_path / 'jars' / 'jars'}\n"


def test_a_process_is_killed_or_stopped_and_what_it_said_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    killed, stopped = (Minded(SLEEPS, log, os.getpid()) for _ in range(2))
    killed.kill()
    stopped.stop(30)
    assert is_gone(killed.pid)
    assert is_gone(stopped.pid)
    assert not killed.runs
    killed.kill()
    stopped.stop(1)
    assert set(log.read_text().split()) <= {"awake"}


def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    deaf = Minded(
        ("/bin/sh", "-c", "trap '' TERM; echo deaf >&2; while :; do sleep 1; done"), log, os.getpid()
    )
    while not log.read_text():
        time.sleep(0.01)
    deaf.stop(0.1)
    assert is_gone(deaf.pid)


def test_a_process_that_another_program_started_can_be_ended(tmp_path: Path) -> None:
    process = Minded(SLEEPS, tmp_path / "log", os.getpid())
    end(process.pid)
    assert is_gone(process.pid)
    end(process.pid)
    process.kill()


def test_a_process_ends_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from eventfold.testing.kafka.process import Minded\n"
        f"print(Minded({SLEEPS!r}, Path(sys.argv[1]), os.getpid()).pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "log"], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        os.kill(pid, 0)
        owner.send_signal(signal.SIGKILL)
    assert is_gone(pid)
