"""Workers that share a feed, for tests: they step when told, die when told, and what they delivered is judged."""

from collections.abc import Callable, Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.effects.port import Effects
from eventfold.feed.leases.follower import SharedFollower
from eventfold.store.port import Store


class Crew:
    """The workers of one reader over one log, on one clock that only the test moves.

    Args:
        store: the log.
        effects: where the workers agree; default: the store's own.
        seconds: how long a lease may stand still before others take it.
    """

    def __init__(self, store: Store, *, effects: Effects | None = None, seconds: float = 30.0) -> None:
        self.now = 0.0
        self.seconds = seconds
        self.delivered: list[tuple[str, RecordedEvent, int]] = []
        """Worker, event and epoch, in the order of delivery."""
        self.meanwhile: dict[str, Callable[[], None]] = {}
        """What happens once while a worker handles its next page."""
        self._store = store
        self._workers: list[SharedFollower] = []
        self.effects = effects or store.effects()

    def worker(self, owner: str) -> SharedFollower:
        """A worker that joins; the reader begins at the start of the log."""

        def handle(events: Sequence[RecordedEvent], epoch: int) -> None:
            self.delivered += [(owner, event, epoch) for event in events]
            self.meanwhile.pop(owner, lambda: None)()

        worker = SharedFollower(
            "mail",
            self._store.feed(),
            self.effects,
            owner=owner,
            begin=self._store.feed().start,
            handle=handle,
            seconds=self.seconds,
            clock=lambda: self.now,
        )
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        """Ends every worker."""
        for worker in self._workers:
            worker.finish()

    def pass_time(self, parts: float = 1.0) -> None:
        """Moves the clock by so many times `seconds`."""
        self.now += parts * self.seconds

    def settle(self, *workers: SharedFollower, turns: int = 12) -> None:
        """Steps the workers, with time passing, until they have balanced and are idle."""
        for _ in range(turns):
            self.pass_time(0.4)
            for worker in workers:
                while not worker.step():
                    pass

    def lost(self) -> list[tuple[str, int]]:
        """Stored events that were never delivered."""
        seen = {(event.stream, event.version) for _, event, _ in self.delivered}
        return [
            (event.stream, event.version)
            for info in self._store.streams()
            for event in self._store.read(info.stream)
            if (event.stream, event.version) not in seen
        ]

    def skipped(self) -> list[tuple[str, int]]:
        """Deliveries before which an event of the same stream was missing."""
        last: dict[str, int] = {}
        found = []
        for _, event, _ in self.delivered:
            if event.version > last.get(event.stream, 0) + 1:
                found.append((event.stream, event.version))
            last[event.stream] = max(event.version, last.get(event.stream, 0))
        return found

    def repeated(self) -> list[tuple[str, int]]:
        """Events that were delivered again."""
        seen: set[tuple[str, int]] = set()
        found = []
        for _, event, _ in self.delivered:
            key = (event.stream, event.version)
            if key in seen:
                found.append(key)
            seen.add(key)
        return found
