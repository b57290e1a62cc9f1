"""Parked streams that a person wants handled again: their events in order, read from the store, until none waits.

What a person asks is a note that the owner of the stream's partition finds. It stays until all of the stream is handled
or an event fails again; so what a restart interrupts goes on, and an event that ends the process is not begun for ever.
"""

from collections.abc import Callable, Iterable

from msgspec import structs

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.handlers.records import Asked, digest, skipped_note
from eventfold.handlers.working.effect import Effect, crash_of
from eventfold.handlers.working.origins.changes import Changes
from eventfold.handlers.working.origins.parked import Parked
from eventfold.handlers.working.origins.waiting import Waiting
from eventfold.store.port import Store

Wanted = Callable[[RecordedEvent], bool]


class Revival(Waiting):
    """What was asked for parked streams of one partition of one handler.

    Args:
        handler: its name.
        attempts: how often an event may be begun without a known outcome.
        store: where the events of a stream are read.
        parked: the parked streams.
        changes: takes what is to be written.
        mine: whether a stream belongs to this partition.
        wanted: whether the handler takes an event.
    """

    def __init__(
        self,
        handler: str,
        attempts: int,
        store: Store,
        *,
        parked: Parked,
        changes: Changes,
        mine: Callable[[str], bool],
        wanted: Wanted,
    ) -> None:
        super().__init__()
        self._handler = handler
        self._attempts = attempts
        self._store = store
        self._parked = parked
        self._changes = changes
        self._mine = mine
        self._wanted = wanted
        self._busy: dict[str, Asked] = {}

    def take(self, everything: Iterable[Asked]) -> None:
        """Takes up what people asked."""
        for asked in everything:
            key = digest(asked.stream)
            if (
                asked.stream in self._busy
                or self._changes.drops(Asked.kind, key)
                or not self._mine(asked.stream)
            ):
                continue
            parked = self._parked.get(asked.stream)
            is_past = parked is not None and asked.what == "skip" and asked.version not in {0, parked.version}
            if (
                parked is None or is_past or asked.what == "park"
            ):  # of an event that was handled or parked since
                self._changes.drop(Asked.kind, key)
            elif asked.what == "skip":
                self._skip(asked, parked)
            else:
                self._go_on(asked, parked.version - 1)

    def doubted(self) -> Effect | None:
        """None: who asked knows that it may end the worker."""
        return None

    def _in_doubt(self, effect: Effect) -> bool:  # noqa: ARG002 - as all that wait
        return False

    def begin(self, effect: Effect, *, alone: bool) -> None:  # noqa: ARG002 - as all that effects come from
        """It is about to be done."""
        self._note(effect, starts=effect.tries + 1)

    def done(self, effect: Effect) -> None:
        """It was taken; what waits behind it is next."""
        self._go_on(self._busy[effect.event.stream], effect.event.version)

    def refused(self, effect: Effect) -> None:
        """It failed again: the stream stays parked."""
        stream = effect.event.stream
        before = self._parked.get(stream)
        self._parked.park(effect, before.last_version if before else 0, self._changes)
        self._forget(stream)

    @property
    def waiting(self) -> bool:
        """Whether something that was asked is not done."""
        return bool(self._busy)

    def _skip(self, asked: Asked, parked: ParkedStream) -> None:
        skip = Skip(
            stream=asked.stream,
            version=parked.version,
            reason=asked.reason,
            actor=asked.actor,
            skipped_us=asked.asked_us,
        )
        self._changes.put(skipped_note(skip))
        self._go_on(structs.replace(asked, what="retry", version=0, starts=0), parked.version)

    def _go_on(self, asked: Asked, after: int) -> None:
        """With the next event of the stream that waits; without one it is parked no more."""
        parked = self._parked.get(asked.stream)
        if parked is None:
            return self._forget(asked.stream)
        for found in self._store.read(asked.stream, after=after, to=max(after, parked.last_version)):
            if not self._wanted(found):
                continue
            event = structs.replace(found, partition=parked.partition)
            tries = asked.starts if asked.version == event.version else 0
            effect = Effect(event, self, None, tries)
            if tries >= self._attempts:
                effect.error = crash_of(self._handler, event, tries)
                return self.refused(effect)
            self._busy[asked.stream] = structs.replace(asked, version=event.version, starts=tries)
            if event.version != parked.version:
                self._parked.move(effect, self._changes)
            self._changes.put(self._busy[asked.stream].note(digest(asked.stream)))
            self._waiting.append(effect)
            return None
        self._parked.drop(asked.stream, self._changes)
        return self._forget(asked.stream)

    def _given_back(self, effect: Effect) -> None:
        self._note(effect, starts=effect.tries)

    def _note(self, effect: Effect, *, starts: int) -> None:
        stream = effect.event.stream
        asked = self._busy[stream] = structs.replace(self._busy[stream], starts=starts)
        self._changes.put(asked.note(digest(stream)))

    def _forget(self, stream: str) -> None:
        self._busy.pop(stream, None)
        self._changes.drop(Asked.kind, digest(stream))
