"""Workers of one handler, for tests: they step when told, die when told, and what their target took is judged."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from eventfold.errors import TargetUnavailable
from eventfold.events.registry import Registry, Untyped
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Lease
from eventfold.feed.parking import ParkedStream
from eventfold.handlers.declaring.after import After
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.records import PARKED, Asked, Held, digest, parked_of
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.origins.parked import now_us
from eventfold.store.port import Store

Place = tuple[str, int]
"""Stream and version."""
_TURNS = 2_000
_PATIENCE = 60.0
"""Seconds for what comes sooner or later, whatever else the machine does."""


class Staff:
    """The workers of one handler over one log, on one clock that only the test moves.

    Args:
        store: the log. The handler begins at its start, unless it has begun.
        name: of the handler.
        types: of the events it takes.
        concurrency: effects side by side.
        attempts: tries before a stream is parked.
        imported: whether it takes imported events.
        when: the delay of its effects.
        sweeps: as `HandlerFollower` takes it.
    """

    def __init__(
        self,
        store: Store,
        *,
        name: str = "tell",
        types: Sequence[str] = ("Noted",),
        concurrency: int = 4,
        attempts: int = 3,
        imported: bool = False,
        when: After | None = None,
        sweeps: bool | None = None,
    ) -> None:
        self.now = 0.0
        self.turned = 0
        """Microseconds by which the wall clock was turned."""
        self._began = now_us()
        self.seconds = 30.0
        self.store = store
        self.taken: list[Message] = []
        """In the order in which the target took them."""
        self.tried: list[Place] = []
        self.faults: dict[Place, Callable[[], object]] = {}
        """What happens when the effect of an event is tried, in the place of its being taken at once."""
        self.down = False
        """Whether the target does not answer."""
        self._sweeps = sweeps
        self._workers: list[HandlerFollower] = []
        self._lock = threading.Lock()
        self.handler = Handler(
            "notify",
            tuple(types),
            self._take,
            name=name,
            concurrency=concurrency,
            attempts=attempts,
            imported=imported,
            when=when,
        )
        if not store.effects().all(name):
            store.effects().begin(name, store.feed().start())

    def worker(
        self, owner: str, doing: Callable[[Effect], None] | None = None, gate: Gate | None = None
    ) -> HandlerFollower:
        """A worker that joins, in a process of its own as far as gates go."""
        gate = gate or Gate(self.handler.target, clock=lambda: self.now)
        done = doing or Doing(self.handler, Registry([], untyped=True), self.store)
        worker = HandlerFollower(
            self.handler,
            self.store,
            done,
            gate,
            owner=owner,
            seconds=self.seconds,
            clock=lambda: self.now,
            wall=lambda: self._began + int(self.now * 1e6) + self.turned,
            sweeps=self._sweeps,
        )
        self._workers.append(worker)
        return worker

    def settle(self, *workers: HandlerFollower, seconds: float = 0.3) -> None:
        """Steps workers, with time passing, until nothing is left that they could do."""
        end = time.monotonic() + _PATIENCE
        for _ in range(_TURNS):
            if time.monotonic() > end:
                break
            self.now += seconds
            idle = [worker.step() and not worker.waiting for worker in workers]
            held = {name for worker in workers for name in worker.partitions}
            if all(idle) and held == {lease.partition for lease in self.leases()}:
                return
        raise AssertionError(f"the workers have not settled in {_TURNS} steps, or {_PATIENCE:.0f} s")

    def turn(self, *workers: HandlerFollower, turns: int = 1, seconds: float = 0.3) -> None:
        """Steps workers so many times."""
        for _ in range(turns):
            self.now += seconds
            for worker in workers:
                worker.step()

    def until(self, holds: Callable[[], bool], *workers: HandlerFollower, seconds: float = 0.0) -> None:
        """Steps workers until something holds: threads begin when the system lets them, and not in so many steps."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(
                    f"it has not come to that in {_PATIENCE:.0f} s; tried: {self.tried[-20:]}"
                )
            self.turn(*workers, seconds=seconds)
            time.sleep(0)

    def die(self, worker: HandlerFollower) -> None:
        """Its process has ended: nothing is kept, nothing is given back; time passes until others see it."""
        worker.abandon()
        self._workers.remove(worker)
        self.now += self.seconds

    def close(self) -> None:
        """Ends every worker."""
        for worker in self._workers:
            worker.finish()

    def ask(self, stream: str, what: str = "retry", reason: str = "", version: int = 0) -> None:
        """Asks as a person does, of the event of a version that waits."""
        asked = Asked(stream=stream, what=what, reason=reason, actor="ada", version=version)  # type: ignore[arg-type]  # of the test
        self.store.effects().note(self.handler.name, [asked.note(digest(stream))])

    def hold(self) -> None:
        """Holds the handler as a person does."""
        self.store.effects().note(self.handler.name, [Held(reason="lunch").note("person")])

    def places(self) -> list[Place]:
        """What was taken."""
        return [(message.stream, message.version) for message in self.taken]

    def lost(self) -> list[Place]:
        """Events for the handler that were never taken."""
        return sorted(set(self._stored()) - set(self.places()))

    def skipped(self) -> list[Place]:
        """What was taken before an earlier event of its stream was."""
        before: dict[Place, Place] = {}
        last: dict[str, Place] = {}
        for place in self._stored():
            if place[0] in last:
                before[place] = last[place[0]]
            last[place[0]] = place
        seen: set[Place] = set()
        found = []
        for place in self.places():
            if place in before and before[place] not in seen:
                found.append(place)
            seen.add(place)
        return found

    def repeated(self) -> list[Place]:
        """What was taken more than once."""
        return sorted(place for place, times in Counter(self.places()).items() if times > 1)

    def parked(self) -> dict[str, ParkedStream]:
        """The parked streams, as they are kept."""
        notes = self.store.effects().notes(self.handler.name, PARKED)
        return {one.stream: one for one in map(parked_of, notes)}

    def leases(self) -> Sequence[Lease]:
        """As they are kept."""
        return self.store.effects().all(self.handler.name)

    def checkpoint(self) -> Cursor:
        """All of them together."""
        marks = {name: mark for lease in self.leases() for name, mark in lease.cursor.marks.items()}
        return Cursor(self.store.log_id, marks)

    def _stored(self) -> list[Place]:
        return [
            (event.stream, event.version)
            for info in self.store.streams()
            for event in self.store.read(info.stream)
            if event.type in self.handler.types
        ]

    def _take(self, event: Any, message: Message) -> None:
        assert isinstance(event, Untyped)
        place = (message.stream, message.version)
        with self._lock:
            self.tried.append(place)
        if self.down:
            raise TargetUnavailable("It is down.")
        self.faults.get(place, lambda: None)()
        with self._lock:
            self.taken.append(message)
