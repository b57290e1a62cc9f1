"""A handler that begins for the first time while a log is restored is held too, and told nothing of long ago."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold import Store, open_store
from eventfold.exports import export_log
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import RESTORE, Held
from eventfold.handlers.tending import beginning
from eventfold.handlers.tending.beginning import begin
from eventfold.handlers.tending.moving import holds
from eventfold.handlers.tending.restoring import LOG, announced
from eventfold.imports import restore
from eventfold.imports.restoring import handlers as guard
from eventfold.imports.restoring import restoring
from eventfold.testing.making import make, make_many
from eventfold.testing.partitioned import PartitionedStore
from tests.handlers.tending.making import Worker

Make = Callable[[], Store]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with open_store("sqlite://") as store:
        for n in range(6):
            store.append(f"box-{n}", [make(n + 1, recorded_us=n + 1)], expected=0)
        path = tmp_path_factory.mktemp("backup") / "log.jsonl"
        export_log(store, path)
    return path


@pytest.fixture(params=[1, 3], ids=["one partition", "several"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Where a restore takes several batches."""
    monkeypatch.setattr(restoring, "BATCH", 2)
    inner = open_store("sqlite://")
    store: Store = inner if request.param == 1 else PartitionedStore(inner, request.param, seed=5)
    yield store
    store.close()


@pytest.fixture(params=["now", "start"])
def digest(request: pytest.FixtureRequest) -> Handler:
    return ef.notify("Boxed", name="digest", since=request.param)(lambda event, message: None)


class Late(Worker):
    """Its handler begins when the first batch has been written."""

    def after_a_batch(self, handler: Handler) -> Callable[[object], None]:
        def act(_: object) -> None:
            begin(handler, self._store)
            self.settle()

        return act

    def settle(self) -> None:
        for _ in range(12):
            self.step()


@pytest.mark.parametrize("others", [False, True], ids=["the first of all", "beside others"])
def test_who_begins_during_a_restore_takes_what_comes_after_it(
    store: Store, file: Path, digest: Handler, others: bool
) -> None:
    if others:
        store.effects().begin("mail", store.feed().start())
    worker = Late(store, "digest")
    report = restore(
        store,
        file,
        handlers="skip" if others else "refuse",
        progress=worker.after_a_batch(digest),
    )
    worker.settle()
    assert (report.written, worker.handled) == (6, [])
    assert "moved to the end of the log: " in report.notes[-1]
    store.append("late-1", make_many(3), expected=0)
    worker.settle()
    assert [event.version for event in worker.handled] == [1, 2, 3]
    assert (holds(store.effects(), "digest"), announced(store.effects())) == ({}, None)


def test_control_who_knows_of_no_restore_takes_what_it_writes(
    store: Store, file: Path, digest: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "announce", lambda *_: None)
    worker = Late(store, "digest")
    restore(store, file, progress=worker.after_a_batch(digest))
    assert worker.handled


def test_a_restore_that_was_interrupted_holds_who_begins_after_it_until_it_is_run_again(
    store: Store, file: Path, digest: Handler
) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("the machine stops")

    with pytest.raises(RuntimeError):
        restore(store, file, progress=fails)
    worker = Late(store, "digest")
    worker.after_a_batch(digest)(None)
    assert "or that was interrupted" in holds(store.effects(), "digest")[RESTORE].reason
    restore(store, file, handlers="skip")
    worker.settle()
    assert (worker.handled, holds(store.effects(), "digest")) == ([], {})


def test_who_begins_when_a_restore_has_just_ended_stands_at_its_end(
    store: Store, digest: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("box-1", make_many(3), expected=0)
    answers = iter([Held(reason="log.jsonl"), None])
    monkeypatch.setattr(beginning, "announced", lambda _: next(answers))
    begin(digest, store)
    worker = Late(store, "digest")
    worker.settle()
    assert (worker.handled, holds(store.effects(), "digest")) == ([], {})


def test_what_tells_of_a_restore_is_no_handler(store: Store) -> None:
    store.effects().note(LOG, [Held(reason="x").note(RESTORE)])
    assert list(store.effects().readers()) == []
