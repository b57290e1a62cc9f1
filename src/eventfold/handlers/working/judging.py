"""Judging: what became of an effect, and whose fault it is where nobody took it."""

from collections.abc import Collection

from eventfold.errors import StorageError, StoreFenced, TargetForbidden, TargetUnavailable
from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.telling import Telling

DOWN = (TargetUnavailable, TargetForbidden, StorageError)
"""Errors that say nothing of an event: whoever takes effects does not answer."""


class Judge:
    """Tells desks and the gate what became of effects.

    Attributes:
        taken: how many were taken.
        fenced: why the log takes nothing any more until it is opened again.

    Args:
        handler: the name of the handler.
        gate: before its target.
        telling: tells people.
    """

    def __init__(self, handler: str, gate: Gate, telling: Telling) -> None:
        self.taken = 0
        self.fenced: StoreFenced | None = None
        self._handler = handler
        self._gate = gate
        self._telling = telling
        self._missed: dict[str, tuple[Effect, Desk]] = {}
        """Stream -> the effect that was given back, since the target did not answer."""
        self._watched: dict[str, int] = {}
        """Streams for which the target did not answer, and how many effects had been taken when it first did not."""

    @property
    def watched(self) -> Collection[str]:
        """Streams of which it is not known whether they or the target are at fault."""
        return self._watched.keys()

    def lost(self, effect: Effect) -> None:
        """Its partition is another worker's, which does it again."""
        self._gate.gone((self._handler, effect.event.stream))

    def judge(self, effect: Effect, desk: Desk) -> None:
        """An outcome is known."""
        stream, error = effect.event.stream, effect.error
        if isinstance(error, StoreFenced):
            self.fenced = error
        key = (self._handler, stream)
        if error is None:
            self._gate.took(key)
            desk.done(effect)
            self.taken += 1
            self._missed.pop(stream, None)
            self._watched.pop(stream, None)
        elif isinstance(error, DOWN) and not self._is_last_resort(effect, desk):
            self._gate.missed(key, error)
            self._missed[stream] = (effect, desk)
            self._watched.setdefault(stream, self.taken)
            desk.back(effect)
            self._telling.tell(effect, "waits for its target")
        else:
            if not isinstance(error, DOWN):
                self._gate.took(key)
            self._gate.gone(key)
            self._missed.pop(stream, None)
            self._count(effect, desk, "")

    def find_guilty(self, desks: Collection[Desk]) -> None:
        """Counts the tries of those that failed while their target took others."""
        for stream in self._gate.blamed(self._handler):
            missed = self._missed.pop(stream, None)
            if missed is not None and missed[1] in desks and missed[0].origin.recall(missed[0]):
                self._count(*missed, ", since its target takes others")

    def parked(self, stream: str) -> None:
        """A person parked it."""
        self._missed.pop(stream, None)
        self._watched.pop(stream, None)
        self._gate.forget((self._handler, stream))

    def forget(self, desk: Desk) -> None:
        """Its partition is another worker's."""
        for stream in [stream for stream, (_, at) in self._missed.items() if at is desk]:
            del self._missed[stream]
            self._watched.pop(stream, None)
            self._gate.gone((self._handler, stream))

    def _count(self, effect: Effect, desk: Desk, why: str) -> None:
        parked = desk.failed(effect)
        if parked:
            self._watched.pop(effect.event.stream, None)
        self._telling.tell(effect, f"{'is parked' if parked else 'is tried again'}{why}")

    def _is_last_resort(self, effect: Effect, desk: Desk) -> bool:
        """Whether no other event can be tried to tell whose fault it is, and others were taken since."""
        before = self._watched.get(effect.event.stream, self.taken)
        return self.taken > before and desk.full and len(self._watched) >= desk.undone
