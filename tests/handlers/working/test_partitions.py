"""A worker with several partitions: what it has done of one is written down before it begins more of another."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

import pytest

from eventfold.errors import StorageBusy, StorageError
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Name, Note
from eventfold.feed.leases.share import Share
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import make_many
from eventfold.testing.partitioned import PartitionedStore
from eventfold.testing.staff import Staff

STREAMS = [f"box-{n}" for n in range(60)]


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://") as log:
        yield PartitionedStore(log, 3, seed=1)


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("sweeps", [False, True])
def test_no_more_is_repeated_than_was_under_way_where_a_partition_cannot_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, which: int, *, sweeps: bool
) -> None:
    """After its first effects nothing of one partition can be kept; there is more of the others; the worker dies."""
    concurrency = 16 if sweeps else 4
    staff, commit = Staff(store, concurrency=concurrency, sweeps=sweeps), Share.commit
    names = sorted(lease.partition for lease in staff.leases())
    broken = names[which]

    def commits(
        self: Share, partition: str, then: Cursor, put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> None:
        if partition == broken and staff.taken:
            raise StorageBusy("It cannot be written.")
        commit(self, partition, then, put, drop)

    inside = [stream for stream in STREAMS if store.feed().partition_of(stream, names) == broken]
    append(store, inside[:concurrency])
    worker = staff.worker("a")
    with monkeypatch.context() as patch:
        patch.setattr(Share, "commit", commits)
        for _ in range(100):
            if len(staff.taken) < concurrency:
                turn(staff, worker)
        first = len(staff.taken)
        append(store, [stream for stream in STREAMS if stream not in inside])
        for _ in range(10):
            if len(staff.taken) == first:
                turn(staff, worker)
        staff.die(worker)
    append(store, inside[concurrency:])
    staff.settle(staff.worker("b"))
    assert first == concurrency
    assert (staff.lost(), staff.skipped()) == ([], [])
    assert len(staff.repeated()) <= concurrency
    staff.close()


def append(store: Store, streams: Sequence[str]) -> None:
    for stream in streams:
        store.append(stream, make_many(1), expected=0)


def turn(staff: Staff, worker: HandlerFollower) -> None:
    """As the loop does: an error that passes is tried again."""
    with suppress(StorageError):
        staff.turn(worker)
