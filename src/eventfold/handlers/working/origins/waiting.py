"""Effects that are ready, or rest until a time, for origins that keep each as a note of its own."""

from collections.abc import Iterator

from eventfold.handlers.working.effect import Effect


class Waiting:
    """Gives out what waits, and takes it back; what is written when it is, stands in the origin."""

    def __init__(self) -> None:
        self._waiting: list[Effect] = []

    def ready(self, now: float) -> Iterator[Effect]:
        """Those that may be begun; those in doubt are not among them."""
        found, self._waiting = self._waiting, []
        for n, effect in enumerate(found):
            if effect.not_before > now or self._in_doubt(effect):
                self._waiting.append(effect)
                continue
            try:
                yield effect
            except GeneratorExit:
                self._waiting += found[n + 1 :]
                raise

    def leave(self, effect: Effect) -> None:
        """It is not begun now."""
        self._waiting.append(effect)

    def back(self, effect: Effect) -> None:
        """It was begun, and nobody was there to take it."""
        self._given_back(effect)
        self._waiting.append(effect)

    def rest(self, effect: Effect, until: float) -> None:
        """It failed, and is ready again at that time."""
        effect.not_before = until
        self.back(effect)

    def recall(self, effect: Effect) -> bool:
        """One that was given back is taken out; False where it is under way again."""
        if effect not in self._waiting:
            return False
        self._waiting.remove(effect)
        return True

    def pull(self, stream: str) -> Effect | None:
        """The effect of a stream is taken out, if it waits."""
        found = next((effect for effect in self._waiting if effect.event.stream == stream), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def _in_doubt(self, effect: Effect) -> bool:
        """Whether nobody knows what became of it."""
        raise NotImplementedError

    def _given_back(self, effect: Effect) -> None:
        """Writes that it is not under way."""
        raise NotImplementedError
