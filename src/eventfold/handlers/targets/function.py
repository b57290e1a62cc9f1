"""`FunctionTarget`: a function of the program takes the effects."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator

from eventfold.errors import EffectRefused
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.declaring.plain import check_plain
from eventfold.handlers.targets.limits import checked_rate


class FunctionTarget:
    """A target that calls a function, from several threads at once; returning means taken, an error counts as refused.

    Args:
        function: takes the payload and the message.
        rate: effects a second, at most.

    Raises:
        DefinitionError: it is async, or a generator: nobody would await it or go through it; or it cannot be called
            with the two.
    """

    def __init__(self, function: Callable[..., object], *, rate: float | None = None) -> None:
        check_taker(function)
        self._function = function
        self.rate = checked_rate(rate)

    def send(self, payload: object, message: Message) -> None:
        """Calls the function; what it raises is raised."""
        found = self._function(payload, message)
        if isinstance(found, Awaitable | Generator | AsyncGenerator):
            if isinstance(found, Coroutine | Generator):
                found.close()  # else Python tells of it as forgotten
            raise EffectRefused(
                f"The function {getattr(self._function, '__qualname__', '')} returned a {type(found).__name__}, which"
                " nobody awaits or goes through: let it return when the effect is taken."
            )

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        """Which function."""
        return f"<FunctionTarget {getattr(self._function, '__qualname__', type(self._function).__name__)}>"


def check_taker(function: Callable[..., object]) -> None:
    """Refuses what does nothing when it is called, or cannot be called with payload and message.

    Raises:
        DefinitionError: it is async, a generator, or takes something else.
    """
    check_plain(
        function,
        "a payload and a Message",
        "effects are sent by threads: make it a plain function that returns when the effect is taken",
    )
