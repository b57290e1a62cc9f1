"""Effects that wait for their time.

Each is a note whose key begins with the time, so that those that are due are read as a range. The clock that is asked
never goes back: one that is set back makes deadlines late, not twice.
"""

from collections import deque
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
_STREAMS, _BEHIND = 1_000, 20
"""Of a partition in hand, at most: streams, and of each the deadlines that are due behind its first. The others stay
where they are kept, and are read again when there is room."""


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
        """By time, those that are due by the latest time that the clock has shown; one page at least."""
        self._latest = max(self._latest, self._wall())
        below, after, more = f"{self._latest + 1:017d}", "", True
        while more:
            notes = self._effects.notes(self._handler, Deadline.kind, after=after, below=below, limit=_PAGE)
            yield [Deadline.of(note) for note in notes]
            more = len(notes) == _PAGE
            after = notes[-1].key if notes else ""


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
        self._lines: dict[str, deque[Deadline]] = {}
        """Stream -> what is due behind that."""
        self._keys: set[str] = set()
        """Of all in hand, so that what is read again is known."""
        self.left = False
        """Whether something that is due was left where it is kept, since there was no room, when it was last read."""

    def add(self, event: RecordedEvent, delay: timedelta) -> None:
        """The effect of an event waits so long from when it was recorded."""
        due = event.recorded_us + delay // timedelta(microseconds=1)
        deadline = Deadline(stream=event.stream, version=event.version, due_us=due)
        self._changes.put(deadline.note(deadline.key))

    def take(self, due: Iterable[Deadline]) -> None:
        """Takes up what is due, in the order of each stream; those of parked streams wait for them."""
        for one in due:
            stream = one.stream
            if one.key in self._keys or stream in self._parked or self._changes.drops(one.kind, one.key):
                continue
            line = self._lines.get(stream)
            full = self.full if line is None else len(line) >= _BEHIND
            if full and line is None and self.left:
                continue  # without asking whose it is
            if not self._mine(stream):
                continue
            if full:
                self.left = True
            elif line is None:
                self._begin(one)
            else:
                line.append(one)
                self._keys.add(one.key)

    @property
    def full(self) -> bool:
        """Whether no other streams can be taken up."""
        return len(self._busy) >= _STREAMS

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
        """It fired, or was cancelled; what is due behind it is next."""
        stream = effect.event.stream
        del self._busy[stream]
        self._keys.discard(effect.place.key)
        self._changes.drop(Deadline.kind, effect.place.key)
        line = self._lines.pop(stream)
        while line and stream not in self._busy:
            self._begin(line.popleft(), line)

    def refused(self, effect: Effect) -> None:
        """It failed too often: its stream is parked, and what is due behind it waits for that."""
        line = self._lines[effect.event.stream]
        self._keys.difference_update(one.key for one in line)
        line.clear()
        self.done(effect)
        self._parked.park(effect, effect.event.version, self._changes)

    @property
    def waiting(self) -> bool:
        """Whether something is due and not done."""
        return bool(self._busy)

    def _begin(self, deadline: Deadline, line: "deque[Deadline] | None" = None) -> None:
        for event in self._store.read(deadline.stream, after=deadline.version - 1, limit=1):
            tries = max(0, deadline.starts - (not deadline.alone))
            self._busy[deadline.stream] = deadline
            self._lines[deadline.stream] = deque() if line is None else line
            self._keys.add(deadline.key)
            self._waiting.append(Effect(event, self, deadline, tries))

    def _keep(self, effect: Effect, deadline: Deadline) -> None:
        effect.place = self._busy[deadline.stream] = deadline
        self._changes.put(deadline.note(deadline.key))

    def _in_doubt(self, effect: Effect) -> bool:
        return bool(effect.place.starts)

    def _given_back(self, effect: Effect) -> None:
        self._keep(effect, structs.replace(effect.place, starts=0, alone=False))
