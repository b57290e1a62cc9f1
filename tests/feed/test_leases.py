"""Workers that share a feed, under any schedule of steps, deaths, stalls, splits and appends: nothing is lost."""

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import pytest

from eventfold import ANY, open_store
from eventfold.errors import OutcomeUnknown, StorageBusy
from eventfold.feed.effects.port import Effects, Lease, Name, Note
from eventfold.feed.leases.follower import SharedFollower
from eventfold.testing.crew import Crew
from eventfold.testing.making import make
from eventfold.testing.partitioned import MemoryEffects, PartitionedStore

ACTIONS = ["append", "append", "step", "step", "step", "time", "hire", "die", "leave", "split", "stall"]


class Verdict(NamedTuple):
    lost: int
    skipped: int
    turned_back: int


@pytest.fixture
def store() -> Iterator[PartitionedStore]:
    store = PartitionedStore(open_store("sqlite://"), 3, seed=1)
    yield store
    store.close()


def campaign(store: PartitionedStore, leases: Effects, dice: random.Random, *, actions: int = 150) -> Verdict:
    """A schedule; then whoever is left finishes the work."""
    crew = Crew(store, effects=leases)
    workers: dict[str, SharedFollower] = {}
    named = iter(range(1_000_000))
    turned_back = 0
    checkpoints: dict[str, int] = {}

    def hire() -> None:
        owner = f"w{next(named)}"
        workers[owner] = crew.worker(owner)

    def watch() -> None:
        nonlocal turned_back
        for lease in leases.all("mail"):
            position = lease.cursor.marks[lease.partition].position
            turned_back += position < checkpoints.get(lease.partition, 0)
            checkpoints[lease.partition] = max(position, checkpoints.get(lease.partition, 0))

    def append() -> None:
        events = [make(n) for n in range(dice.randint(1, 3))]
        store.append(f"box-{dice.randint(0, 30)}", events, expected=ANY)

    def stall(owner: str) -> Callable[[], None]:
        """While this one handles a page, time passes and the others work on."""

        def others() -> None:
            for _ in range(4):
                crew.pass_time(0.4)
                append()
                for other, worker in list(workers.items()):
                    if other != owner:
                        worker.step()
                        watch()

        return others

    hire()
    for _ in range(actions):
        owner = dice.choice(list(workers))
        match dice.choice(ACTIONS):
            case "append":
                append()
            case "step":
                workers[owner].step()
            case "time":
                crew.pass_time(dice.choice([0.1, 0.4]))
            case "hire" if len(workers) < 4:
                hire()
            case "die" if len(workers) > 1:
                del workers[owner]
            case "leave" if len(workers) > 1:
                workers.pop(owner).finish()
            case "split" if len(store.feed().partitions()) < 12:
                store.feed().split(dice.choice(store.feed().partitions()).name)
            case "stall":
                crew.meanwhile[owner] = stall(owner)
                workers[owner].step()
                crew.meanwhile.pop(owner, None)
        watch()
    crew.settle(*workers.values())
    crew.close()
    return Verdict(len(crew.lost()), len(crew.skipped()), turned_back)


class Unlucky(MemoryEffects):
    """Now and then the answer is lost, before or after the effect, or the place is busy."""

    def __init__(self, log_id: str, dice: random.Random) -> None:
        super().__init__(log_id)
        self._dice = dice

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        match self._dice.randrange(8):
            case 0:
                raise OutcomeUnknown("lost before the effect")
            case 1:
                super().keep(old, new, put, drop)
                raise OutcomeUnknown("lost after the effect")
        return super().keep(old, new, put, drop)


class Careless(MemoryEffects):
    """The negative control: whoever comes last has written."""

    def _unchanged(self, kept: Lease | None, old: Lease) -> bool:
        return kept is not None


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_or_skipped_and_no_checkpoint_turns_back(store: PartitionedStore, seed: int) -> None:
    dice = random.Random(seed)
    assert campaign(store, MemoryEffects(store.log_id), dice) == Verdict(0, 0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_lost_answers_of_the_leases_change_nothing_of_that(store: PartitionedStore, seed: int) -> None:
    dice = random.Random(seed)
    unlucky = Unlucky(store.log_id, dice)
    with pytest.MonkeyPatch.context() as patch:
        step = SharedFollower.step

        def patiently(self: SharedFollower) -> bool:
            for _ in range(50):
                try:
                    return step(self)
                except (StorageBusy, OutcomeUnknown):
                    continue
            raise AssertionError("never well")

        patch.setattr(SharedFollower, "step", patiently)
        assert campaign(store, unlucky, dice) == Verdict(0, 0, 0)


def test_leases_that_anybody_may_overwrite_turn_checkpoints_back() -> None:
    found = [Verdict(0, 0, 0)]
    for seed in range(12):
        store = PartitionedStore(open_store("sqlite://"), 3, seed=1)
        found.append(campaign(store, Careless(store.log_id), random.Random(seed)))
        store.close()
    assert any(verdict.turned_back for verdict in found)
