"""Every event is copied, and once: a copier that dies at any step, rivals, and one that trusts its own checkpoint."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from eventfold import open_store
from eventfold.errors import StaleCursor
from eventfold.feed.cursor import read_cursor
from eventfold.readmodels.delta import eventcopy
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.eventcopy import DeltaCopy
from eventfold.readmodels.delta.stamped import StampedTable
from eventfold.readmodels.lakecopy.chunks import next_chunk
from eventfold.readmodels.lakecopy.port import Border
from eventfold.readmodels.lakecopy.rows import to_rows
from tests.readmodels.lakecopy.lake import Lake


class Dies(BaseException):
    """What ends a process, as far as anything of ours can see."""


STEPS = (
    (eventcopy, "write_deltalake"),
    (StampedTable, "made"),
    (Copies, "write"),
)
"""What a copier does to its table, in the order in which it does it."""


@contextmanager
def dying(at: int, die: Callable[[], None]) -> Iterator[list[int]]:
    """Inside, the process ends before or after some step, counted over all of them."""
    passed = [0]

    def point() -> None:
        if passed[0] == at:
            die()
        passed[0] += 1

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            real = getattr(owner, name)

            def stepping(*args: object, _real: Callable[..., object] = real, **more: object) -> object:
                point()
                found = _real(*args, **more)
                point()
                return found

            patch.setattr(owner, name, stepping)
        yield passed


def die() -> None:
    raise Dies


def steps(lake: Lake, run: Callable[[], object]) -> int:
    with dying(-1, die) as passed:
        run()
    assert lake.agrees()
    return passed[0]


def test_a_copier_that_dies_at_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    first = Lake(tmp_path / "whole")
    first.happen(4)
    count = steps(first, lambda: first.copy(events=2))
    assert count == 3 * 6
    for at in range(count):
        lake = Lake(tmp_path / str(at), first.store)
        with dying(at, die), pytest.raises(Dies):
            lake.copy(events=2)
        lake.copy(events=3)
        assert lake.agrees(), at
        assert [border.commit for border in lake.table().borders()] == list(
            range(len(lake.table().borders()))
        )


def trusting(lake: Lake, events: int) -> None:
    """A copier that goes on where it noted that it was, in a file beside the table."""
    note = lake.folder.with_name("checkpoint")
    table = lake.table()
    if table.head() is None:
        lake.copier().copy()
    while True:
        head = table.head()
        assert head is not None
        after = read_cursor(note.read_text()) if note.exists() else lake.feed.start()
        chunk = next_chunk(lake.feed, after, events=events)
        rows = to_rows(chunk.events, head.stamp.commit + 1)
        if rows.num_rows:
            write_deltalake(str(lake.folder), rows, mode="append")
        die_here()
        note.write_text(chunk.cursor.to_json())
        if chunk.caught_up:
            return


def die_here() -> None:
    """Where a process ends in a test."""


def test_a_copier_that_trusts_a_checkpoint_of_its_own_doubles_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    lake.copier().copy()
    lake.happen(7)
    monkeypatch.setattr(sys.modules[__name__], "die_here", die)
    monkeypatch.setattr(DeltaCopy, "_head", lambda self, _table: self_head(self))
    with pytest.raises(Dies):
        trusting(lake, 3)
    monkeypatch.setattr(sys.modules[__name__], "die_here", lambda: None)
    trusting(lake, 3)
    assert not lake.agrees()
    assert sorted(set(lake.ids())) == lake.wanted()
    assert len(lake.ids()) == 7 + 3


def self_head(copy: DeltaCopy) -> object:
    """The newest border, whatever stands after it."""
    table = copy._stamped.open()
    assert table is not None
    found = copy._stamped.newest(table)
    assert found is not None
    return Border(*found)


@pytest.mark.slow
@pytest.mark.parametrize("at", [8])
def test_a_process_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, at: int) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    lake = Lake(tmp_path, open_store(url))
    lake.happen(7)
    ended = subprocess.run(
        [sys.executable, "-m", __name__, url, str(tmp_path), str(at)], check=False, capture_output=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    lake.copy(events=2)
    assert lake.agrees()


def test_of_two_copiers_on_one_snapshot_one_lands(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.copy()
    lake.happen(4)
    one, two = lake.copier(), lake.copier()
    slow = lake.delta()
    assert one.copy()
    monkeypatch.setattr(StampedTable, "opened", lambda _self, _on: slow)
    head = DeltaCopy._head

    def before(self: DeltaCopy, table: DeltaTable) -> Border:
        return head(self, slow if table.version() == 1 else table)

    monkeypatch.setattr(DeltaCopy, "_head", before)
    with pytest.raises(StaleCursor, match="Somebody else changed"):
        two.copy()
    assert lake.agrees()


def test_without_the_fence_the_second_copier_would_land_too(lake: Lake) -> None:
    lake.happen(4)
    lake.copy()
    one, two = lake.delta(), lake.delta()
    chunk = next_chunk(lake.feed, lake.feed.start())
    for handle in (one, two):
        write_deltalake(handle, to_rows(chunk.events, 2), mode="append")
    assert len(lake.rows()) == 3 * 4


def test_copiers_side_by_side_copy_each_event_once(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/log.db")
    lake = Lake(tmp_path, store)
    lake.happen(24)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            copier = lake.copier(events=3)
            while not copier.step():
                pass
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    assert lake.agrees()
    store.close()


if __name__ == "__main__":
    URL, FOLDER, AT = sys.argv[1:]
    with dying(int(AT), lambda: os.kill(os.getpid(), signal.SIGKILL)):
        Lake(Path(FOLDER), open_store(URL)).copy(events=3)
