"""When COMMIT fails, no member of the group is told anything, and the store refuses until it is opened again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest

import eventfold as ef
from eventfold.errors import (
    OutcomeUnknown,
    StorageBusy,
    StorageError,
    StorageFailed,
    StorageFull,
    StoreFenced,
)
from eventfold.store.port import Write
from eventfold.store.settling import settled
from eventfold.store.sqlite.statements import SQL
from eventfold.store.sqlite.store import SqliteStore, open_url
from eventfold.store.sqlite.writer import _Job
from eventfold.testing.making import make


class FailingCommit:
    """The writer's connection, whose COMMIT fails after or before the frames were written."""

    def __init__(self, connection: apsw.Connection, *, lands: bool) -> None:
        self._connection, self._lands = connection, lands

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement == "COMMIT":
            if self._lands:
                self._connection.execute(statement)
            raise apsw.IOError("disk I/O error")
        return self._connection.execute(statement, *bindings)


@pytest.mark.parametrize("lands", [True, False])
@pytest.mark.parametrize("rival", ["same id", "same version"])
def test_a_failed_commit_tells_no_member_a_lie(tmp_path: Path, rival: str, *, lands: bool) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    store: SqliteStore = open_url(url)
    store.append("order-1", [make(0)], expected=0)
    event = make(1)
    other = event if rival == "same id" else make(2)
    writer: Any = store._writer
    writer._connection = FailingCommit(writer._connection, lands=lands)
    group = [_Job([Write("order-1", [e], 1)]) for e in (event, other)]
    writer._queue += group
    writer._lead()
    assert [type(job.error) for job in group] == [OutcomeUnknown, OutcomeUnknown]
    with pytest.raises(StoreFenced):
        store.append("order-2", [make()], expected=0)
    assert store.head("order-1") in {1, 2}
    store.close()
    again = ef.open_store(url)
    assert again.append("order-1", [event], expected=1).version == 2
    assert [e.id for e in again.read("order-1", after=1)] == [event.id]
    again.close()


class FailingBefore:
    """The writer's connection, which fails before COMMIT is reached, and at ROLLBACK too where that is asked for."""

    def __init__(self, connection: apsw.Connection, at: str, error: apsw.Error, *, rollback: bool) -> None:
        self._connection, self._at, self._error, self._rollback = connection, at, error, rollback

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement == self._at or (self._rollback and statement == "ROLLBACK"):
            raise self._error
        return self._connection.execute(statement, *bindings)


@pytest.mark.parametrize("at", ["BEGIN IMMEDIATE", SQL["log_head"], SQL["stream_version"]])
@pytest.mark.parametrize("rollback", [False, True])
@pytest.mark.parametrize(
    ("error", "told", "fences"),
    [
        (apsw.IOError("disk I/O error"), StorageFailed, True),
        (apsw.CorruptError("malformed"), StorageFailed, True),
        (apsw.FullError("full"), StorageFull, False),
        (apsw.BusyError("busy"), StorageBusy, False),
    ],
)
def test_an_error_before_the_commit_writes_nothing_and_one_of_the_disk_fences(
    tmp_path: Path, at: str, error: apsw.Error, told: type[StorageError], *, fences: bool, rollback: bool
) -> None:
    store: SqliteStore = open_url(f"sqlite:///{tmp_path}/log.db")
    store.append("order-1", [make(0)], expected=0)
    writer: Any = store._writer
    whole = writer._connection
    writer._connection = FailingBefore(whole, at, error, rollback=rollback)
    with pytest.raises(told, match="appending") as refused:
        store.append("order-1", [make(1)], expected=1)
    assert refused.value.outcome == "not_applied"
    writer._connection = whole
    if fences or (rollback and at != "BEGIN IMMEDIATE"):
        with pytest.raises(StoreFenced, match=str(error)):
            store.append("order-1", [make(2)], expected=1)
        assert store.head("order-1") == 1
    else:
        assert store.append("order-1", [make(2)], expected=1).version == 2
    store.close()


def test_control_without_the_failure_both_members_are_answered(tmp_path: Path) -> None:
    store: SqliteStore = open_url(f"sqlite:///{tmp_path}/log.db")
    event = make(1)
    group = [_Job([Write("order-1", [event], 0)]) for _ in range(2)]
    writer: Any = store._writer
    writer._queue += group
    writer._lead()
    assert [job.error for job in group] == [None, None]
    assert [job.answer[0].deduplicated for job in group] == [False, True]
    store.close()


def test_an_append_that_is_interrupted_while_it_waits_stops_nobody_else(tmp_path: Path) -> None:
    store = open_url(f"sqlite:///{tmp_path}/log.db")
    writer = store._writer
    late, other = _Job([Write("box-1", [make(1)], 0)]), _Job([Write("box-2", [make(2)], 0)])
    with writer._queue_lock:
        writer._queue += [late, other]
        writer._led = True
    late.leads = True  # it was handed the lead in the moment in which it was interrupted
    writer._leave(late)
    assert other.turn.acquire(timeout=5)
    writer._lead()
    writer._leave(other)
    assert (store.head("box-1"), store.head("box-2")) == (0, 1)
    assert store.append("box-3", [make(3)], expected=0).version == 1
    store.close()


@pytest.mark.parametrize(
    "where", ["_lead", "_take", "_await_crowd", "_refusal", "_transaction", "_commit", "_tell", "_leave"]
)
def test_an_interrupt_anywhere_in_an_append_stops_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Python delivers a signal where a function is entered, so that it can strike at any of these calls."""
    store = open_url(f"sqlite:///{tmp_path}/log.db")
    store._writer._crowd = 2
    ready = getattr(store._writer, where)

    def interrupted(*_: object) -> None:
        monkeypatch.setattr(store._writer, where, ready)
        raise KeyboardInterrupt

    monkeypatch.setattr(store._writer, where, interrupted)
    event = make(1)
    with pytest.raises(KeyboardInterrupt):
        store.append("box-1", [event], expected=0)
    with ThreadPoolExecutor(1) as other:
        later = other.submit(store.append, "box-1", [event], expected=0)
        assert later.result(timeout=5).version == 1
    store.close()


@pytest.mark.parametrize("lands", [True, False])
def test_a_repository_calls_a_lost_commit_unknown_though_the_store_has_fenced_itself(
    tmp_path: Path, *, lands: bool
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    store: SqliteStore = open_url(url)
    writer: Any = store._writer
    writer._connection = FailingCommit(writer._connection, lands=lands)
    event = make(1)
    with pytest.raises(OutcomeUnknown) as caught:
        settled(lambda: store.append("order-1", [event], expected=0))
    store.close()
    assert caught.value.outcome == "unknown"
    again = ef.open_store(url)
    assert again.head("order-1") == lands
    assert settled(lambda: again.append("order-1", [event], expected=0)).deduplicated == lands
    again.close()
