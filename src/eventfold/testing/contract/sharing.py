"""Workers that share a feed: every event reaches a worker, in the order of its stream, whoever comes, goes or dies."""

from collections.abc import Iterator

import pytest

from eventfold.errors import OwnerFenced
from eventfold.feed.effects.port import HELD, Note
from eventfold.feed.leases.owner import life, new_owner
from eventfold.feed.leases.share import Share
from eventfold.store.port import Store
from eventfold.testing.crew import Crew
from eventfold.testing.making import make, make_many

STREAMS = 40


def _fill(store: Store, first: int = 1, count: int = 3) -> None:
    for n in range(STREAMS):
        store.append(f"box-{n}", make_many(count), expected=first - 1)


class SharingContract:
    """What workers with leases promise over a store's feed."""

    @pytest.fixture
    def crew(self, store: Store) -> Iterator[Crew]:
        """Workers over a log of some streams with three events each."""
        _fill(store)
        crew = Crew(store)
        yield crew
        crew.close()

    def test_one_worker_handles_everything_once(self, crew: Crew) -> None:
        worker = crew.worker("a")
        crew.settle(worker, turns=2)
        worker.finish()
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])

    def test_a_worker_that_comes_back_goes_on_where_it_stopped(self, store: Store, crew: Crew) -> None:
        worker = crew.worker("a")
        crew.settle(worker, turns=2)
        worker.finish()
        _fill(store, first=4)
        again = crew.worker("b")
        crew.settle(again, turns=2)
        again.finish()
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])

    def test_workers_that_come_and_go_in_order_share_and_repeat_nothing(
        self, store: Store, crew: Crew
    ) -> None:
        first, second = crew.worker("a"), crew.worker("b")
        crew.settle(first, turns=2)
        crew.settle(first, second)
        partitions = len(store.feed().partitions())
        assert {len(_held(worker)) for worker in (first, second)} == {partitions // 2, -(-partitions // 2)}
        assert not set(_held(first)) & set(_held(second))
        _fill(store, first=4)
        crew.settle(first, second, turns=2)
        first.finish()
        crew.settle(second)
        assert len(_held(second)) == partitions
        _fill(store, first=7)
        crew.settle(second, turns=2)
        second.finish()
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])

    def test_what_a_dead_worker_held_goes_to_the_others(self, store: Store, crew: Crew) -> None:
        dead, heir = crew.worker("a"), crew.worker("b")
        dead.step()
        heir.step()
        assert not _held(heir)
        for _ in range(4):  # it watches the leases stand still
            crew.pass_time(0.4)
            heir.step()
        crew.settle(heir)
        assert len(_held(heir)) == len(store.feed().partitions())
        heir.finish()
        dead.finish()
        assert (crew.lost(), crew.skipped()) == ([], [])

    def test_what_a_worker_held_whose_process_has_ended_goes_to_the_others_at_once(
        self, store: Store, crew: Crew
    ) -> None:
        ended = f"{new_owner().rpartition(':')[0]}:1"  # another process had its number
        if life(ended) != "ended":
            pytest.skip("this system does not tell whether a process has ended")
        dead, heir = crew.worker(ended), crew.worker(new_owner())
        dead.step()
        assert len(_held(dead)) == len(store.feed().partitions())
        heir.step()
        crew.settle(heir, turns=2)
        assert len(_held(heir)) == len(store.feed().partitions())
        after = {lease.partition: lease.cursor for lease in store.effects().all("mail")}
        crew.settle(dead, turns=1)  # it lives after all, and moves nothing
        assert {lease.partition: lease.cursor for lease in store.effects().all("mail")} == after
        heir.finish()
        dead.finish()
        assert (crew.lost(), crew.skipped()) == ([], [])

    def test_a_worker_that_lives_keeps_its_leases_however_long_others_watch(
        self, store: Store, crew: Crew
    ) -> None:
        owner, other = crew.worker("a"), crew.worker("b")
        partitions = len(store.feed().partitions())
        if partitions == 1:
            crew.settle(owner, other)
            assert (len(_held(owner)), len(_held(other))) == (1, 0)
        crew.settle(owner, other)
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])
        owner.finish()
        other.finish()

    def test_a_worker_that_loses_its_lease_while_it_writes_is_refused(self, store: Store, crew: Crew) -> None:
        slow, quick = crew.worker("slow"), crew.worker("quick")

        def stalls() -> None:
            quick.step()
            for _ in range(4):
                crew.pass_time(0.4)
                quick.step()
            crew.settle(quick)

        crew.meanwhile["slow"] = stalls
        slow.step()
        assert not set(_held(slow)) & set(_held(quick))
        after = {lease.partition: lease.cursor for lease in store.effects().all("mail")}
        crew.settle(slow, turns=1)
        assert {lease.partition: lease.cursor for lease in store.effects().all("mail")} == after
        assert (crew.lost(), crew.skipped()) == ([], [])
        page = [
            key
            for owner, event, _ in crew.delivered
            for key in [(event.stream, event.version)]
            if owner == "slow"
        ]
        assert set(crew.repeated()) <= set(page)
        slow.finish()
        quick.finish()

    def test_a_reader_that_is_held_handles_nothing_until_it_may_go_on(self, store: Store, crew: Crew) -> None:
        held = Note(kind=HELD, key="restore", value="{}")
        store.effects().note("mail", [held])
        worker = crew.worker("a")
        crew.settle(worker, turns=2)
        assert crew.delivered == []
        store.effects().note("mail", drop=[held.name])
        crew.settle(worker, turns=2)
        worker.finish()
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])

    def test_a_later_owner_has_a_later_epoch(self, crew: Crew) -> None:
        for owner in ("a", "b"):
            worker = crew.worker(owner)
            crew.settle(worker, turns=1)
            worker.finish()
        epochs = {lease.epoch for lease in crew.effects.all("mail")}
        assert min(epochs) >= 4  # taken and given back, twice

    def test_a_commit_without_the_lease_is_refused(self, store: Store) -> None:
        store.effects().begin("mail", store.feed().start())
        thief, owner = (Share(store.effects(), "mail", name, clock=lambda: 0.0) for name in ("a", "b"))
        owner.balance()
        lease = owner.held()[0]
        with pytest.raises(OwnerFenced, match="passed to another worker"):
            thief.commit(lease.partition, lease.cursor)

    def test_what_was_appended_while_nobody_worked_is_handled(self, store: Store, crew: Crew) -> None:
        worker = crew.worker("a")
        worker.finish()
        store.append("late-1", [make(1)], expected=0)
        again = crew.worker("b")
        crew.settle(again, turns=2)
        again.finish()
        assert (crew.lost(), crew.skipped(), crew.repeated()) == ([], [], [])


def _held(worker: object) -> list[str]:
    return [lease.partition for lease in worker._share.held()]  # type: ignore[attr-defined] # looks inside
