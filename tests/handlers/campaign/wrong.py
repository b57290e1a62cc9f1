"""Workers built as one should not build them, to see that the campaign finds out."""

from collections.abc import Callable

from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins.window import Window


def marks_before() -> None:
    """It writes down the outcome of an effect before it has one."""

    def begin(self: Window, effect: Effect, *, alone: bool) -> None:
        effect.place.put(effect.event.stream, effect.event.version)

    Window.begin = begin  # type: ignore[method-assign]


def commits_before() -> None:
    """Its checkpoint moves over what it has read before that is handled."""

    def advance(self: Window, *, ends: bool = True) -> Cursor | None:
        return self.read

    Window.advance = advance  # type: ignore[method-assign]


def has_no_key() -> None:
    """Each try has a key of its own."""
    Message.key = property(lambda self: f"{new_id()}.{self.handler}")  # type: ignore[assignment,method-assign]


WRONG: dict[str, Callable[[], None]] = {
    "marks before": marks_before,
    "commits before": commits_before,
    "no key": has_no_key,
}
