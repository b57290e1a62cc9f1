"""What a restore writes reaches no handler: it is refused, or moves them past it; a crash leaves them held."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventfold import Store, open_store
from eventfold.errors import ConfigInvalid, EventfoldError, HandlersBegun
from eventfold.exports import export_log
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects, Note
from eventfold.handlers.records import RESTORE, Progress
from eventfold.handlers.tending.moving import holds
from eventfold.imports import restore
from eventfold.imports.restoring import handlers as guard
from eventfold.testing.making import make, make_many
from eventfold.testing.partitioned import PartitionedStore
from tests.handlers.tending.making import Between, Crash, Worker

STREAMS = [f"box-{n}" for n in range(6)]
Make = Callable[[], Store]


def partitioned() -> Store:
    return PartitionedStore(open_store("sqlite://"), 3, seed=5)


def sqlite() -> Store:
    return open_store("sqlite://")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a log of some streams; restored, it adds to those that are there."""
    store = open_store("sqlite://")
    for n, stream in enumerate(STREAMS):
        store.append(
            stream, [make(n * 10 + 1, recorded_us=n * 10 + 1), make(recorded_us=n * 10 + 2)], expected=0
        )
    path = tmp_path_factory.mktemp("backup") / "log.jsonl"
    export_log(store, path)
    store.close()
    return path


@pytest.fixture(params=[sqlite, partitioned], ids=["one partition", "several"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    store: Store = request.param()
    for handler in ("mail", "webhook"):
        store.effects().begin(handler, store.feed().start())
    yield store
    store.close()


class Seen(Worker):
    @property
    def restored(self) -> list[str]:
        return [event.stream for event in self.handled if event.stream in STREAMS]


def settle(*workers: Worker) -> None:
    for _ in range(12):
        for worker in workers:
            worker.step()


def test_a_restore_that_writes_nothing_moves_nobody(store: Store, file: Path) -> None:
    """All of it is refused: other events stand in its streams. What no handler has taken yet is taken after it."""
    for stream in STREAMS:
        store.append(stream, make_many(3), expected=0)
    before = {handler: store.effects().all(handler) for handler in ("mail", "webhook")}
    report = restore(store, file, handlers="skip")
    assert (report.written, report.refused > 0) == (0, True)
    for handler, leases in before.items():
        assert store.effects().all(handler) == leases  # a worker that holds them keeps them
        assert holds(store.effects(), handler) == {}


def test_handlers_that_have_not_begun_begin_behind_what_is_restored(file: Path) -> None:
    with open_store("sqlite://") as store:
        restore(store, file, handlers="skip", begin=["digest"])
        (lease,) = store.effects().all("digest")
        assert store.feed().compare(lease.cursor, store.feed().end()) == "equal"
        assert holds(store.effects(), "digest") == {}


def test_a_restore_into_a_log_with_handlers_is_refused_and_says_what_to_do(store: Store, file: Path) -> None:
    with pytest.raises(HandlersBegun, match=r"mail, webhook.*--handlers skip"):
        restore(store, file)
    with pytest.raises(HandlersBegun):
        restore(store, file, dry_run=True)
    with pytest.raises(ConfigInvalid):
        restore(store, file, handlers="ask")  # type: ignore[arg-type] # a mistake
    assert list(store.streams()) == []
    assert {lease.epoch for lease in store.effects().all("mail")} == {0}


def test_a_rehearsal_with_handlers_touches_none(store: Store, file: Path) -> None:
    report = restore(store, file, dry_run=True, handlers="skip")
    assert "2 handlers would be moved to the end of the log: mail, webhook." in report.notes
    assert {lease.epoch for lease in store.effects().all("mail")} == {0}
    assert holds(store.effects(), "mail") == {}


def test_a_log_without_handlers_is_restored_as_ever(file: Path) -> None:
    store = open_store("sqlite://")
    store.effects().note("nobody", [Note(kind="outcome", key="a", value="")])
    assert restore(store, file, handlers="skip").written == 12
    assert restore(store, file).known == 12


def test_handlers_pass_by_what_is_restored_and_take_what_comes_after(store: Store, file: Path) -> None:
    workers = [Seen(store, "mail"), Seen(store, "mail", "b"), Seen(store, "webhook")]
    settle(*workers)
    report = restore(store, file, handlers="skip", progress=lambda _: settle(*workers))
    settle(*workers)
    store.append("late-1", make_many(3), expected=0)
    settle(*workers)
    assert "2 handlers moved to the end of the log: mail, webhook." in report.notes
    assert [worker.restored for worker in workers] == [[], [], []]
    assert sorted(e.version for worker in workers[:2] for e in worker.handled) == [1, 2, 3]
    assert holds(store.effects(), "mail") == {}


def test_what_was_done_beyond_a_checkpoint_is_forgotten_and_what_was_parked_stays(
    store: Store, file: Path
) -> None:
    partitions = [lease.partition for lease in store.effects().all("mail")]
    progress = [Progress(streams={"abc": 1}, count=1).note(name) for name in partitions]
    store.effects().note("mail", [*progress, Note(kind="parked", key="k", value="{}")])
    restore(store, file, handlers="skip")
    assert list(store.effects().notes("mail", Progress.kind)) == []
    assert [note.key for note in store.effects().notes("mail", "parked")] == ["k"]


def interrupted(store: Store, file: Path, workers: list[Seen], crash: int, seed: int) -> bool:
    """Restores with workers in between, whose process ends at one of its calls; whether it came to its end."""
    dice = random.Random(seed)
    effects = store.effects()

    def act() -> None:
        dice.choice(workers).step()

    with pytest.MonkeyPatch.context() as patch:
        between = Between(effects, act, crash=crash, dice=dice if seed else None)
        patch.setattr(store, "effects", lambda: between)
        for worker in workers:
            patch.setattr(worker, "_store", _With(store, effects))
        try:
            restore(store, file, handlers="skip", progress=lambda _: act())
        except Crash:
            return False
    return True


class _With:
    """A store with other effects: those of the workers do not fail."""

    def __init__(self, store: Store, effects: Effects) -> None:
        self.feed = store.feed
        self.effects = lambda: effects


@pytest.mark.slow
@pytest.mark.parametrize("make_store", [sqlite, partitioned], ids=["one partition", "several"])
@pytest.mark.parametrize("seed", range(2))
def test_whatever_call_is_the_last_one_no_handler_takes_what_was_restored(
    make_store: Make, file: Path, seed: int
) -> None:
    for crash in range(1, 200):
        store = make_store()
        store.effects().begin("mail", store.feed().start())
        workers = [Seen(store, "mail", owner) for owner in ("a", "b")]
        settle(*workers)
        came_to_its_end = interrupted(store, file, workers, crash, seed)
        settle(*workers)
        assert [worker.restored for worker in workers] == [[], []]
        if came_to_its_end:
            break
        if store.head("box-0"):
            marks = {n: m for lease in store.effects().all("mail") for n, m in lease.cursor.marks.items()}
            moved = store.feed().compare(Cursor(store.log_id, marks), store.feed().end()) == "equal"
            assert moved or RESTORE in holds(
                store.effects(), "mail"
            )  # it may end with the word of the last move
        restore(store, file, handlers="skip")
        store.append("late-1", make_many(3), expected=0)
        settle(*workers)
        assert [worker.restored for worker in workers] == [[], []]
        assert sorted(e.version for worker in workers for e in worker.handled) == [1, 2, 3]
        store.close()
    assert crash > 5  # it was not over before it began


def test_control_without_the_hold_handlers_take_what_is_restored(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "hold", lambda *_: None)
    worker = Seen(store, "mail")
    restore(store, file, handlers="skip", progress=lambda _: settle(worker))
    assert len(worker.restored) == 12


def test_leases_follow_a_log_that_was_split_meanwhile(file: Path) -> None:
    store = PartitionedStore(open_store("sqlite://"), 2, seed=5)
    store.effects().begin("mail", store.feed().start())
    worker = Seen(store, "mail")

    def split(_: object) -> None:
        for partition in ("0", "0.1", "1"):
            store.feed().split(partition)
        settle(worker)

    restore(store, file, handlers="skip", progress=split)
    assert {lease.partition for lease in store.effects().all("mail")} == {
        "0.0",
        "0.1.0",
        "0.1.1",
        "1.0",
        "1.1",
    }
    for n in range(20):
        store.append(f"late-{n}", [make(n)], expected=0)
    settle(worker)
    assert worker.restored == []
    assert len(worker.handled) == 20


def test_an_error_says_that_the_handlers_are_held(
    store: Store, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: object) -> None:
        raise EventfoldError("the disk went away")

    with pytest.raises(EventfoldError, match="disk"):
        restore(store, file, handlers="skip", progress=fails)
    assert "The handlers mail, webhook are held" in caplog.text
    held = holds(store.effects(), "webhook")[RESTORE]
    assert "log.jsonl is being restored, or that was interrupted" in held.reason
    restore(store, file, handlers="skip")
    assert holds(store.effects(), "webhook") == {}
