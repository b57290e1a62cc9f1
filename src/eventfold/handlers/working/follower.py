"""The follower that runs one handler: it takes partitions by lease, begins effects, and keeps what became of them.

What is begun is written under the lease before it is begun, and an outcome before the next effect of its stream begins:
both in one transaction a round, for all effects of the round. So a worker that has lost its lease begins nothing, and
after a crash as many effects are repeated as were under way.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

from eventfold.errors import StorageError, StoreFenced
from eventfold.feed.cursor import Cursor
from eventfold.feed.leases.heart import Heart
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.leases.share import SECONDS
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import Asked, Deadline, Held
from eventfold.handlers.working.choosing import Chooser, Chosen
from eventfold.handlers.working.crew import Crew
from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.desks import Desks
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.judging import Judge
from eventfold.handlers.working.origins.deadlines import Due
from eventfold.handlers.working.origins.parked import now_us
from eventfold.handlers.working.origins.window import SIZE
from eventfold.handlers.working.sweep import Sweep
from eventfold.handlers.working.telling import Telling
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.handlers")
_LOOK = 1.0
"""Seconds between two looks at what people decided."""
SWEPT = 16
"""Effects for which it is worth it to do them in one go."""
_WAIT = 0.25
"""Seconds of a wait for outcomes, at most."""
_PAUSE = 0.1
LEAVE = 5.0
"""Seconds for which what is under way is waited for when the worker ends."""


class HandlerFollower:
    """One of the workers of a handler; a `Follower` of the loop.

    Args:
        handler: the handler.
        store: the log, and where its effects are kept. The handler has begun there.
        doing: does an effect.
        gate: before the target, shared by all handlers of this process that use it.
        owner: who this worker is, unlike any other.
        seconds: how long a lease may stand still before others take it.
        clock: seconds, for intervals only.
        wall: microseconds since 1970, for deadlines only.
        sweeps: whether pages are done in one go; None = while effects are quick.
    """

    def __init__(
        self,
        handler: Handler,
        store: Store,
        doing: Doing | Callable[[Effect], None],
        gate: Gate,
        *,
        owner: str = "",
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = now_us,
        sweeps: bool | None = None,
    ) -> None:
        self.handler = handler
        self._store = store
        self._gate = gate
        self._doing = doing
        self._clock = clock
        self._desks = Desks(handler, store, owner or new_owner(), seconds=seconds, clock=clock)
        self._sweeps = sweeps
        sweep = doing.sweep if isinstance(doing, Doing) else None
        self._crew = Crew(handler.name, min(handler.concurrency, SIZE), doing, sweep)
        self._broken: dict[Effect, tuple[Sweep, int]] = {}
        """What was under way when its sweep was broken up, and how many were done then."""
        self._held = ""
        self._goes_on = False
        """Whether something was begun in the last round."""
        self._delays = handler.when is not None
        """Whether effects wait for their time, those of a handler among them that has lost its `when=` since."""
        self._due = Due(handler.name, store.effects(), wall)
        self._looked = self._asked = self._due_at = float("-inf")
        self._telling = Telling(handler.name, gate)
        self._judge = Judge(handler.name, gate, self._telling)
        self._choose = Chooser(handler, gate, self._judge, self._telling, clock)
        self._heart = Heart(self._desks.share, handler.name, seconds)

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return f"handler {self.handler.name}"

    @property
    def handled(self) -> int:
        """How many effects were taken."""
        return self._judge.taken

    def where(self) -> Cursor | None:
        """Where news are waited for; None where nothing new could be begun."""
        marks = {}
        for desk in self._desks:
            found = desk.where()
            if found is None:
                return None
            marks.update(found.marks)
        return Cursor(self._store.log_id, marks) if marks and not self._held else None

    def step(self) -> bool:
        """One round: outcomes are settled, new effects chosen, both kept, then those begun; True where all is quiet.

        Raises:
            FeedRebased: partitions were merged or the log was restored; what was handled cannot be told any more.
            StoreFenced: the log takes nothing any more until it is opened again.
            StorageError: feed or leases did not answer; try again.
        """
        self._heart.beat()
        self._desks.share.balance()
        self._take_desks()
        self._settle()
        if self._judge.fenced is not None:
            raise self._judge.fenced
        self._look()
        chosen: Chosen = []
        if not self._held:
            self._take_up()
            if self._swept():
                return False
            idle = not (
                self._crew.out or self._goes_on
            )  # quick effects are no reason to ask feeds each round
            for desk in self._desks:
                lacking = self.handler.concurrency - sum(one.startable for one in self._desks)
                self._desks.fenced(desk, partial(desk.fill, lacking=lacking, idle=idle))
            if any(desk.unread for desk in self._desks):
                self._asked = float("-inf")
                self._take_up()
            chosen = self._choose(self._desks.staying(), self._desks.under_way.keys())
        self._goes_on = bool(chosen)
        self._commit(chosen)
        if self._crew.out:
            self._crew.wait(_WAIT)
            return False
        if self._held or (slowed := self._gate.slowed) <= 0 or not self.waiting:
            return bool(self._held) or not any(desk.behind for desk in self._desks)
        time.sleep(min(slowed, _WAIT))
        return False

    @property
    def waiting(self) -> bool:
        """Whether effects are under way, wait for their turn or the end of a rest, or were not read yet."""
        desks, delays = self._desks, self._delays
        return bool(self._crew.out) or any(
            desk.waiting or desk.behind or (delays and desk.delayed >= self._due_at) for desk in desks
        )

    @property
    def opens(self) -> float:
        """Seconds until its target may be tried; 0 = now."""
        return self._gate.opens

    @property
    def held(self) -> bool:
        """Whether somebody holds the handler."""
        return bool(self._held)

    @property
    def held_by(self) -> str:
        """The key of its hold, which says who; empty where nobody does."""
        return self._held

    @property
    def paused(self) -> bool:
        """Whether its target did not answer when it was last tried."""
        return self._gate.paused

    @property
    def parked(self) -> int:
        """How many streams are parked."""
        return len(self._desks.parked)

    @property
    def partitions(self) -> set[str]:
        """Those that this worker has."""
        return self._desks.partitions

    def finish(self) -> None:
        """Waits a little for what is under way, keeps what became of it, and gives the leases back."""
        until = time.monotonic() + LEAVE
        try:
            self._settle()
            while self._crew.out and time.monotonic() < until:
                self._crew.wait(_WAIT)
                self._settle()
            for effect, desk in list(self._desks.under_way.items()):
                desk.back(effect)  # nobody knows whether it was taken, and it is not to blame for that
            self._desks.under_way.clear()
            self._keep_last(until)
        finally:
            self._heart.stop()
            self._crew.close()
            self._desks.share.release()
            self._desks.clear()

    def _keep_last(self, until: float) -> None:
        """What was done is written down, if the store answers in time: else it is done again."""
        while True:
            try:
                return self._commit([], now=True)
            except StorageError as error:
                if isinstance(error, StoreFenced) or time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE)

    def abandon(self) -> None:
        """Ends as a process that is killed: nothing is kept or given back; for tests of that."""
        self._heart.stop()
        if self._desks.sweep is not None:
            self._desks.sweep[0].stop()
        self._crew.close()
        self._desks.clear()

    def _take_desks(self) -> None:
        """A desk for each lease that was taken; whoever takes one looks at what is kept only then."""
        for desk in self._desks.left():
            self._judge.forget(desk)
        if new := self._desks.new():
            effects = self._store.effects()
            self._looked = float("-inf")
            self._desks.parked.read(effects, self.handler.name)
            self._delays = self.handler.when is not None or bool(
                effects.notes(self.handler.name, Deadline.kind, limit=1)
            )
            self._telling.found(effects)
        for lease in new:
            self._desks.take(lease)

    def _look(self) -> None:
        """Whether somebody holds the handler, or has it try its target at once."""
        if self._clock() - self._looked >= _LOOK:
            self._looked = self._clock()
            holds = self._store.effects().notes(self.handler.name, Held.kind, limit=1)
            self._held = holds[0].key if holds else ""
            self._telling.look(self._store.effects())

    def _take_up(self) -> None:
        """What people asked, and what is due."""
        now = self._clock()
        if now - self._asked >= _LOOK and self._desks:
            self._asked = now
            asked = [Asked.of(note) for note in self._store.effects().notes(self.handler.name, Asked.kind)]
            for desk in self._desks:
                for stream in desk.asked(asked):
                    self._judge.parked(stream)
        fired = not self._crew.out and any(desk.fired >= self._due_at for desk in self._desks)
        if self.handler.when is not None and (fired or now - self._due_at >= _LOOK / 2):
            self._due_at = now
            for n, page in enumerate(self._due.pages()):
                room = [desk.due(page, first=n == 0) for desk in self._desks]
                if not any(room):
                    break

    def _swept(self) -> bool:
        """Whether a page was begun in one go: quick effects of streams of which nothing is known."""
        at_once = self._crew.in_a_go if self._sweeps is None else self.handler.concurrency * self._sweeps
        most = min(self.handler.concurrency, at_once)
        plain = self.handler.when is None and self._gate.free and not self._crew.out
        if not plain or most < SWEPT or not isinstance(self._doing, Doing):
            return False
        for desk in self._desks.staying():
            sweep = desk.sweep(most)
            if sweep is None:
                continue
            for other in [other for other in self._desks if other is not desk and other.unkept]:
                self._keep(other)
            if self._desks.fenced(
                desk, partial(desk.begin_sweep, self.handler.concurrency, self._telling.news())
            ):
                self._telling.written()
                self._desks.sweep = sweep, desk
                self._crew.begin([sweep])
                self._crew.wait(_WAIT)
                self._settle()
            return True
        return False

    def _settle_sweep(self) -> None:
        """What was begun in one go is done with; if it takes too long, each of its effects goes the usual way."""
        if self._desks.sweep is None:
            return
        (sweep, desk), self._desks.sweep = self._desks.sweep, None
        begun, done = sweep.stop(), sweep.done
        if desk not in self._desks:
            return
        self._judge.taken += done - (sweep.error is not None)
        if sweep.taken:
            desk.swept(sweep)
            return
        for effect in desk.broken(sweep, begun):
            desk.begin(effect, alone=False)
            if done == begun:
                effect.error = sweep.error
                self._settled(effect, desk)
            else:
                self._broken[effect] = sweep, done
                self._desks.under_way[effect] = desk
                effect.begun = self._clock()

    def _settle(self) -> None:
        """Tells each effect's desk and the gate what became of it."""
        self._settle_sweep()
        for effect, (sweep, before) in list(self._broken.items()):
            if sweep.done > before:
                del self._broken[effect]
                effect.error = sweep.error
                self._settled(effect, self._desks.under_way.pop(effect, None))
        for found in self._crew.collect():
            if isinstance(found, Effect):
                self._settled(found, self._desks.under_way.pop(found, None))
        self._judge.find_guilty(self._desks)

    def _settled(self, effect: Effect, desk: Desk | None) -> None:
        if desk is None or desk not in self._desks:
            self._judge.lost(effect)
        else:
            self._judge.judge(effect, desk)

    def _commit(self, chosen: Chosen, *, now: bool = False) -> None:
        """Keeps every desk's part, then begins the effects of those whose partition is this worker's still.

        None is begun before all is kept: more would be repeated after a crash than may be under way.
        """
        waiting = dict(chosen)
        try:
            for desk in self._desks:
                self._keep(desk, now=now)
            at = self._clock()
            begun = [effect for effect, desk in chosen if desk in self._desks]
            for effect in begun:
                self._desks.under_way[effect] = waiting.pop(effect)
                effect.begun = at
            self._crew.begin(begun)
        finally:
            for effect, desk in waiting.items():
                desk.back(effect)
                self._gate.gone((self.handler.name, effect.event.stream))

    def _keep(self, desk: Desk, *, now: bool = False) -> None:
        busy = self._desks.has_under_way(desk)
        if self._desks.fenced(desk, partial(desk.commit, self._telling.news(), now=now, busy=busy)):
            self._telling.written()
