"""`Command`: what a reaction asks of an aggregate."""

from collections.abc import Callable

from eventfold.errors import DefinitionError
from eventfold.store.names import category_of


class Command:
    """A decision that is to be taken on a stream; two are equal if they ask the same.

        return ef.Command("order-1", Order.cancel, reason="not paid")

    Args:
        stream: the stream; its category says which aggregate of the app decides.
        decision: a method of that aggregate, or a function that takes it first.
        args: of the decision.
        kwargs: of the decision.

    Raises:
        InvalidStream: a name that no stream can have.
        DefinitionError: the decision cannot be called.
    """

    __slots__ = ("args", "decision", "kwargs", "stream")

    def __init__(self, stream: str, decision: Callable[..., None], *args: object, **kwargs: object) -> None:
        category_of(stream)
        if not callable(decision):
            raise DefinitionError(f"Command({stream!r}, ...) takes a decision to call, not {decision!r:.60}.")
        self.stream = stream
        self.decision = decision
        self.args = args
        self.kwargs = kwargs

    def __eq__(self, other: object) -> bool:
        return self._said() == other._said() if isinstance(other, Command) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.stream, self.decision))

    def __repr__(self) -> str:
        """As it is written."""
        named = [f"{name}={value!r}" for name, value in self.kwargs.items()]
        name = getattr(self.decision, "__qualname__", repr(self.decision))
        return f"Command({', '.join([repr(self.stream), name, *map(repr, self.args), *named])})"

    def _said(self) -> tuple[object, ...]:
        return self.stream, self.decision, self.args, self.kwargs
