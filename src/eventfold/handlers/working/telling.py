"""What a worker leaves for people to see: the last error of a handler, and the pause of its target."""

import logging
from contextlib import suppress

from eventfold.errors import EventfoldError, HandlerFailed
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.effects.port import Effects
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.records import Pause, Resumed, Trouble, cut_message
from eventfold.handlers.targets.effectline import told
from eventfold.handlers.targets.repeating import without_addresses
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.origins.changes import Changes
from eventfold.handlers.working.origins.parked import now_us

_log = logging.getLogger("eventfold.handlers")


def facts_of(handler: str, event: RecordedEvent) -> dict[str, object]:
    """What a log keeps apart of an event on its way to a handler: names and numbers, nothing of what it says."""
    facts: dict[str, object] = {"position": event.position, "partition": event.partition}
    with suppress(EventfoldError):  # metadata that nobody can read
        facts = {**told(Message(handler, event)), **facts}
    return facts


class Telling:
    """Of one handler.

    Args:
        handler: its name.
        gate: before its target.
    """

    def __init__(self, handler: str, gate: Gate) -> None:
        self._handler = handler
        self._gate = gate
        self._trouble: Trouble | None = None
        self._failures = 0
        """Of the pause as it is kept."""
        self._written = 0
        self._resumed = ""

    def found(self, effects: Effects) -> None:
        """A pause that is kept is gone on with; what a person said before it was kept is done with."""
        for note in effects.notes(self._handler, Pause.kind):
            if note.key == self._gate.target:
                pause = Pause.of(note)
                self._gate.resume(pause, self._handler)
                self._failures = pause.failures
        self._resumed = self._last_resumed(effects)

    def look(self, effects: Effects) -> None:
        """Whether a person has said since that the handler goes on: then its target is tried at once."""
        if self._gate.paused and (said := self._last_resumed(effects)) != self._resumed:
            self._resumed = said
            self._gate.try_now()

    def tell(self, effect: Effect, what: str) -> None:
        """An effect was not taken."""
        error, event = effect.error, effect.event
        self._trouble = Trouble(
            code=error.code if isinstance(error, EventfoldError) else HandlerFailed.code,
            message=cut_message(str(error)),
            stream=event.stream,
            version=event.version,
            at_us=now_us(),
        )
        facts = {**facts_of(self._handler, event), "code": self._trouble.code}
        place = (self._handler, event.stream, event.version)
        message = without_addresses(self._trouble.message)
        _log.warning("%s: %s/%s %s: %s", *place, what, message, extra={"facts": facts})

    def news(self) -> Changes:
        """What is to be written next; tell `written` when it was."""
        news = Changes()
        if self._trouble is not None:
            news.put(self._trouble.note())
        pause = self._gate.record(self._handler)
        self._written = pause.failures if pause is not None else 0
        if self._written != self._failures:
            if pause is not None:
                news.put(pause.note(self._gate.target))
            else:
                news.drop(Pause.kind, self._gate.target)
        return news

    def written(self) -> None:
        """The news were written."""
        self._trouble, self._failures = None, self._written

    def _last_resumed(self, effects: Effects) -> str:
        notes = effects.notes(self._handler, Resumed.kind, limit=1)
        return Resumed.of(notes[0]).id if notes else ""
