"""Workers of a handler that act as handlers do, places that fail, and others who come in between."""

import random
from collections.abc import Callable, Collection, Sequence

from eventfold.errors import OutcomeUnknown, OwnerFenced
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import HELD, Effects, Lease, Name, Note
from eventfold.feed.leases.share import Share
from eventfold.store.port import Store

SECONDS = 30.0


class Crash(BaseException):
    """The process ended here."""


class Worker:
    """One worker of a handler: it looks for holds, keeps what it starts, and only then handles.

    Args:
        store: the log.
        handler: its name.
        owner: unlike any other.
    """

    def __init__(self, store: Store, handler: str, owner: str = "a") -> None:
        self.handled: list[RecordedEvent] = []
        self._store = store
        self._handler = handler
        self._now = 0.0
        self._share = Share(store.effects(), handler, owner, seconds=SECONDS, clock=lambda: self._now)

    def step(self) -> None:
        """One page of each partition that it has, unless the handler is held."""
        self._now += SECONDS / 2
        self._share.balance()
        for lease in self._share.held():
            if self._store.effects().notes(self._handler, HELD):
                continue
            page = self._store.feed().read(lease.cursor, 5)
            try:
                self._share.commit(lease.partition, lease.cursor)
                self.handled += page.events
                self._share.commit(lease.partition, page.cursor)
            except OwnerFenced:
                continue


class Between:
    """The place of leases and notes of somebody, where others act between any two calls, answers are lost, or all ends.

    Args:
        effects: the real place.
        act: called before each call.
        crash: the number of the call that is the last one; 0 = none.
        dice: decides which answers are lost; None = none.
    """

    def __init__(
        self,
        effects: Effects,
        act: Callable[[], object] = bool,
        *,
        crash: int = 0,
        dice: random.Random | None = None,
    ) -> None:
        self.calls = 0
        self._effects = effects
        self._act = act
        self._crash = crash
        self._dice = dice

    def begin(self, reader: str, cursor: Cursor) -> None:
        self._before()
        self._effects.begin(reader, cursor)

    def readers(self) -> Sequence[str]:
        self._before()
        return self._effects.readers()

    def all(self, reader: str) -> Sequence[Lease]:
        self._before()
        return self._effects.all(reader)

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        self._before()
        match self._dice.randrange(5) if self._dice else 9:
            case 0:
                raise OutcomeUnknown("lost before the effect")
            case 1:
                self._effects.keep(old, new, put, drop)
                self._act()
                raise OutcomeUnknown("lost after the effect")
        return self._effects.keep(old, new, put, drop)

    def note(self, reader: str, put: Sequence[Note] = (), drop: Collection[Name] = ()) -> None:
        self._before()
        self._effects.note(reader, put, drop)

    def notes(
        self, reader: str, kind: str, *, after: str = "", below: str = "", limit: int = 1_000
    ) -> Sequence[Note]:
        self._before()
        return self._effects.notes(reader, kind, after=after, below=below, limit=limit)

    def _before(self) -> None:
        self.calls += 1
        if self.calls == self._crash:
            raise Crash
        self._act()
