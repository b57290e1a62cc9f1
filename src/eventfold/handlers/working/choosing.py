"""Choosing: which effects are begun next, by the room there is, and by what is known of them and of their target."""

from collections.abc import Callable, Collection, Iterator, Sequence

from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.judging import Judge
from eventfold.handlers.working.origins.window import SIZE
from eventfold.handlers.working.telling import Telling

Chosen = list[tuple[Effect, Desk]]
_HANGS = 10.0
"""Seconds after which an effect that is tried alone holds up the others no longer."""
_RESERVE = SIZE // 2
"""Effects of a full window that are kept to tell a target that is down from an event to which it does not answer."""


class Chooser:
    """Chooses for one handler.

    Args:
        handler: the handler.
        gate: before its target.
        judge: knows which streams are watched.
        telling: tells people.
        clock: seconds, for intervals only.
    """

    def __init__(
        self, handler: Handler, gate: Gate, judge: Judge, telling: Telling, clock: Callable[[], float]
    ) -> None:
        self._handler = handler
        self._gate = gate
        self._judge = judge
        self._telling = telling
        self._clock = clock

    def __call__(self, desks: Sequence[Desk], under_way: Collection[Effect]) -> Chosen:
        """As many as there is room for; one alone, where it is not known what became of it before.

        Args:
            desks: at which something may be begun.
            under_way: what was begun and is not known.
        """
        room = min(self._handler.concurrency, SIZE) - len(under_way)
        if room <= 0 or self._gate.opens > 0:
            return []
        for desk in desks:
            doubted = desk.doubted()
            if doubted is not None:
                return [] if self._is_busy(under_way) else self._alone(doubted, desk)
        places: dict[Effect, Desk] = {}
        spared: list[Effect] = []
        taken, left = self._gate.admit(self._handler.name, self._ready(desks, places, spared), room)
        for effect in (*left, *spared):
            effect.origin.leave(effect)
        for effect in taken:
            places[effect].begin(effect, alone=False)
        return [(effect, places[effect]) for effect in taken]

    def _ready(
        self, desks: Sequence[Desk], places: dict[Effect, Desk], spared: list[Effect]
    ) -> Iterator[Effect]:
        """What may be begun; while somebody is watched, not the last of those that could tell whose fault it is."""
        watched = self._judge.watched
        for desk in desks:
            spares = bool(watched) and not self._gate.paused and desk.full
            for effect in desk.ready():
                places[effect] = desk
                if spares and desk.undone <= _RESERVE and effect.event.stream not in watched:
                    spared.append(effect)
                else:
                    yield effect

    def _is_busy(self, under_way: Collection[Effect]) -> bool:
        """Whether something is under way that does not seem to hang: nothing is tried alone beside that."""
        now = self._clock()
        return any(now - effect.begun < _HANGS for effect in under_way)

    def _alone(self, effect: Effect, desk: Desk) -> Chosen:
        desk.begin(effect, alone=True)
        if effect.tries >= self._handler.attempts:
            desk.crashed(effect)
            self._telling.tell(effect, "is parked")
            return []
        self._gate.probe((self._handler.name, effect.event.stream))
        return [(effect, desk)]
