"""Everything of one partition in the hands of one worker: its window, what people asked, what is due, what is kept."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from eventfold.errors import EffectRefused
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Lease, Name, Note
from eventfold.feed.leases.share import Share
from eventfold.feed.port import Page
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import Asked, Deadline, Progress
from eventfold.handlers.working.effect import Effect, crash_of, short
from eventfold.handlers.working.origins.changes import Changes
from eventfold.handlers.working.origins.deadlines import Deadlines
from eventfold.handlers.working.origins.parked import Parked
from eventfold.handlers.working.origins.port import Origin
from eventfold.handlers.working.origins.revival import Revival
from eventfold.handlers.working.origins.window import Window
from eventfold.handlers.working.reading import PAGE, Reading
from eventfold.handlers.working.sweep import Sweep
from eventfold.store.port import Store

_PAGES, _SOME = 20, 4
"""That are read between two looks at anything else, at most: where there is nothing to do, and where there is."""
_REST = (0.2, 30.0)
"""Seconds that an event rests after its first try that failed, and at most."""
_IDLE_COMMIT = 5.0
"""Seconds between two writes of a checkpoint that moved over events of others."""


class Desk:
    """One partition of one handler.

    Args:
        handler: the handler.
        lease: as it was taken; whoever takes it reads what is kept only then.
        share: writes under the lease.
        store: the log, and where notes are kept.
        parked: the parked streams of the handler.
        mine: whether a stream belongs to this partition.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        handler: Handler,
        lease: Lease,
        share: Share,
        store: Store,
        *,
        parked: Parked,
        mine: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.partition, self.epoch = lease.partition, lease.epoch
        self._handler = handler
        self._share = share
        self._reading = Reading(handler, store.feed(), clock)
        self._parked = parked
        self._mine = mine
        self._clock = clock
        self._committed = self._stands = lease.cursor
        notes = {note.key: note for note in store.effects().notes(handler.name, Progress.kind)}
        kept = Progress.of(notes[lease.partition]) if lease.partition in notes else Progress()
        self._noted = lease.partition in notes
        self._window = Window(lease.cursor, kept)
        self._careful = kept.swept
        """Events that are begun one by one, since a sweep of so many did not come to its end."""
        self._swept = kept.swept
        self._changes = Changes()
        changes = self._changes
        self._deadlines = Deadlines(store, parked=parked, changes=changes, mine=mine)
        self._revival = Revival(
            handler.name,
            handler.attempts,
            store,
            parked=parked,
            changes=changes,
            mine=mine,
            wanted=self._reading.wants,
        )
        self._origins: Sequence[Origin] = (self._window, self._revival, self._deadlines)
        self.leaves_at: float | None = None
        """When another worker was first seen to want the partition: nothing more is begun."""
        self.unread = False
        """Whether something was asked of an event that may not have been read yet."""
        self._changed = self._moved = False
        self._fresh = False
        """Whether what was read last was not for a sweep, and waits in the window."""
        self._written = clock()
        self.delayed = self.fired = float("-inf")
        """When an effect was last put off, and when one fired behind which more is due than was taken up: it, or the
        next of its stream, may be due when deadlines are looked at after that."""

    def fill(self, *, lacking: int, idle: bool) -> None:
        """Reads on.

        Args:
            lacking: how many more could be begun than are ready; none, where news can wait.
            idle: nothing is under way, so that there is time to read until there is something to do.
        """
        reading, window = self._reading, self._window
        fresh, self._fresh = self._fresh, False
        if fresh and (reading.caught_up or window.waiting):
            return
        if not idle and reading.is_early(plenty=lacking <= 0):
            return
        enough = window.startable + lacking
        for n in range(1, _PAGES + 1):
            if window.full or (window.split and not window.passing):
                return
            page = reading.page(window.read, min(PAGE, window.room))
            reading.taken(page)
            self._add(page)
            if page.caught_up:
                if reading.sure:
                    window.end()
                return
            if window.startable >= enough or (page.short and window.startable):
                return
            if n >= _SOME and (window.waiting or not idle):
                return

    def sweep(self, limit: int) -> Sweep | None:
        """A page to be done in one go, where nothing is known of its events; else they wait in the window.

        It is read before the write that allows to begin it: so who takes the lease before that write, writes events
        that are not in it.
        """
        window = self._window
        self._advance()
        if not window.blank or self._careful > 0 or self._revival.waiting:
            return None
        page = self._reading.page(window.read, limit)
        events = self._reading.wanted(page.events)
        streams = {event.stream for event in events}
        plain = page.cursor.marks.keys() == window.read.marks.keys()
        if plain and len(streams) == len(events) > 1 and not self._parked.any(streams):
            self._reading.taken(page)
            return Sweep(page.cursor, events)
        if len(events) <= PAGE:
            self._reading.taken(page)
            self._fresh = True
            self._add(page)
        else:  # more than a window takes; these go the usual way before it is tried again
            self._careful = len(events)
        return None

    def begin_sweep(self, most: int, last: Changes) -> None:
        """Writes that a sweep is begun, with what came before it; errors as `commit`."""
        self._advance()
        if self._swept != most:
            last.put(Progress(swept=most).note(self.partition))
        self._changes.write(self._keep, last)
        self._swept, self._noted = most, True
        self._changed = self._moved = False
        self._written = self._clock()

    def swept(self, sweep: Sweep) -> None:
        """All of it was taken."""
        self._window.read = self._committed = sweep.cursor
        self._changed = True

    def broken(self, sweep: Sweep, begun: int) -> Iterator[Effect]:
        """What was done of it is remembered, the rest goes the usual way; yields what was begun and not taken.

        Args:
            sweep: that has stopped.
            begun: how many of its effects were.
        """
        self._changed = True
        if not begun:
            return
        first = sweep.done - (sweep.error is not None)
        left = {short(event.id_bytes) for event in sweep.events[first:begun]}
        self._window.pass_by(short(sweep.events[begun - 1].id_bytes), left)
        while self._window.passing:
            page = self._reading.page(self._window.read, PAGE)
            self._add(page)
            if page.caught_up:
                break
        for effect in list(self._window.ready(self._clock())):
            if effect.id in left:
                yield effect
            else:
                self._window.leave(effect)

    def asked(self, everything: Iterable[Asked]) -> list[str]:
        """Takes up what people asked for streams of this partition; gives those that are parked by that."""
        taken, left, self.unread = list[str](), list[Asked](), False
        for one in everything:
            if one.what == "retry" or one.stream in self._parked or not self._mine(one.stream):
                left.append(one)
                continue
            effect = next((found for origin in self._origins if (found := origin.pull(one.stream))), None)
            if effect is None:
                self.unread |= not self._reading.caught_up or self._window.full
                if not (self.unread or self._window.holds(one.stream) or self._deadlines.holds(one.stream)):
                    left.append(one)
            elif effect.event.version != one.version:
                effect.origin.leave(effect)
                left.append(one)
            else:
                before = "" if effect.error is None else f"; before that: {effect.error}"
                effect.error = EffectRefused(f"{one.actor or 'A person'} took it out: {one.reason}{before}")
                self.park(effect)
                taken.append(one.stream)
                left.append(one)
        self._revival.take(left)
        return taken

    def due(self, deadlines: Iterable[Deadline], *, first: bool) -> bool:
        """Takes up what is due of streams of this partition; whether there is room for more.

        Args:
            deadlines: a page of them.
            first: it is the first one.
        """
        self._deadlines.left = self._deadlines.left and not first
        self._deadlines.take(deadlines)
        self._deadlines.left |= self._deadlines.full
        return not self._deadlines.full

    def where(self) -> Cursor | None:
        """Where news are waited for; None where there is something to do before."""
        return self._window.read if self._reading.caught_up and not self._window.full else None

    @property
    def behind(self) -> bool:
        """Whether something is there that was not read and can be."""
        return not (self._reading.caught_up or self._window.full or self._window.split)

    @property
    def over(self) -> bool:
        """Whether the partition has ended and all that was read of it is done: others come in its place."""
        return self._window.split and not self._window.undone and not self._window.passing

    @property
    def unkept(self) -> bool:
        """Whether something became known that is not written yet."""
        return self._changed or bool(self._changes)

    @property
    def full(self) -> bool:
        """Whether nothing more can be read before something is done."""
        return self._window.full

    @property
    def undone(self) -> int:
        """How many effects of the window are not done."""
        return self._window.undone

    @property
    def waiting(self) -> bool:
        """Whether effects are ready, rest or are in doubt."""
        return any(origin.waiting for origin in self._origins)

    @property
    def startable(self) -> int:
        """How many effects wait for nothing but room."""
        return self._window.startable

    def doubted(self) -> Effect | None:
        """An effect of which nobody knows what became of it: it is done alone, so that nothing else can be to blame."""
        return next((effect for origin in self._origins if (effect := origin.doubted())), None)

    def ready(self) -> Iterator[Effect]:
        """The effects that may be begun, each the first of its stream."""
        now = self._clock()
        for origin in self._origins:
            yield from origin.ready(now)

    def begin(self, effect: Effect, *, alone: bool) -> None:
        """It is begun once this is committed."""
        effect.origin.begin(effect, alone=alone)
        self._changed = True

    def done(self, effect: Effect) -> None:
        """It was taken."""
        stream = effect.event.stream
        effect.origin.done(effect)
        if effect.origin is self._deadlines and self._deadlines.left and not self._deadlines.holds(stream):
            self.delayed = self.fired = self._clock()
        self._careful -= 1
        self._changed = True

    def back(self, effect: Effect) -> None:
        """Nobody was there to take it."""
        effect.origin.back(effect)
        self._changed = True

    def failed(self, effect: Effect) -> bool:
        """It was refused: it rests, and after its last try its stream is parked; whether it is."""
        effect.tries += 1
        self._changed = True
        if effect.tries >= self._handler.attempts:
            self.park(effect)
            return True
        effect.origin.rest(effect, self._rested(effect))
        return False

    def park(self, effect: Effect) -> None:
        """Its stream waits."""
        if effect.origin is self._window:
            behind = self._window.close(effect)
            last = behind[-1].event.version if behind else effect.event.version
            self._parked.park(effect, last, self._changes)
        else:
            effect.origin.refused(effect)
        self._changed = True

    def crashed(self, effect: Effect) -> None:
        """It ended the worker too often."""
        effect.error = crash_of(self._handler.name, effect.event, effect.tries)
        self.park(effect)

    def commit(self, last: Changes, *, now: bool = False, busy: bool = False) -> None:
        """Keeps what has changed: checkpoint, progress and notes in one transaction.

        Args:
            last: what the worker has to write beside.
            now: also a checkpoint that moved over events of others only.
            busy: effects are under way here; a partition that has ended is not left before they are known.

        Raises:
            OwnerFenced: the partition is another worker's; nothing of this was written.
            StorageError: it was not written; try again.
        """
        self._advance(ends=not busy)
        ended = self._committed.marks.keys() != {self.partition}
        due = self._moved and (now or ended or self._clock() - self._written >= _IDLE_COMMIT)
        if not (self._changed or self._changes or last or due):
            return
        progress = self._window.progress(swept=max(0, self._careful))
        there = (known := progress != Progress()) and not ended
        if there:
            last.put(progress.note(self.partition))
        elif self._noted:
            last.drop(Progress.kind, self.partition)
        for name in self._committed.marks if ended and known else ():
            last.put(progress.note(name))  # of which of them its events are, nobody knows
        self._changes.write(self._keep, last)
        self._noted, self._swept = there, progress.swept
        self._changed = self._moved = False
        self._written = self._clock()

    def _add(self, page: Page) -> None:
        if page.cursor != self._window.read:
            self._window.add(page.cursor, self._reading.wanted(page.events), self._take)

    def _advance(self, *, ends: bool = True) -> None:
        moved = self._window.advance(ends=ends)
        if moved is not None:
            self._committed = moved
            self._moved = True

    def _keep(self, put: Sequence[Note], drop: Sequence[Name], *, ends: bool) -> None:
        """The checkpoint moves with the last, since the lease of a partition that has ended is gone then."""
        self._share.commit(self.partition, self._committed if ends else self._stands, put, drop)
        if ends:
            self._stands = self._committed

    def _take(self, effect: Effect) -> bool:
        event = effect.event
        if self._handler.when is not None:
            self._deadlines.add(event, self._handler.when.delay)
            self.delayed = self._clock()
        elif self._parked.holds(event.stream, event.version):
            self._parked.extend(event.stream, event.version, self._changes)
        else:
            return True
        self._changed = True
        return False

    def _rested(self, effect: Effect) -> float:
        first, longest = _REST
        return self._clock() + min(first * 2.0 ** (effect.tries - 1), longest)
