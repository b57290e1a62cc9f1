"""A crew without threads: effects are done in the thread of the test, in an order that the dice say."""

import random
from collections.abc import Callable, Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.sweep import Sweep
from eventfold.testing.staff import Place


class InlineCrew:
    """See `Crew`. What hangs is under way until it is let go, or for ever where its worker has died."""

    hangs: Callable[[RecordedEvent], bool]
    dice: random.Random
    in_a_go = 0

    def __init__(
        self,
        name: str,
        most: int,
        perform: Callable[[Effect], None],
        sweep: Callable[[Sweep], None],
    ) -> None:
        self._perform = perform
        self._sweep = sweep
        self._begun: list[Effect | Sweep] = []
        self._done: list[Effect | Sweep] = []
        self._stuck: dict[Sweep, RecordedEvent] = {}

    @property
    def out(self) -> int:
        """How many were begun and not yet collected."""
        return len(self._begun) + len(self._done)

    def under_way(self) -> list[Place]:
        """Those of which nobody knows yet what became of them."""
        groups = [
            one.events if isinstance(one, Sweep) else [one.event] for one in [*self._begun, *self._done]
        ]
        return [(event.stream, event.version) for events in groups for event in events]

    def begin(self, effects: Sequence[Effect | Sweep]) -> None:
        """They are under way."""
        self._begun += effects

    def collect(self) -> list[Effect | Sweep]:
        """Those whose outcome is known."""
        found, self._done = self._done, []
        return found

    def wait(self, seconds: float) -> None:
        """Some are done."""
        begun, self._begun = self._begun, []
        for one in self.dice.sample(begun, len(begun)):
            finished = self._swept(one) if isinstance(one, Sweep) else self._did(one)
            (self._done if finished else self._begun).append(one)

    def close(self) -> None:
        """Nobody asks any more."""

    def _did(self, effect: Effect) -> bool:
        if self.hangs(effect.event) or self.dice.random() < 0.4:
            return False
        self._perform(effect)
        return True

    def _swept(self, sweep: Sweep) -> bool:
        """One after the other, up to one that hangs or fails."""
        while sweep.error is None:
            event = self._stuck.pop(sweep, None) or next(sweep.left, None)
            if event is None:
                return True
            if self.hangs(event):
                self._stuck[sweep] = event
                return False
            one = Sweep(sweep.cursor, [event])
            self._sweep(one)
            sweep.error = one.error
            sweep.done += 1
        return True
