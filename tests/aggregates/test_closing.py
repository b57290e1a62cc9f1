"""A snapshot that is due is taken before the log is closed, so that a short program gets one."""

import logging
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any

import pytest

import eventfold as ef
from eventfold.aggregates.loading import Loader
from eventfold.aggregates.snapshotting import Snapshotting
from eventfold.errors import StorageFailed
from tests.aggregates.written import BILLS, imported

KILLED = """
import os
live = app.open({url!r})
bills = live.repository(Bill)
for _ in range(10):
    bills.execute("bill-1", Bill.pay, Decimal(10))
os._exit(9)
"""


def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due waits, as it does when a program ends before the thread begins."""
    monkeypatch.setattr(Thread, "start", lambda _: None)
    # nothing is being taken that could be waited for
    monkeypatch.setattr(Snapshotting, "flush", lambda *_: True)


def paid(url: str, module: Any, count: int = 10, streams: int = 1) -> None:
    with module.app.open(url) as live:
        bills = live.repository(module.Bill)
        for n in range(streams):
            for _ in range(count):
                bills.execute(f"bill-{n}", module.Bill.pay, Decimal(10))


def kept(url: str, stream: str = "bill-0") -> int:
    store = ef.open_store(url)
    found = store.snapshots().load(stream)
    store.close()
    return found.version if found else 0


def test_a_short_program_gets_its_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_threads(monkeypatch)
    url = f"sqlite:///{tmp_path}/log.db"
    paid(url, imported(tmp_path), streams=3)
    assert [kept(url, f"bill-{n}") for n in range(3)] == [10, 10, 10]


def test_a_repository_of_its_own_is_closed_before_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_threads(monkeypatch)
    module, url = imported(tmp_path), f"sqlite:///{tmp_path}/log.db"
    store = ef.open_store(url)
    bills = ef.Repository(store, module.app.registry, module.Bill)
    for _ in range(10):
        bills.execute("bill-0", module.Bill.pay, Decimal(10))
    bills.close()
    store.close()
    assert kept(url) == 10


def test_an_error_while_closing_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    no_threads(monkeypatch)
    monkeypatch.setattr(Loader, "snapshot", full)
    url = f"sqlite:///{tmp_path}/log.db"
    with caplog.at_level(logging.WARNING, "eventfold.snapshots"):
        paid(url, imported(tmp_path))
    assert caplog.messages == ["no snapshot of bill-0 at version 10: The disk is full."]
    assert kept(url) == 0


def test_closing_begins_nothing_after_its_time(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    at_work, goes_on = ThreadEvent(), ThreadEvent()

    def take(stream: str, _: int) -> None:
        done.append(stream)
        at_work.set()
        goes_on.wait(30)

    snapshotting = Snapshotting(take)
    snapshotting.ask("bill-0", 10)
    at_work.wait(30)
    for n in range(1, 4):
        snapshotting.ask(f"bill-{n}", 10)
    with caplog.at_level(logging.WARNING, "eventfold.snapshots"):
        snapshotting.close(0)
    goes_on.set()
    assert snapshotting.flush()
    assert done == ["bill-0"]
    assert caplog.messages == ["3 snapshots were due and are not taken: there was no time for them"]


def test_what_is_being_taken_when_it_closes_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, goes_on, snapshot, flush = ThreadEvent(), ThreadEvent(), Loader.snapshot, Snapshotting.flush

    def slow(loader: Loader[Any], stream: str, version: int) -> None:
        at_work.set()
        goes_on.wait(30)
        snapshot(loader, stream, version)

    def waiting(snapshotting: Snapshotting, seconds: float = 10.0) -> bool:
        goes_on.set()
        return flush(snapshotting, seconds)

    monkeypatch.setattr(Loader, "snapshot", slow)
    monkeypatch.setattr(Snapshotting, "flush", waiting)
    url, module = f"sqlite:///{tmp_path}/log.db", imported(tmp_path)
    with module.app.open(url) as live:
        bills = live.repository(module.Bill)
        for _ in range(10):
            bills.execute("bill-0", module.Bill.pay, Decimal(10))
        at_work.wait(30)
    assert kept(url) == 10


def test_where_no_thread_can_begin_any_more_closing_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(Thread, "start", refused)
    url = f"sqlite:///{tmp_path}/log.db"
    paid(url, imported(tmp_path))
    assert kept(url) == 10


def test_a_killed_program_loses_nothing_but_its_snapshot(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    program = tmp_path / "killed.py"
    program.write_text(BILLS + KILLED.format(url=url), "utf-8")
    ended = subprocess.run([sys.executable, program], env=os.environ, check=False)
    assert ended.returncode == 9
    module = imported(tmp_path)
    with module.app.open(url) as live:
        assert live.repository(module.Bill).load("bill-1").total == 100
        live.repository(module.Bill).execute("bill-1", module.Bill.pay, Decimal(10))
        assert live.store.head("bill-1") == 11
