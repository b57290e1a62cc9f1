"""The broker of a run ends with its last user, is replaced where it was killed, and is missed aloud in CI."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from eventfold.testing.kafka import KafkaMissing
from eventfold.testing.kafka.process import Minded, end
from tests.bus import sharing

started: list[Minded] = []


class Sleeper:
    """Plays the broker."""

    def __init__(self, folder: Path, **options: Any) -> None:
        folder.mkdir()
        self._log, self._owner = folder / "log", options["owner"]

    def start(self) -> Self:
        started.append(Minded(("/bin/sh", "-c", "exec sleep 600"), self._log, self._owner))
        self.pid = started[-1].pid
        return self

    def client(self) -> dict[str, str]:
        return {"bootstrap.servers": str(self.pid)}

    def secured_client(self) -> dict[str, str]:
        return {}


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sharing, "KafkaBroker", Sleeper)
    monkeypatch.setattr(sharing, "jars", Path)
    monkeypatch.setattr(sharing, "_kept", [])
    yield
    for process in started:
        process.kill()
    started.clear()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_all_users_have_one_broker_and_the_last_ends_it(tmp_path: Path) -> None:
    with sharing.shared(tmp_path, os.getpid()) as first:
        with sharing.shared(tmp_path, os.getpid()) as second:
            assert first.pid == second.pid
        assert runs(first.pid)
    assert not runs(first.pid)
    assert not (tmp_path / "broker").exists()
    with sharing.shared(tmp_path, os.getpid()) as third:
        assert third.pid != first.pid
    assert len(started) == 2


def test_users_that_were_killed_hold_no_broker(tmp_path: Path) -> None:
    dead = Minded(("/bin/sh", "-c", "exec sleep 600"), tmp_path / "log", os.getpid())
    dead.kill()
    with sharing.shared(tmp_path, os.getpid()) as found:
        with sharing._state(tmp_path) as states:
            states[0].users.append(dead.pid)
        pid = found.pid
    assert not runs(pid)


def test_a_broker_that_was_killed_is_replaced(tmp_path: Path) -> None:
    with sharing.shared(tmp_path, os.getpid()) as first:
        end(first.pid)
        with sharing.shared(tmp_path, os.getpid()) as second:
            assert runs(second.pid)
            assert first.pid != second.pid


@pytest.mark.parametrize(("ci", "told"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_java_a_person_is_told_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, ci: str, told: type[BaseException]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CI", ci)

    def missing(_: object) -> Path:
        raise KafkaMissing("there is no 'java' here")

    monkeypatch.setattr(sharing, "kafka_jars", missing)
    with pytest.raises(told, match="no 'java' here"):
        sharing.jars()
