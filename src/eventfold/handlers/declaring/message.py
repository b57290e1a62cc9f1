"""`Message`: what a handler is told about an event beside what the event says."""

from datetime import datetime
from typing import Any
from uuid import UUID

from eventfold.events.envelope import RecordedEvent

TRACEPARENT = "traceparent"
"""The metadata key of the trace context that W3C Trace Context defines."""


class Message:
    """One event on its way to one handler.

    Attributes:
        handler: the stored name of the handler.
        key: the idempotency key: the same at every repeat, and of no other event or handler. Give it to whoever can
            tell a repeat by it.
        recorded: the event as the store has recorded it.
        attempt: 1 for the first try, as far as is known; a try whose outcome was lost counts.
    """

    __slots__ = ("_metadata", "attempt", "handler", "recorded")

    def __init__(self, handler: str, recorded: RecordedEvent, attempt: int = 1) -> None:
        self.handler = handler
        self.recorded = recorded
        self.attempt = attempt
        self._metadata: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """The event id and the name of the handler, as ASCII text."""
        return f"{self.recorded.id}.{self.handler}"

    @property
    def event_id(self) -> UUID:
        """Of the event."""
        return self.recorded.id

    @property
    def stream(self) -> str:
        """Whose event it is."""
        return self.recorded.stream

    @property
    def version(self) -> int:
        """Its number in the stream."""
        return self.recorded.version

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded; aware, UTC."""
        return self.recorded.recorded_at

    @property
    def occurred_at(self) -> datetime:
        """When it happened; aware, UTC."""
        return self.recorded.occurred_at

    @property
    def metadata(self) -> dict[str, Any]:
        """Actor, correlationId, causationId and the user's keys."""
        if self._metadata is None:
            self._metadata = self.recorded.metadata_map()
        return self._metadata

    @property
    def correlation_id(self) -> str:
        """What the conversation belongs to; where the event names none, it begins with the event."""
        return str(self.metadata.get("correlationId") or self.event_id)

    @property
    def traceparent(self) -> str | None:
        """The trace that the event is part of, as W3C Trace Context writes it; None where it names none."""
        found = self.metadata.get(TRACEPARENT)
        return found if isinstance(found, str) else None

    def __repr__(self) -> str:
        """Which event, for which handler."""
        what = f"{self.recorded.type} {self.stream}/{self.version} for {self.handler}"
        return f"<Message: {what}, attempt {self.attempt}>"
