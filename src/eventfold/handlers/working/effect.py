"""One effect on its way: the event of a stream that is to be handled, and what became of it."""

from binascii import b2a_base64
from typing import Any

from eventfold.errors import HandlerCrashed
from eventfold.events.envelope import RecordedEvent


class Effect:
    """One event for one handler.

    Attributes:
        event: as it was recorded.
        origin: what it came from, which is told the outcome.
        id: the event id in the form of `Progress`.
        tries: how often it failed, or was begun without a known outcome.
        begun: when it was begun last, seconds of the clock of intervals.
        not_before: seconds of the clock of intervals: it rests until then.
        error: what the last try raised; None where the effect was taken.
        place: what its origin knows it by.
    """

    __slots__ = ("begun", "error", "event", "id", "not_before", "origin", "place", "tries")

    def __init__(self, event: RecordedEvent, origin: Any, place: Any, tries: int = 0) -> None:
        self.event = event
        self.origin = origin
        self.place = place
        self.id = short(event.id_bytes)
        self.tries = tries
        self.begun = self.not_before = 0.0
        self.error: BaseException | None = None


def short(event_id: bytes) -> str:
    """An event id as 22 characters."""
    return b2a_base64(event_id, newline=False)[:22].decode()


def crash_of(handler: str, event: RecordedEvent, tries: int) -> HandlerCrashed:
    """What an event is parked for that ended its worker each time."""
    return HandlerCrashed(
        f"The worker ended {tries} times while {handler} handled {event.type} at version {event.version} of"
        f" {event.stream}.",
        handler=handler,
        stream=event.stream,
        version=event.version,
    )
