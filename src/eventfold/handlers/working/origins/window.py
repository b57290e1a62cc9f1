"""The window over one partition of a feed: what has been read beyond the checkpoint, stream by stream.

Pages are read ahead of the checkpoint, so that one slow stream does not hold up the others. A checkpoint moves over a
page when everything in it is done; what is done beyond it is remembered by event id, so that nothing is done again.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.handlers.records import Progress
from eventfold.handlers.working.effect import Effect, short

SIZE = 280
"""Events of a window, at most: twice as many ids fit into one note, those of a window that was left and of this one."""


class _Slot:
    """One page."""

    __slots__ = ("cursor", "done", "left", "passes")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.passes = False
        """Whether the event stands here up to which all was done before."""
        self.left = 0
        self.done: list[str] = []


class Window:
    """What is in hand of one partition.

    Args:
        committed: the checkpoint.
        progress: what was done beyond it.
    """

    def __init__(self, committed: Cursor, progress: Progress) -> None:
        self.read = committed
        self.size = 0
        self._partition = committed.marks.keys()
        self._slots: deque[_Slot] = deque()
        self._before = set(progress.done)
        self._doubtful = progress.started
        self._alone = progress.alone if len(progress.started) != 1 else next(iter(progress.started))
        self._tries = dict(progress.tries)
        self._lines: dict[str, deque[Effect] | None] = {}
        """Stream -> what waits behind the effect that is its first."""
        self._ready: deque[Effect] = deque()
        self._resting: list[tuple[float, int, Effect]] = []
        self._doubted: deque[Effect] = deque()
        self._started: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._solo = ""
        self._count = 0
        self.pass_by(progress.through, progress.open)

    @property
    def full(self) -> bool:
        """Whether nothing more may be read until something is done."""
        return self.size >= SIZE

    @property
    def undone(self) -> int:
        """How many of its effects are not done."""
        return sum(slot.left for slot in self._slots)

    @property
    def split(self) -> bool:
        """Whether the partition has ended, and what was read last stands in others."""
        return self.read.marks.keys() != self._partition

    def pass_by(self, through: str, but: Iterable[str]) -> None:
        """Of what is read next, everything up to an event is done, but for some."""
        self._through, self._open = through, set(but)
        self._passing = bool(through)

    @property
    def passing(self) -> bool:
        """Whether the event is not read yet up to which all is done."""
        return self._passing

    @property
    def blank(self) -> bool:
        """Whether nothing is in hand, and nothing is known of what comes next."""
        known = self._before or self._doubtful or self._tries or self._passing
        return not (self.size or self.waiting or self.split or known)

    def add(self, cursor: Cursor, events: Iterable[RecordedEvent], take: Callable[[Effect], bool]) -> None:
        """What was read next.

        Args:
            cursor: after it.
            events: of the handler.
            take: whether an event waits for its turn; else it is done with.
        """
        slot = _Slot(cursor)
        if self._slots and not self._slots[-1].left and not self._slots[-1].done:
            slot.passes = self._slots.pop().passes  # a page without an event, which the new one takes in
        lines, before, ready = self._lines, self._before, self._ready
        known = bool(self._doubtful or self._tries)
        for event in events:
            if before and (found := short(event.id_bytes)) in before:
                before.discard(found)
                slot.done.append(found)
                self.size += 1
                self._pass(slot, found)
                continue
            effect = Effect(event, self, slot)
            if self._passing and self._pass(slot, effect.id):
                continue
            if not take(effect):
                slot.done.append(effect.id)
                self.size += 1
                continue
            slot.left += 1
            stream = event.stream
            if known:
                self._remember(effect)
            if stream in lines:
                behind = lines[stream]
                if behind is None:
                    behind = lines[stream] = deque()
                behind.append(effect)
            else:
                lines[stream] = None
                (ready if effect.id not in self._doubtful else self._doubted).append(effect)
        self.size += slot.left
        self._slots.append(slot)
        self.read = cursor

    def end(self) -> None:
        """Nothing more is there: what was done before and did not come again never will."""
        self._before.clear()
        self._passing = False

    def doubted(self) -> Effect | None:
        """An effect of which nobody knows what became of it: it is tried alone, so that nothing else is to blame."""
        return self._doubted[0] if self._doubted else None

    def ready(self, now: float) -> Iterator[Effect]:
        """The effects that may be begun, each the first of its stream; begin each that is taken, or give it back."""
        while self._resting and self._resting[0][0] <= now:
            self._ready.append(heapq.heappop(self._resting)[2])
        for _ in range(len(self._ready)):
            yield self._ready.popleft()

    def begin(self, effect: Effect, *, alone: bool) -> None:
        """It is about to be done; its stream waits for it."""
        if self._doubted and self._doubted[0] is effect:
            self._doubted.popleft()
            self._doubtful.pop(effect.id, None)
        self._solo = effect.id if alone else ""
        self._failed.pop(effect.id, None)
        self._started[effect.id] = effect.tries + 1

    def leave(self, effect: Effect) -> None:
        """It is not begun now."""
        self._ready.append(effect)

    def back(self, effect: Effect) -> None:
        """It was begun, and nobody was there to take it; it is ready again."""
        self._unstarted(effect)
        self._ready.append(effect)

    def rest(self, effect: Effect, until: float) -> None:
        """It failed, and is ready again at that time."""
        self._unstarted(effect)
        effect.not_before = until
        self._count += 1
        heapq.heappush(self._resting, (until, self._count, effect))

    def recall(self, effect: Effect) -> bool:
        """One that was given back is taken out; False where it is under way again."""
        try:
            self._ready.remove(effect)
        except ValueError:
            return False
        return True

    @property
    def startable(self) -> int:
        """How many effects wait for nothing but room."""
        return len(self._ready)

    def pull(self, stream: str) -> Effect | None:
        """The effect of a stream is taken out, if it waits: is ready, or rests."""
        for effect in self._ready:
            if effect.event.stream == stream:
                self._ready.remove(effect)
                return effect
        for n, (_, _, effect) in enumerate(self._resting):
            if effect.event.stream == stream:
                del self._resting[n]
                heapq.heapify(self._resting)
                return effect
        return None

    def holds(self, stream: str) -> bool:
        """Whether something of a stream is in hand."""
        return stream in self._lines

    def done(self, effect: Effect) -> None:
        """Its outcome is known; the next of its stream is ready."""
        stream = effect.event.stream
        self._finish(effect)
        behind = self._lines[stream]
        if behind:
            following = behind.popleft()
            (self._doubted if following.id in self._doubtful else self._ready).append(following)
        else:
            del self._lines[stream]

    def close(self, effect: Effect) -> list[Effect]:
        """It and all that waits behind it is done with here; returns what waited."""
        behind = list(self._lines.pop(effect.event.stream) or ())
        for one in (effect, *behind):
            self._finish(one)
        return behind

    def advance(self, *, ends: bool = True) -> Cursor | None:
        """The checkpoint, where it has moved.

        Args:
            ends: whether it may move into the partitions that came of this one, which takes all of it away from here.
        """
        found = None
        ends = ends and not self._passing and not any(slot.left for slot in self._slots)
        while self._slots and not self._slots[0].left:
            if not ends and self._slots[0].cursor.marks.keys() != self._partition:
                break
            slot = self._slots.popleft()
            self.size -= len(slot.done)
            found = slot.cursor
            if slot.passes:
                self._through, self._open = "", set()
        return found

    def progress(self, swept: int = 0) -> Progress:
        """What is to be remembered beyond the checkpoint; `swept` as `Progress` has it."""
        done = [found for slot in self._slots for found in slot.done]
        started = {**self._doubtful, **self._started} if self._doubtful else self._started
        tries = {**self._tries, **self._failed} if self._tries else self._failed
        return Progress(
            done=[*done, *self._before],
            started=started,
            tries=tries,
            alone=self._solo if started else "",
            swept=swept,
            through=self._through,
            open=sorted(self._open),
        )

    @property
    def waiting(self) -> bool:
        """Whether something is ready, rests or is in doubt."""
        return bool(self._ready or self._resting or self._doubted)

    def _pass(self, slot: _Slot, event_id: str) -> bool:
        """Whether it was done before as one of many."""
        if event_id == self._through:
            slot.passes, self._passing = True, False
        return event_id not in self._open

    def _remember(self, effect: Effect) -> None:
        """How often it was tried: a try in company of others, of which nobody knows who ended the worker, is none."""
        if effect.id in self._doubtful:
            effect.tries = self._doubtful[effect.id] - (effect.id != self._alone)
        elif effect.id in self._tries:
            effect.tries = self._failed[effect.id] = self._tries.pop(effect.id)

    def _unstarted(self, effect: Effect) -> None:
        self._started.pop(effect.id, None)
        if effect.tries:
            self._failed[effect.id] = effect.tries

    def _finish(self, effect: Effect) -> None:
        self._started.pop(effect.id, None)
        self._failed.pop(effect.id, None)
        self._doubtful.pop(effect.id, None)
        slot: _Slot = effect.place
        slot.left -= 1
        slot.done.append(effect.id)
