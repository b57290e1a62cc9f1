"""Appends that share a transaction: each is judged by itself, and all stand one after the other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from eventfold import Write
from eventfold.errors import WrongExpectedVersion
from eventfold.store.sqlite import writer as module
from eventfold.store.sqlite.store import open_url
from eventfold.store.sqlite.writer import Writer, _Job
from eventfold.testing.making import make, read_all


def test_repeats_conflicts_and_new_events_in_one_group_stand_at_their_places() -> None:
    store = open_url("sqlite://")
    old = [make(1), make(2), make(3)]
    store.append("box-1", old, expected=0)
    new = [make(n) for n in range(4, 8)]
    jobs = [
        _Job([Write("box-1", old, 0), Write("box-2", new[:2], 0)]),  # a repeat beside something new
        _Job([Write("box-2", new[3:], 0)]),  # a conflict
        _Job([Write("box-2", new[2:3], 2)]),
        _Job([Write("box-3", new[3:], 0)]),
    ]
    writer: Any = store._writer
    writer._queue += jobs
    writer._lead()
    assert [type(job.error) for job in jobs] == [type(None), WrongExpectedVersion, type(None), type(None)]
    first, second = jobs[0].answer
    assert (first.version, first.deduplicated, first.token.positions) == (3, True, {"0": 3})
    assert (second.version, second.deduplicated, second.token.positions) == (2, False, {"0": 5})
    assert [job.answer[0].token.positions for job in jobs[2:]] == [{"0": 6}, {"0": 7}]
    found = read_all(store.feed())
    assert [(e.position, e.id) for e in found] == list(enumerate([e.id for e in [*old, *new]], 1))
    assert [e.version for e in found] == [1, 2, 3, 1, 2, 3, 1]
    store.close()


def test_a_group_waits_for_those_whom_the_last_one_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that append in turn would else commit one after the other for ever."""
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 30)
    store = open_url("sqlite://")
    waits, sizes = Event(), []
    awaited, told = Writer._await_crowd, Writer._tell

    def await_crowd(self: Writer) -> None:
        waits.set()
        awaited(self)

    def tell(self: Writer, group: list[_Job]) -> None:
        sizes.append(len(group))
        told(self, group)

    monkeypatch.setattr(Writer, "_await_crowd", await_crowd)
    monkeypatch.setattr(Writer, "_tell", tell)
    store._writer._crowd, store._writer._commit_seconds = 2, 240.0
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store.append, "box-1", [make(1)], expected=0)
        assert waits.wait(10)
        second = threads.submit(store.append, "box-2", [make(2)], expected=0)
        assert (first.result(10).version, second.result(10).version) == (1, 1)
    assert sizes == [2]
    store.close()


def test_a_group_goes_on_without_those_who_do_not_come_and_expects_them_no_more() -> None:
    store = open_url("sqlite://")
    store._writer._crowd, store._writer._commit_seconds = 9, 0.01
    assert store.append("box-1", [make(1)], expected=0).version == 1
    assert store._writer._crowd == 1
    store.close()
