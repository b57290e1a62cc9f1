"""`FunctionTarget`: a function of the program takes the effects."""

from collections.abc import Callable

from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.limits import checked_rate


class FunctionTarget:
    """A target that calls a function, from several threads at once; returning means taken, an error counts as refused.

    Args:
        function: takes the payload and the message.
        rate: effects a second, at most.
    """

    def __init__(self, function: Callable[..., object], *, rate: float | None = None) -> None:
        self._function = function
        self.rate = checked_rate(rate)

    def send(self, payload: object, message: Message) -> None:
        """Calls the function; what it raises is raised."""
        self._function(payload, message)

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        """Which function."""
        return f"<FunctionTarget {getattr(self._function, '__qualname__', type(self._function).__name__)}>"
