"""What the effects of a partition come from, as its desk sees each."""

from collections.abc import Iterator
from typing import Protocol

from eventfold.handlers.working.effect import Effect


class Origin(Protocol):
    """What effects come from. Each effect is begun, then given back, rested, or done."""

    @property
    def waiting(self) -> bool:
        """Whether something is to be done still."""

    def doubted(self) -> Effect | None:
        """An effect of which nobody knows what became of it."""

    def ready(self, now: float) -> Iterator[Effect]:
        """Those that may be begun; whoever takes one begins it or gives it back."""

    def begin(self, effect: Effect, *, alone: bool) -> None:
        """It is about to be done."""

    def leave(self, effect: Effect) -> None:
        """It is not begun now."""

    def back(self, effect: Effect) -> None:
        """It was begun, and nobody was there to take it."""

    def rest(self, effect: Effect, until: float) -> None:
        """It failed, and is ready again at that time."""

    def recall(self, effect: Effect) -> bool:
        """One that was given back is taken out; False where it is under way again."""

    def pull(self, stream: str) -> Effect | None:
        """The effect of a stream is taken out, if it waits; None where it is under way, or there is none."""

    def done(self, effect: Effect) -> None:
        """It was taken."""
