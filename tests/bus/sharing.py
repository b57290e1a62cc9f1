"""One Kafka broker for all processes of a test run: started by the first that needs it, ended by the last."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from eventfold.testing.kafka import KafkaBroker, KafkaMissing, kafka_jars
from eventfold.testing.kafka.process import end

ROOT = Path(__file__).parents[2]
_PATIENT = {"broker.session.timeout.ms": "60000"}
"""It is not killed and started again, and on a busy machine it may be silent for a while."""
_kept: list[KafkaBroker] = []
"""Whoever started it may end before others do."""


class Shared(msgspec.Struct):
    """A broker that others use too: name topics and groups so that nobody else does.

    Attributes:
        pid: of the broker; to be killed only by what has a broker of its own.
        plain: settings of a client.
        secured: those of a client that speaks as to Azure Event Hubs.
        users: the processes that use it.
    """

    pid: int
    plain: dict[str, Any]
    secured: dict[str, Any]
    users: list[int]


def jars() -> Path:
    """The jars of a broker; without them the test is skipped, counted and with the reason, and fails with CI=true."""
    try:
        return kafka_jars(ROOT / "build" / "kafka")
    except KafkaMissing as missing:
        _without(str(missing))


def _without(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def shared(folder: Path, owner: int) -> Iterator[Shared]:
    """The broker of a run.

    Args:
        folder: of the run, the same for all its processes.
        owner: the process that the run is.
    """
    brought = jars()
    with _state(folder) as states:
        if not states or not _runs(states[0].pid):
            broker = KafkaBroker(
                _fresh(folder), jars=brought, is_secured=True, owner=owner, options=_PATIENT
            ).start()
            _kept.append(broker)
            users = states[0].users if states else []  # those of one that was killed are still there
            states[:] = [Shared(broker.pid, broker.client(), broker.secured_client(), users)]
        states[0].users.append(os.getpid())
        found = states[0]
    try:
        yield found
    finally:
        with _state(folder) as states:
            states[0].users.remove(os.getpid())
            if not any(map(_runs, states[0].users)):
                end(states[0].pid)
                states.clear()
                _fresh(folder)


def _fresh(folder: Path) -> Path:
    place = folder / "broker"
    shutil.rmtree(place, ignore_errors=True)
    return place


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _state(folder: Path) -> Iterator[list[Shared]]:
    """The one broker that runs, or none; nobody else looks while it is looked at."""
    file = folder / "broker.json"
    with (folder / "broker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        states = msgspec.json.decode(file.read_bytes(), type=list[Shared]) if file.exists() else []
        yield states
        file.write_bytes(msgspec.json.encode(states))
