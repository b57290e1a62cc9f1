"""What every fault of the campaign is played on: a stand-in, a writer that settles what is unknown, and the verdict.

The truth is what the stand-in holds in its memory, looked at past every request, replica and fault.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from azure.cosmos import documents

from eventfold import ANY, open_store
from eventfold.errors import EventfoldError, StorageError
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.store.cosmos.requests import calls
from eventfold.store.port import Appended, Expected, Store
from eventfold.testing.cosmos import Fault, StandIn
from eventfold.testing.making import make

LOG, EVENTS = "log", "events"
STREAMS = [f"order-{n}" for n in range(6)]
Truth = dict[str, list[tuple[int, str, int]]]


class Seen(NamedTuple):
    """An event as somebody saw it: stream, version, and the number in its data."""

    stream: str
    version: int
    number: int


@dataclass(slots=True)
class Verdict:
    """What a fault has done.

    Attributes:
        lost: events whose append was acknowledged and that are not in the log.
        doubled: numbers that are in the log, or were given to a reader, more than once.
        skipped: events of the log that a reader was not given although it was told that this was all.
        misreported: errors that said "not applied" of an append that was.
        strikes: how often the fault struck.
    """

    lost: int = 0
    doubled: int = 0
    skipped: int = 0
    misreported: int = 0
    strikes: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.skipped or self.misreported)


@dataclass(slots=True)
class Stage:
    """One run of one fault."""

    account: StandIn
    dice: random.Random
    folder: Path
    patch: pytest.MonkeyPatch
    verdict: Verdict = field(default_factory=Verdict)
    acknowledged: set[int] = field(default_factory=set)
    events: dict[str, int] = field(default_factory=dict)
    number: int = 0
    faults: list[Fault] = field(default_factory=list)
    opened: list[Store] = field(default_factory=list)
    numbering: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> Store:
        """Another process, as far as the log can tell."""
        store = open_store(self.account.url(LOG))
        self.opened.append(store)
        return store

    def strike(self, *faults: Fault) -> None:
        """Lets these faults strike from now on."""
        self.faults += faults
        self.account.faults.add(*faults)

    def calm(self) -> None:
        """Ends all faults and lags; how often they struck is noted."""
        self.account.faults.clear()
        self.account.lag(0)
        self.verdict.strikes += sum(fault.done for fault in self.faults)
        self.faults.clear()

    def at(self, operation: str, number: int, act: Callable[[], object]) -> None:
        """Acts once, when the request of this number, counted from now for its operation, has come in."""
        come = 0

        def strikes(name: str, _: int) -> bool:
            nonlocal come
            come += name == operation
            if name != operation or come != number:
                return False
            act()
            return True

        self.strike(Fault(None, strikes))

    def impatient(self, seconds: float = 0.1) -> None:
        """Retries end soon, so that every outcome is met."""
        self.patch.setattr(calls, "BUDGET_SECONDS", seconds)

    def hasty(self, seconds: float = 0.25) -> None:
        """Clients opened from now on wait so long for an answer."""
        self.patch.setattr(documents.ConnectionPolicy, "_ConnectionPolicy__defaultReadTimeout", seconds)

    def split(self) -> None:
        """Splits a physical partition of the events, any."""
        self.account.split(LOG, EVENTS, self.dice.choice(self.ranges()))

    def split_all(self) -> None:
        """Splits every physical partition of the events."""
        for one in self.ranges():
            self.account.split(LOG, EVENTS, one)

    def merge(self) -> None:
        """Merges two neighbours."""
        ranges = self.ranges()
        at = self.dice.randrange(len(ranges) - 1)
        self.account.merge(LOG, EVENTS, ranges[at], ranges[at + 1])

    def ranges(self) -> list[str]:
        return [found[0] for found in self.account.ranges(LOG, EVENTS)]

    def make(self, count: int = 1) -> list[NewEvent]:
        """Events with numbers that nobody else has."""
        made = []
        with self.numbering:
            for _ in range(count):
                self.number += 1
                made.append(make(self.number))
                self.events[str(made[-1].id)] = self.number
        return made

    def settle(
        self,
        store: Store,
        stream: str,
        events: Sequence[NewEvent],
        expected: Expected,
        *,
        attempts: int = 400,
    ) -> Appended:
        """Appends as a repository does: what is unknown, or was not done, is repeated with the same ids."""
        for _ in range(attempts):
            before = self.holds(stream, events)  # by an attempt whose outcome is unknown
            try:
                answer = store.append(stream, events, expected=expected)
            except StorageError as error:
                if error.outcome == "not_applied" and not before and self.holds(stream, events):
                    self.verdict.misreported += 1
                continue
            self.acknowledged.update(self.events[str(event.id)] for event in events)
            return answer
        raise AssertionError(f"never settled: {stream}")

    def write(
        self, store: Store, appends: int, streams: Sequence[str] = STREAMS, dice: random.Random | None = None
    ) -> None:
        """So many appends of one to three events, each settled; expected versions are given where they are known."""
        dice = dice or self.dice
        heads: dict[str, int] = {}
        for _ in range(appends):
            stream = dice.choice(streams)
            expected: Expected = heads[stream] if stream in heads and dice.random() < 0.6 else ANY
            heads[stream] = self.settle(store, stream, self.make(dice.randint(1, 3)), expected).version

    def write_from_threads(self, store: Store, appends: int, threads: int = 4) -> None:
        """Threads append at once: each to streams of its own, and all to one they share."""

        def write(number: int) -> None:
            dice = random.Random(number)
            for _ in range(appends):
                stream = dice.choice([f"order-{number}", "order-9"])
                self.settle(store, stream, self.make(dice.randint(1, 3)), ANY)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(write, range(threads)))

    def holds(self, stream: str, events: Iterable[NewEvent]) -> bool:
        ids = {str(event.id) for event in events}
        return any(event_id in ids for _, event_id, _ in self.truth().get(stream, ()))

    def truth(self) -> Truth:
        """Every stream of the log: version, event id and number of each event."""
        container = self.account._account.container(LOG, EVENTS)
        found: Truth = {}
        with container.lock:
            bodies: list[dict[str, Any]] = [
                document.head.body
                for one in container.ranges
                for logical in one.logicals.values()
                for document in logical.documents.values()
                if document.head is not None and document.head.body is not None
            ]
        for body in bodies:
            if not body["aggregateId"].startswith("$"):
                event = (body["version"], body["eventId"], body["data"]["n"])
                found.setdefault(body["aggregateId"], []).append(event)
        return {stream: sorted(events) for stream, events in found.items()}

    def judge_log(self) -> None:
        """What the log itself has lost, doubled, or left out between two versions."""
        truth = self.truth()
        numbers = Counter(number for events in truth.values() for _, _, number in events)
        self.verdict.lost += len(self.acknowledged - numbers.keys())
        self.verdict.doubled += sum(count - 1 for count in numbers.values())
        for events in truth.values():
            versions = [version for version, _, _ in events]
            self.verdict.skipped += len(set(range(1, max(versions) + 1)) - set(versions))
            self.verdict.doubled += len(versions) - len(set(versions))

    def judge_seen(
        self, seen: Iterable[Seen | RecordedEvent], *, streams: Iterable[str] | None = None
    ) -> None:
        """What a reader was given, against all of these streams."""
        given = [
            one if isinstance(one, Seen) else Seen(one.stream, one.version, one.data_map()["n"])
            for one in seen
        ]
        wanted = {
            Seen(stream, version, number)
            for stream, events in self.truth().items()
            if streams is None or stream in streams
            for version, _, number in events
        }
        counted = Counter(given)
        self.verdict.skipped += len(wanted - counted.keys())
        self.verdict.doubled += sum(count - 1 for count in counted.values())
        self.verdict.lost += len(counted.keys() - wanted)  # given, and not in the log
        order: dict[str, int] = {}
        for one in counted:  # in the order in which each came first
            assert one.version > order.get(one.stream, 0), f"out of order: {one}"
            order[one.stream] = one.version

    def loud(self, expected: type[EventfoldError], call: Callable[[], object]) -> None:
        """Calls what must fail loudly; silence counts as everything skipped."""
        try:
            call()
        except expected:
            return
        self.verdict.skipped += sum(map(len, self.truth().values()))

    def close(self) -> None:
        for store in self.opened:
            store.close()


@dataclass(frozen=True, slots=True)
class Play:
    """A fault of the campaign.

    Attributes:
        name: as the table shows it.
        run: plays it once, with the seed of the stage.
        partitions: physical ones, at the beginning.
        throughput: request units per second of each; None = no end.
    """

    name: str
    run: Callable[[Stage], None]
    partitions: int = 1
    throughput: float | None = None


def play(one: Play, seed: int, folder: Path, key: str) -> Verdict:
    """Plays a fault once; the environment's key must be the given one."""
    patch = pytest.MonkeyPatch()
    with (
        StandIn(partitions=one.partitions, key=key, throughput=one.throughput) as account,
        patch.context() as patched,
    ):
        stage = Stage(account, random.Random(seed), folder, patched)
        try:
            one.run(stage)
            stage.calm()
            stage.verdict.strikes += account.calls.count(status=429) if one.throughput else 0
            stage.judge_log()
        finally:
            stage.close()
        return stage.verdict
