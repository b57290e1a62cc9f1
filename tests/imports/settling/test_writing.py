"""How rows reach a store: one question and one transaction per batch, whatever the store can do, however it fails."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eventfold import Store, open_store
from eventfold.errors import (
    BackendLimit,
    BatchTooLarge,
    OutcomeUnknown,
    StorageBusy,
    StorageFailed,
    WrongExpectedVersion,
)
from eventfold.imports import importing
from eventfold.imports.settling import settling
from tests.imports.making import Lesser, csv_file, run, stored

KILLED = """
import os, signal, sys
from pathlib import Path
from uuid import uuid4
from eventfold import open_store
from eventfold.imports import Mapping, import_file, importing
from eventfold.imports.settling import repeats
importing.BATCH = 100
if sys.argv[3] == "random":
    repeats.row_id = lambda *_: uuid4()
left = int(sys.argv[4])
def killing(done, size):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
columns = Mapping(stream="case", category="case", type="what", time="when")
import_file(open_store(sys.argv[1]), Path(sys.argv[2]), columns, source="test", progress=killing)
"""


def alternating(count: int, streams: int, note: str = "") -> list[str]:
    return [f"{n % streams},Noted,,{n}{note}" for n in range(count)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 100)


def test_a_batch_is_one_question_and_one_transaction(store: Store, tmp_path: Path) -> None:
    watched = Lesser(store)
    path = csv_file(tmp_path / "log.csv", alternating(1_000, 10))
    run(watched, path)
    assert (watched.finds, len(watched.appends)) == (0, 10)  # nothing was there to be asked for
    run(watched, path)
    assert (watched.finds, len(watched.appends)) == (10, 10)
    run(watched, csv_file(tmp_path / "log.csv", alternating(1_000, 10, "+")))
    # a new row may have the id of an earlier release
    assert (watched.finds, len(watched.appends)) == (
        30,
        20,
    )


def test_a_store_that_is_not_atomic_gets_each_stream_of_a_batch_at_once(store: Store, tmp_path: Path) -> None:
    lesser = Lesser(store, atomic_over_streams=False)
    path = csv_file(tmp_path / "log.csv", alternating(1_000, 10))
    assert run(lesser, path).written == 1_000
    assert len(lesser.appends) == 10 * 10
    numbers = [int(e.data_map()["note"]) for e in store.read("case-3")]
    assert numbers == list(range(3, 1_000, 10))
    assert run(lesser, path).known == 1_000


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("less", [{"max_batch": 7}, {"max_append_bytes": 1_000}, {"max_append_bytes": 130}])
def test_what_one_append_can_take_is_kept(
    store: Store, tmp_path: Path, less: dict[str, int], atomic: bool
) -> None:
    path = csv_file(tmp_path / "log.csv", alternating(300, 2, "ä" * 20))
    lesser = Lesser(store, atomic_over_streams=atomic, **less)
    assert run(lesser, path).written == 300
    for n in (0, 1):
        assert [e.data_map()["note"] for e in store.read(f"case-{n}")] == [
            f"{i}{'ä' * 20}" for i in range(n, 300, 2)
        ]


def test_the_watching_store_does_refuse_what_is_too_much(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_parts", lambda rows, _limit: iter([rows]))
    with pytest.raises(BatchTooLarge):
        run(Lesser(store, max_append_bytes=1_000), csv_file(tmp_path / "log.csv", alternating(300, 2)))


@pytest.mark.parametrize("after", [False, True])
def test_rows_whose_answer_was_lost_count_as_written_once(store: Store, tmp_path: Path, after: bool) -> None:
    failing = Lesser(store)
    failing.failures = [(OutcomeUnknown("lost"), after)] * 3
    report = run(failing, csv_file(tmp_path / "log.csv", alternating(250, 3)))
    assert (report.written, report.known, report.refused) == (250, 0, 0)
    assert len({e.id for e in stored(store)}) == len(stored(store)) == 250


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("lost"), StorageBusy("busy"), WrongExpectedVersion("moved")]
)
def test_a_store_that_never_answers_ends_the_import_after_some_attempts(
    store: Store, tmp_path: Path, error: Exception
) -> None:
    failing = Lesser(store)
    failing.failures = [(error, False)] * 100
    path = csv_file(tmp_path / "log.csv", alternating(250, 3))
    with pytest.raises(type(error)):
        run(failing, path)
    assert len(failing.appends) == settling.ATTEMPTS
    assert stored(store) == []
    assert run(store, path).written == 250


def test_rows_whose_answer_was_lost_stay_unknown_while_nothing_says_more(
    store: Store, tmp_path: Path
) -> None:
    for then in (StorageBusy("busy"), StorageFailed("broken"), BackendLimit("full")):
        failing = Lesser(store)
        failing.failures = [(OutcomeUnknown("lost"), False)] + [(then, False)] * 9
        with pytest.raises(OutcomeUnknown):
            run(failing, csv_file(tmp_path / "log.csv", alternating(9, 3)))
    assert stored(store) == []


def test_a_part_that_failed_between_streams_is_completed(store: Store, tmp_path: Path) -> None:
    lesser = Lesser(store, atomic_over_streams=False)
    path = csv_file(tmp_path / "log.csv", alternating(300, 3))
    lesser.failures = [(OutcomeUnknown("lost"), True)]
    assert run(lesser, path).written == 300
    assert [store.head(f"case-{n}") for n in range(3)] == [100, 100, 100]


def killed_then_repeated(folder: Path, ids: str, batches: int) -> tuple[int, int, int]:
    """Events after an import that was killed behind its n-th batch, events after its repeat, rows of the file."""
    path = csv_file(folder / "log.csv", alternating(1_000, 7))
    url = f"sqlite:///{folder}/log.db"
    found = []
    for left in (batches, 0):
        child = subprocess.run([sys.executable, "-c", KILLED, url, str(path), ids, str(left)], check=False)
        assert child.returncode == (-signal.SIGKILL if left else 0)
        store = open_store(url)
        found.append(len(stored(store)))
        store.close()
    return found[0], found[1], 1_000


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("batches", [1, 6])
def test_an_import_that_was_killed_is_completed_by_a_repeat(tmp_path: Path, batches: int) -> None:
    assert killed_then_repeated(tmp_path, "derived", batches) == (batches * 100, 1_000, 1_000)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_with_random_ids_a_repeat_after_a_kill_would_double_what_was_written(tmp_path: Path) -> None:
    assert killed_then_repeated(tmp_path, "random", 6) == (600, 1_600, 1_000)
