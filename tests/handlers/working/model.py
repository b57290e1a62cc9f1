"""Any history of a handler: appends, faults, workers that come, die, hang and lose leases, what people ask, splits.

What targets took is judged after each step by the order of streams, and at the end by what was under way when.
"""

import random
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.effects.port import Name
from eventfold.handlers.records import PERSON, SKIPPED, Held, skipped_of
from eventfold.handlers.tending import deciding
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import make_many
from eventfold.testing.partitioned import PartitionedStore
from eventfold.testing.staff import Place, Staff
from tests.handlers.working.inline import InlineCrew

STREAMS = st.sampled_from([f"box-{n}" for n in range(6)])
MOST_WORKERS, MOST_PARTITIONS = 3, 6
STEPS: Counter[str] = Counter()
QUICK = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


class Handling(RuleBasedStateMachine):
    """Each rule is something that happens to the workers of one handler."""

    @initialize(partitions=st.sampled_from([0, 1, 3]), sweeps=st.booleans(), seed=st.integers(0, 9))
    def begin(self, partitions: int, sweeps: bool, seed: int) -> None:
        store = open_store("sqlite://")
        self.store: Store = PartitionedStore(store, partitions, seed=seed) if partitions else store
        self.staff = Staff(self.store, concurrency=3, attempts=2, sweeps=sweeps)
        self.workers: list[HandlerFollower] = []
        self.may: Counter[Place] = Counter()
        self.hanging: set[Place] = set()
        self.judged = 0
        self.first: dict[str, int] = {}
        self.made = 0
        InlineCrew.hangs = staticmethod(self._hangs)
        self.dice = InlineCrew.dice = random.Random(seed)
        for n in range(6):
            self.append(f"box-{n}", 3)
        self.join()

    @rule(stream=STREAMS, count=st.integers(1, 3))
    def append(self, stream: str, count: int) -> None:
        self.store.append(stream, make_many(count), expected=self.store.head(stream))

    @rule(stream=STREAMS, ahead=st.integers(1, 3), times=st.integers(1, 4))
    def refuse(self, stream: str, ahead: int, times: int) -> None:
        """An event is refused so many times."""
        place, left = (stream, self._taken_of(stream) + ahead), [times]

        def fail() -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise ValueError("it is refused")

        self.staff.faults[place] = fail

    @rule(stream=STREAMS, ahead=st.integers(1, 2))
    def hang(self, stream: str, ahead: int) -> None:
        self.hanging.add((stream, self._taken_of(stream) + ahead))

    @rule()
    def release(self) -> None:
        self.hanging.clear()

    @rule(down=st.booleans())
    def outage(self, down: bool) -> None:
        self.staff.down = down

    @precondition(lambda self: len(self.workers) < MOST_WORKERS)
    @rule()
    def join(self) -> None:
        self.made += 1
        self.workers.append(self.staff.worker(f"w{self.made}"))

    @precondition(lambda self: self.workers)
    @rule(
        which=st.integers(0, MOST_WORKERS), turns=st.integers(1, 6), seconds=st.sampled_from([0.3, 3.0, 20.0])
    )
    def work(self, which: int, turns: int, seconds: float) -> None:
        """One works, and the others are not heard of meanwhile."""
        for _ in range(turns):
            self.staff.now += seconds
            self._step(self.workers[which % len(self.workers)])

    @invariant()
    def all_go_on(self) -> None:
        """Time passes, and most workers take a step."""
        if hasattr(self, "staff"):
            self.staff.now += 1.0
            for worker in self.workers:
                if self.dice.random() < 0.8:
                    self._step(worker)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, MOST_WORKERS))
    def die(self, which: int) -> None:
        worker = self.workers.pop(which % len(self.workers))
        self.may.update(self._under_way(worker))
        self.staff.die(worker)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, MOST_WORKERS))
    def leave(self, which: int) -> None:
        """What hangs is left; the rest is waited for."""
        worker = self.workers.pop(which % len(self.workers))
        crew, desks = _crew(worker), worker.partitions
        for _ in range(50):
            crew.wait(0)
        self.may.update(self._under_way(worker) if desks else ())
        worker.finish()
        self.staff._workers.remove(worker)

    @rule()
    def hold(self) -> None:
        self.staff.hold()

    @rule()
    def go_on(self) -> None:
        self.store.effects().note("tell", [], [Name(Held.kind, PERSON)])

    @precondition(lambda self: self.staff.parked())
    @rule(which=st.integers(0, 5), what=st.sampled_from(["retry", "retry", "skip"]))
    def ask(self, which: int, what: str) -> None:
        parked = sorted(self.staff.parked())
        self.staff.ask(parked[which % len(parked)], what, "for a reason")

    @rule(stream=STREAMS, what=st.sampled_from(["park", "skip"]), ahead=st.integers(0, 2))
    def take_out(self, stream: str, what: str, ahead: int) -> None:
        """Of an event that waits, or that may be taken or be under way by then."""
        self.staff.ask(stream, what, "for a reason", self._taken_of(stream) + ahead)

    @rule()
    def resume(self) -> None:
        deciding.resume(self.store, "tell")

    @precondition(lambda self: isinstance(self.store, PartitionedStore))
    @rule(which=st.integers(0, 5))
    def split(self, which: int) -> None:
        feed: Any = self.store.feed()
        found = feed.partitions()
        if len(found) < MOST_PARTITIONS:
            feed.split(found[which % len(found)].name)

    def teardown(self) -> None:
        """All is mended; what is lost then is what people skipped, and what was repeated was under way."""
        if not hasattr(self, "staff"):
            return
        self.staff.faults.clear()
        self.hanging.clear()
        self.staff.down = False
        self.go_on()
        if not self.workers:
            self.join()
        self._settle()
        waiting = {
            (s, v) for s, p in self.staff.parked().items() for v in range(p.version, p.last_version + 1)
        }
        assert set(self.staff.lost()) <= waiting | self._skips()
        for _ in range(100):
            if not (parked := self.staff.parked()):
                break
            for stream in parked:
                self.staff.ask(stream)
            self._settle()
        assert not self.staff.parked()
        assert set(self.staff.lost()) <= self._skips()
        times = Counter(self.staff.places())
        assert {place: n for place, n in times.items() if n - 1 > self.may[place]} == {}
        self.staff.close()
        self.store.close()

    def _step(self, worker: HandlerFollower) -> None:
        before = list(worker._desks)
        under_way = self._under_way(worker)
        worker.step()
        if any(desk not in worker._desks for desk in before):
            self.may.update(under_way)
        self._judge()

    def _settle(self) -> None:
        for _ in range(300):
            self.staff.now += 3.0
            for worker in self.workers:
                self._step(worker)
            held = {name for worker in self.workers for name in worker.partitions}
            if not any(worker.waiting for worker in self.workers) and held == {
                lease.partition for lease in self.staff.leases()
            }:
                return
        raise AssertionError("the workers have not settled")

    def _judge(self) -> None:
        """Nothing is first taken before an earlier event of its stream, but for what people skipped."""
        new = self.staff.places()[self.judged :]
        self.judged += len(new)
        skips = self._skips() if new else set()
        for stream, version in new:
            last = self.first.get(stream, 0)
            missing = [v for v in range(last + 1, version) if (stream, v) not in skips]
            assert not missing, (stream, version, missing)
            self.first[stream] = max(last, version)

    def _under_way(self, worker: HandlerFollower) -> list[Place]:
        return _crew(worker).under_way()

    def _taken_of(self, stream: str) -> int:
        return self.first.get(stream, 0)

    def _skips(self) -> set[Place]:
        notes = self.store.effects().notes("tell", SKIPPED)
        return {(skip.stream, skip.version) for skip in map(skipped_of, notes)}

    def _hangs(self, event: RecordedEvent) -> bool:
        return (event.stream, event.version) in self.hanging


def _crew(worker: HandlerFollower) -> InlineCrew:
    found: Any = worker._crew
    assert isinstance(found, InlineCrew)
    return found
