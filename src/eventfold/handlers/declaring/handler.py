"""`Handler`: a function with the events it takes, a stored name, and where its effects go."""

from collections.abc import Callable
from typing import Any, Literal

from eventfold.errors import DefinitionError
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ATTEMPTS
from eventfold.handlers.declaring.after import After
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.declaring.names import check_name, check_target
from eventfold.handlers.declaring.plain import check_plain

Kind = Literal["notify", "publish", "react", "consume"]
Since = Literal["now", "start"] | Cursor
FUNCTION = "function:"
"""Before the name of a handler whose function is what its effects go to: no target is called so."""
MOST = 10_000
"""Effects of one handler side by side, at most."""


class Handler:
    """What becomes of some events. Made by `notify`, `publish`, `react` and `consume`; calling it calls its function.

    Attributes:
        kind: whether it notifies people or systems, publishes, reacts with commands, or consumes what others publish.
        name: its stored name: checkpoints, parked streams and idempotency keys rest on it.
        types: the stored names of the events it takes.
        function: takes the event and a `Message`; what it returns is sent, asked or published.
        to: the name of the target that takes what the function returns; None where the function is the effect.
        since: where it begins when it is first seen.
        concurrency: effects of different streams side by side, at most.
        attempts: tries of an event before its stream is parked.
        imported: whether it takes events that were imported.
        when: the delay of its effects, if they have one.

    Raises:
        DefinitionError: one of these cannot be.
    """

    __slots__ = (
        "attempts", "concurrency", "function", "imported", "kind", "name", "since", "to", "types", "when",
    )  # fmt: skip

    def __init__(
        self,
        kind: Kind,
        types: tuple[str, ...],
        function: Callable[..., object],
        *,
        name: str | None = None,
        to: str | None = None,
        since: Since = "now",
        concurrency: int = 8,
        attempts: int = ATTEMPTS,
        imported: bool = False,
        when: After | None = None,
    ) -> None:
        if not callable(function):
            raise DefinitionError(
                f"A handler is a function that takes an event and a Message, not {function!r}."
            )
        check_plain(
            function,
            "an event and a Message",
            "handlers run in threads: make it a plain function; asyncio.run inside it runs what is async",
        )
        self.kind = kind
        self.name = check_name(getattr(function, "__name__", None) if name is None else name, "handler")
        if not types:
            raise DefinitionError(f"The handler {self.name} takes no type of event: name at least one.")
        if not isinstance(since, Cursor) and since not in ("now", "start"):
            raise DefinitionError(
                f'The handler {self.name} begins at "now", "start" or a cursor, not at {since!r}.'
            )
        for what, value, most in (("concurrency", concurrency, MOST), ("attempts", attempts, 100)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise DefinitionError(f"{what}= of the handler {self.name} is 1 to {most:,}, not {value!r}.")
        if not isinstance(imported, bool):
            raise DefinitionError(f"imported= of the handler {self.name} is True or False, not {imported!r}.")
        if when is not None and not isinstance(when, After):
            raise DefinitionError(
                f"when= of the handler {self.name} is what ef.after(...) gives, not {when!r}."
            )
        self.types = types
        self.function = function
        self.to = None if to is None else check_target(to)
        self.since = since
        self.concurrency = concurrency
        self.attempts = attempts
        self.imported = imported
        self.when = when

    @property
    def target(self) -> str:
        """What is paused when it does not answer: the target, else the handler's own function."""
        return self.to or f"{FUNCTION}{self.name}"

    @property
    def commands(self) -> bool:
        """Whether its effects are commands, so that they are done where the log is."""
        return self.kind in {"react", "consume"}

    @property
    def categories(self) -> frozenset[str] | None:
        """Of the streams whose events it takes; None = all."""
        return None

    def __call__(self, event: Any, message: Message) -> object:
        """What the function makes of an event."""
        return self.function(event, message)

    def __repr__(self) -> str:
        """Its kind, name and events."""
        return f"<{self.kind} {self.name}: {', '.join(self.types)}>"
