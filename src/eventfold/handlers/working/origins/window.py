"""The window over one partition of a feed: what has been read beyond the checkpoint, stream by stream.

Pages are read ahead of the checkpoint, so that one slow stream does not hold up the others. A checkpoint moves over a
page when everything in it is done. What is done beyond it is remembered by the last version of each stream, so that
nothing is done again: effects of a stream are done in order, so what is done of it is the beginning of what was read.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.handlers.records import Progress, short_of_stream
from eventfold.handlers.working.effect import Effect, short

SIZE = 500
"""Streams of a window, at most: twice as many fit into one note, those of a window that was left and of this one."""
_EVENTS, _BYTES = 5_000, 8 * 2**20
"""Events of a window that are not done, at most, and bytes of their data."""
_SLOTS = 64
"""Pages after which those are made one of which all is done: one event may hold up a checkpoint for days."""
LEAST = 20
"""Streams for which there is room in a window that reads on: to read one by one would ask the feed for each."""


class _Slot:
    """One page."""

    __slots__ = ("count", "cursor", "done", "left", "passes", "streams")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.passes = False
        """Whether the event stands here up to which all was done before."""
        self.left = 0
        self.count = 0
        """Events that are done."""
        self.streams: set[str] = set()
        self.done: dict[str, int] = {}
        """Stream -> the version up to which it is done."""

    def put(self, stream: str, version: int) -> None:
        """An event is done."""
        self.done[stream] = version
        self.count += 1

    def takes_in(self, later: "_Slot") -> bool:
        """Whether it and the page behind it are one from now on, since all of both is done."""
        if self.left or later.left or self.cursor.marks.keys() != later.cursor.marks.keys():
            return False
        self.cursor, self.passes = later.cursor, self.passes or later.passes
        self.count += later.count
        self.done.update(later.done)
        self.streams |= later.streams
        return True


class Window:
    """What is in hand of one partition.

    Args:
        committed: the checkpoint.
        progress: what was done beyond it.
    """

    def __init__(self, committed: Cursor, progress: Progress) -> None:
        self.read = committed
        self._partition = committed.marks.keys()
        self._slots: deque[_Slot] = deque()
        self._before = dict(progress.streams)
        self._before_count = progress.count
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
        self._streams: dict[str, int] = {}
        """Stream -> how many pages hold some of it."""
        self._many = _SLOTS
        self._events = self._bytes = 0
        self.pass_by(progress.through, progress.open)

    @property
    def full(self) -> bool:
        """Whether nothing more may be read until something is done."""
        return self.room < LEAST

    @property
    def room(self) -> int:
        """How many events may be read."""
        return min(SIZE - len(self._streams), _EVENTS - self._events if self._bytes < _BYTES else 0)

    @property
    def undone(self) -> int:
        """How many of its effects are not done."""
        return self._events

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
        return not (self._streams or self.waiting or self.split or known)

    def add(self, cursor: Cursor, events: Iterable[RecordedEvent], take: Callable[[Effect], bool]) -> None:
        """What was read next.

        Args:
            cursor: after it.
            events: of the handler.
            take: whether an event waits for its turn; else it is done with.
        """
        slot = _Slot(cursor)
        if self._slots and not self._slots[-1].left and not self._slots[-1].count:
            slot.passes = self._slots.pop().passes  # a page without an event, which the new one takes in
        lines, ready = self._lines, self._ready
        known, before = bool(self._doubtful or self._tries), bool(self._before)
        for event in events:
            stream = event.stream
            if before and self._was_done(event):
                slot.put(stream, event.version)
                slot.streams.add(stream)
                self._pass(slot, short(event.id_bytes))
                continue
            effect = Effect(event, self, slot)
            if self._passing and self._pass(slot, effect.id):
                continue
            slot.streams.add(stream)
            if not take(effect):
                slot.put(stream, event.version)
                continue
            slot.left += 1
            self._bytes += len(event.data)
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
        self._events += slot.left
        for stream in slot.streams:
            self._streams[stream] = self._streams.get(stream, 0) + 1
        self._slots.append(slot)
        self.read = cursor
        if len(self._slots) >= self._many:
            self._merge()

    def end(self) -> None:
        """Nothing more is there: what was done before and did not come again never will."""
        self._before.clear()
        self._before_count = 0
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
            for stream in slot.streams:
                self._streams[stream] -= 1
                if not self._streams[stream]:
                    del self._streams[stream]
            found = slot.cursor
            if slot.passes:
                self._through, self._open = "", set()
        return found

    def progress(self, swept: int = 0) -> Progress:
        """What is to be remembered beyond the checkpoint; `swept` as `Progress` has it."""
        done: dict[str, int] = {}
        for slot in self._slots:
            done.update(slot.done)
        streams = dict(self._before)
        for stream, version in done.items():
            key = short_of_stream(stream)
            streams[key] = max(
                version, streams.get(key, 0)
            )  # what came again was done further than it has come
        started = {**self._doubtful, **self._started} if self._doubtful else self._started
        tries = {**self._tries, **self._failed} if self._tries else self._failed
        return Progress(
            streams=streams,
            count=self._before_count + sum(slot.count for slot in self._slots),
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

    def _merge(self) -> None:
        slots: deque[_Slot] = deque()
        for slot in self._slots:
            if slots and slots[-1].left == 0 and slot.left == 0:
                both = slots[-1].streams & slot.streams
                if slots[-1].takes_in(slot):
                    for stream in both:
                        self._streams[stream] -= 1
                    continue
            slots.append(slot)
        self._slots = slots
        self._many = max(_SLOTS, 2 * len(slots))

    def _was_done(self, event: RecordedEvent) -> bool:
        """Whether it was done beyond the checkpoint before this window began."""
        key = short_of_stream(event.stream)
        through = self._before.get(key, 0)
        if event.version >= through:
            self._before.pop(key, None)
        if event.version > through:
            return False
        self._before_count = max(0, self._before_count - 1)
        return True

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
        slot.put(effect.event.stream, effect.event.version)
        self._events -= 1
        self._bytes -= len(effect.event.data)
