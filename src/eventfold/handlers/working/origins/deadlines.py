"""Effects that wait for their time.

Each is a note whose key begins with the time, so that those that are due are read as a range. The clock that is asked
never goes back: one that is set back makes deadlines late, not twice.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from msgspec import structs

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.effects.port import Effects
from eventfold.handlers.records import Deadline
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins.changes import Changes
from eventfold.handlers.working.origins.parked import Parked
from eventfold.handlers.working.origins.waiting import Waiting
from eventfold.store.port import Store

_PAGE = 1_000


class Due:
    """Reads what is due.

    Args:
        handler: its name.
        effects: where deadlines are kept.
        wall: microseconds since 1970.
    """

    def __init__(self, handler: str, effects: Effects, wall: Callable[[], int]) -> None:
        self._handler = handler
        self._effects = effects
        self._wall = wall
        self._latest = 0

    def pages(self) -> Iterator[list[Deadline]]:
        """By time, those that are due by the latest time that the clock has shown."""
        self._latest = max(self._latest, self._wall())
        below, after = f"{self._latest + 1:017d}", ""
        while notes := self._effects.notes(
            self._handler, Deadline.kind, after=after, below=below, limit=_PAGE
        ):
            after = notes[-1].key
            yield [Deadline.of(note) for note in notes]


class Deadlines(Waiting):
    """The deadlines of one partition of one handler.

    Args:
        store: where their events are read.
        parked: its parked streams: their deadlines wait.
        changes: takes what is to be written.
        mine: whether a stream belongs to this partition.
    """

    def __init__(
        self,
        store: Store,
        *,
        parked: Parked,
        changes: Changes,
        mine: Callable[[str], bool],
    ) -> None:
        super().__init__()
        self._store = store
        self._parked = parked
        self._changes = changes
        self._mine = mine
        self._busy: dict[str, Deadline] = {}
        """Stream -> its deadline that is ready, rests or is under way."""

    def add(self, event: RecordedEvent, delay: timedelta) -> None:
        """The effect of an event waits so long from when it was recorded."""
        due = event.recorded_us + delay // timedelta(microseconds=1)
        deadline = Deadline(stream=event.stream, version=event.version, due_us=due)
        self._changes.put(deadline.note(deadline.key))

    def take(self, due: Iterable[Deadline]) -> None:
        """Takes up what is due, the first of each stream; those of parked streams wait for them."""
        for one in due:
            held = one.stream in self._busy or one.stream in self._parked
            if not held and not self._changes.drops(one.kind, one.key) and self._mine(one.stream):
                self._begin(one)

    def doubted(self) -> Effect | None:
        """One of which nobody knows what became of it."""
        return next((effect for effect in self._waiting if self._in_doubt(effect)), None)

    def holds(self, stream: str) -> bool:
        """Whether something of a stream is in hand."""
        return stream in self._busy

    def begin(self, effect: Effect, *, alone: bool) -> None:
        """It is about to be done."""
        if effect in self._waiting:
            self._waiting.remove(effect)
        self._keep(effect, structs.replace(effect.place, starts=effect.tries + 1, alone=alone))

    def done(self, effect: Effect) -> None:
        """It fired, or was cancelled."""
        del self._busy[effect.event.stream]
        self._changes.drop(Deadline.kind, effect.place.key)

    def refused(self, effect: Effect) -> None:
        """It failed too often: its stream is parked."""
        self.done(effect)
        self._parked.park(effect, effect.event.version, self._changes)

    @property
    def waiting(self) -> bool:
        """Whether something is due and not done."""
        return bool(self._busy)

    def _begin(self, deadline: Deadline) -> None:
        for event in self._store.read(deadline.stream, after=deadline.version - 1, limit=1):
            tries = max(0, deadline.starts - (not deadline.alone))
            self._busy[deadline.stream] = deadline
            self._waiting.append(Effect(event, self, deadline, tries))

    def _keep(self, effect: Effect, deadline: Deadline) -> None:
        effect.place = self._busy[deadline.stream] = deadline
        self._changes.put(deadline.note(deadline.key))

    def _in_doubt(self, effect: Effect) -> bool:
        return bool(effect.place.starts)

    def _given_back(self, effect: Effect) -> None:
        self._keep(effect, structs.replace(effect.place, starts=0, alone=False))
