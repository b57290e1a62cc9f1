"""Plain functions: those that do their work when they are called, in whatever thread, with the two they are given."""

import inspect
from collections.abc import Callable

from eventfold.errors import DefinitionError

_LATER = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def check_plain(function: Callable[..., object], takes: str, mend: str) -> None:
    """Refuses what does nothing when it is called, or cannot be called with two arguments.

    Args:
        function: of a user.
        takes: what the two are: "an event and a Message".
        mend: why it is a plain function and how it becomes one, as the end of a sentence.

    Raises:
        DefinitionError: it is async, a generator, or takes something else.
    """
    name = f"{getattr(function, '__qualname__', type(function).__name__):.60}"
    if any(is_later(function) for is_later in _LATER):
        raise DefinitionError(f"{name} is async or a generator, and {mend}.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # some that are built in do not tell
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise DefinitionError(f"{name} cannot be called with {takes}: {error}.") from None
